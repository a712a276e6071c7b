"""What the commands of this folder give to the readers: a file or a frame, and the options beside it."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Input:
    """A table and options.

    Attributes:
        number: With the seed of the command, it makes the same input again.
        family: The kind of mutation or dialect, for the report.
        content: The bytes of a file; empty where a frame is given.
        suffix: The end of the file's name.
        frame: A frame of pandas or polars instead of a file.
        layout: Arguments of `segue.Layout`.
        form: Arguments of `FileFormat`.
    """

    number: int
    family: str
    content: bytes = b""
    suffix: str = ".csv"
    frame: Any = None
    layout: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)


def keep(given: Input, folder: Path, note: str) -> None:
    """Writes an input and a note beside it, for a person to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{given.number:05d}-{given.family}"
    if given.frame is None:
        (folder / f"{name}{given.suffix}").write_bytes(given.content)
    else:
        try:
            (folder / f"{name}.pickle").write_bytes(pickle.dumps(given.frame))
        except Exception as error:  # some frames can't be pickled; the number makes them again
            note += f"\n(not pickled: {type(error).__name__})"
    (folder / f"{name}.txt").write_text(f"layout {dict(given.layout)}\nform {dict(given.form)}\n{note}\n")
