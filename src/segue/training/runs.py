"""The folder of a run: a resumed run reads its config, checkpoints, log and, in a run by the clock, its pace."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from segue.atomic import recover_folder, remove_temporary, write_file
from segue.config import read_config, to_toml
from segue.errors import UserError
from segue.folder import CARD, CONFIG, GRAPH, SUMS, TOKENIZER, WEIGHTS

T = TypeVar("T")

LOCK = ".lock"
_PARTS = {CONFIG, WEIGHTS, GRAPH, TOKENIZER, CARD, SUMS}
_TEMPORARY = ("config", "log", "pace", "curve", "model")
"""What is written into a run folder by way of a temporary name."""


@contextmanager
def exclusive_run(run: Path, *, resume: bool = False) -> Iterator[None]:
    """Keeps other processes out of a run. The system releases the lock when the process ends, even by a kill.

    Args:
        run: The run folder, which is made unless a run is to be resumed.
        resume: Whether the folder must hold a run.

    Raises:
        UserError: Another process has the run, or the folder cannot be used.
    """
    if resume:
        require_config(run)
    else:
        require_unused(run)
    run.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise UserError("output", run, "another process trains this run; wait for its end or stop it") from error
    try:
        yield
    finally:
        lock.release()


def remove_leftovers(run: Path) -> None:
    """Removes the temporary files that a kill has left, and brings back a model that a kill had put aside."""
    recover_folder(run / "model")
    for stem in _TEMPORARY:
        remove_temporary(run, stem)


def put_strays_aside(run: Path) -> None:
    """Moves what is no part of a model out of `RUN/model`, which each better model replaces, to `RUN/model-strays`.

    A desktop leaves files such as `.DS_Store` in every folder that it shows, and people leave notes. Neither is lost,
    and neither ends the run.
    """
    model, aside = run / "model", run / "model-strays"
    strays = [path for path in model.iterdir() if path.name not in _PARTS] if model.is_dir() else []
    for path in strays:
        aside.mkdir(exist_ok=True)
        os.replace(path, aside / path.name)


def begun_before(run: Path) -> bool:
    """Whether a run was started in the folder."""
    return (run / "config.toml").is_file()


def require_unused(run: Path) -> None:
    """Refuses a run folder that holds anything or cannot be made.

    Raises:
        UserError: The folder holds anything or cannot be made.
    """
    if run.exists() and (not run.is_dir() or any(path for path in run.iterdir() if not _is_ours(path.name))):
        is_run = (run / "config.toml").exists()
        raise UserError("output", run, f"{'continue this run with `resume`, or ' if is_run else ''}name a new folder")
    home = next(folder for folder in (run, *run.absolute().parents) if folder.exists())
    try:
        os.rmdir(tempfile.mkdtemp(dir=home))  # permission bits are not reliable on every file system
    except OSError as error:
        raise UserError("output", run, f"name a folder that can be made ({error.strerror})") from error


def start_run(run: Path, config: Any) -> None:
    """Makes the run folder and writes `config`, a dataclass, to its `config.toml`.

    Raises:
        UserError: The folder holds anything or cannot be made.
    """
    require_unused(run)
    run.mkdir(parents=True, exist_ok=True)
    write_file(run / "config.toml", to_toml(config))


def read_run(cls: type[T], run: Path) -> T:
    """The config that `start_run` wrote.

    Raises:
        UserError: The folder holds no run, or its config does not fit `cls`.
    """
    require_config(run)
    return read_config(cls, run / "config.toml")


def _is_ours(name: str) -> bool:
    """Whether a name is that of the lock or of a temporary file: a run killed at its very start leaves no more."""
    return name == LOCK or name.startswith(tuple(f".{stem}-" for stem in _TEMPORARY))


def require_config(run: Path) -> None:
    """Refuses a folder in which no run was started.

    Raises:
        UserError: The folder has no `config.toml`.
    """
    if not begun_before(run):
        raise UserError(
            "resume", run, "name the folder of a run that was started (it has no config.toml), or give its settings"
        )
