"""The files of `segue watch`, checked before any work."""

import os
from dataclasses import dataclass
from pathlib import Path

from segue.cli.shared.checks import PICTURES, check_writable
from segue.errors import UserError


@dataclass(frozen=True)
class Files:
    """The files of a watch.

    Attributes:
        source: The file of lines, or `-` for standard input.
        state: The store; None for one in memory.
        scores: The file of rows with scores, if any.
        alerts: The file of alerts; None for standard output.
        plot: The picture, if any.
        follow: Whether to wait for more lines at the end of `source`.
        safe: Whether the file of scores gets `'` before text that a spreadsheet would run.
    """

    source: Path
    state: Path | None
    scores: Path | None
    alerts: Path | None
    plot: Path | None
    follow: bool
    safe: bool = False

    def key(self, path: Path) -> str:
        """The name of a file in the store: its path from the folder of the store, so that both can be moved."""
        whole = path.resolve()
        if self.state is None:
            return whole.as_posix()
        try:
            return Path(os.path.relpath(whole, self.state.resolve().parent)).as_posix()
        except ValueError:  # another drive of Windows
            return whole.as_posix()

    def check(self) -> None:
        """Refuses files that cannot be written, and two of one name.

        Raises:
            UserError: A file cannot be written, or has two uses.
        """
        suffixes = {"state": None, "scores": (".csv",), "alerts": None, "plot": PICTURES}
        used = dict[Path, str]()
        for name, accepted in suffixes.items():
            path: Path | None = getattr(self, name)
            check_writable(name, path, accepted, self.source)
            if path is not None and (other := used.setdefault(path.resolve(), name)) != name:
                raise UserError(name, path, f"is the file of `{other}`, too; name another")
