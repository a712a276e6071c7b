"""The folder of a run: `config.toml`, the checkpoints and the log are all that a resumed run reads."""

import os
import tempfile
from pathlib import Path
from typing import Any, TypeVar

from segue.atomic import save_file
from segue.config import read_config, to_toml
from segue.errors import UserError

T = TypeVar("T")


def require_unused(run: Path) -> None:
    """Refuses a run folder that holds anything or cannot be made.

    Raises:
        UserError: The folder holds anything or cannot be made.
    """
    if run.exists() and (not run.is_dir() or any(run.iterdir())):
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
    save_file(run / "config.toml", to_toml(config))


def read_run(cls: type[T], run: Path) -> T:
    """The config that `start_run` wrote.

    Raises:
        UserError: The folder holds no run, or its config does not fit `cls`.
    """
    require_config(run)
    return read_config(cls, run / "config.toml")


def require_config(run: Path) -> None:
    """Refuses a folder in which no run was started.

    Raises:
        UserError: The folder has no `config.toml`.
    """
    if not (run / "config.toml").is_file():
        raise UserError("resume", run, "name the folder of a run that was started (it has no config.toml)")
