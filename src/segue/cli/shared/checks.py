"""Checks before any work: whether a word is one of the choices, and whether a file can be written."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from segue.atomic import is_stream, require_replaceable
from segue.errors import UserError

Model = TypeVar("Model")

TABLES, PICTURES = (".csv", ".csv.gz", ".parquet"), (".png", ".pdf", ".svg")


def one_of(argument: str, value: str, choices: tuple[str, ...]) -> Any:
    """Returns the value if it is one of the choices, because typer cannot check this in all its versions.

    Raises:
        UserError: The value is none of the choices.
    """
    if value not in choices:
        raise UserError(argument, value, f"give one of {', '.join(choices)}")
    return value


def check_writable(
    argument: str, path: Path | None, suffixes: tuple[str, ...] | None = None, source: Path | None = None
) -> None:
    """Refuses a file that cannot be written.

    Args:
        argument: The name of the argument in errors.
        path: The file; `None` is accepted.
        suffixes: The accepted suffixes of its name; `None` for any.
        source: A file or folder that is only read; neither it nor anything in it may be written.

    Raises:
        UserError: The suffix is not accepted, the folder is missing or can't be written, or the file is read-only,
            a folder, `source` or in it.
    """
    if path is None or is_stream(path):  # a pipe has no folder to write into and needs no suffix
        return
    if suffixes is not None and not path.name.lower().endswith(suffixes):
        raise UserError(argument, path, f"give a name that ends in {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise UserError(argument, path, "its folder does not exist; create it or name another")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UserError(argument, path, "its folder can't be written; name another")
    try:
        same = source is not None and path.exists() and source.exists() and path.samefile(source)
        inside = source is not None and source.resolve() in path.resolve().parents
    except OSError as error:  # the name is too long, for instance
        raise UserError(argument, path, f"name another file ({error.strerror})") from error
    if path.is_file():
        require_replaceable(path, argument)
    if path.is_dir() or same:
        raise UserError(argument, path, "would overwrite a folder or the input; name another file")
    if inside:
        raise UserError(argument, path, f"name a file elsewhere: {source} is only read")


def suffix_of(path: Path, suffixes: tuple[str, ...]) -> str:
    """Returns the one of `suffixes` that ends the name of an accepted file; the first of them for a pipe."""
    return next((suffix for suffix in suffixes if path.name.lower().endswith(suffix)), suffixes[0])


def load_folder(folder: Path, load: Callable[[Path], Model]) -> Model:
    """Loads the model of a run folder or of a model folder, whichever the user has named.

    Raises:
        UserError: There is no model that can be read.
    """
    try:
        return load(folder / "model" if (folder / "model").is_dir() else folder)
    except UserError as error:
        if error.argument != "model":
            raise
        from segue.manifest import SUMS

        named = error.value if SUMS in error.remedy else folder  # damage is reported by the name of its file
        raise UserError("folder", named, error.remedy) from error  # the name of the argument for the user
