"""The log of a run: one JSON object a line, without times, so that a resumed and an unbroken run log the same."""

import json
import os
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any

from segue.atomic import atomic_file

LOG = "log.jsonl"


class RunLog:
    """Appends to a file of lines such as `RUN/log.jsonl`, from a given step on.

    Args:
        run: The run folder.
        step: The step from which training continues. Later lines, and a line that a crash cut off, are dropped: their
            steps will be taken again.
        name: The name of the file.
    """

    def __init__(self, run: Path, step: int, name: str = LOG) -> None:
        path = run / name
        kept = _lines_up_to(path, step)
        with atomic_file(path) as temporary:
            temporary.write_bytes(kept)
        self._file = path.open("a", encoding="utf-8", newline="\n")

    def write(self, record: Mapping[str, int | float | None]) -> None:
        """Appends one line; `record` has a `step`."""
        self._file.write(json.dumps(record, allow_nan=False) + "\n")
        self._file.flush()

    def sync(self) -> None:
        """Syncs all lines to disk. A checkpoint must never be on disk before the lines of its steps."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_log(run: Path, name: str = LOG) -> list[dict[str, Any]]:
    """The lines of a run's log, up to the first that a crash cut off or that something else damaged."""
    return [record for _, record in _lines(run / name)]


def _lines_up_to(path: Path, step: int) -> bytes:
    return b"".join(line for line, _ in takewhile(lambda pair: pair[1]["step"] <= step, _lines(path)))


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yields each whole line, raw and parsed. It stops at the first invalid line."""
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not line.endswith(b"\n") or not isinstance(record, dict) or not isinstance(record.get("step"), int):
            return
        yield line, record
