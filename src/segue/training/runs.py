"""A run folder's beginning: it holds nothing else, and `config.toml` tells all that resuming needs to know."""

from pathlib import Path
from typing import Any, TypeVar

from segue.config import read_config, to_toml
from segue.errors import UserError
from segue.folder import save_text

T = TypeVar("T")


def require_unused(run: Path) -> None:
    """Refuses a run folder that holds anything.

    Raises:
        UserError: It does.
    """
    if run.exists() and (not run.is_dir() or any(run.iterdir())):
        is_run = (run / "config.toml").exists()
        raise UserError("output", run, f"{'continue this run with --resume, or ' if is_run else ''}name a new folder")


def start_run(run: Path, config: Any) -> None:
    """Makes the run folder and writes `config`, a dataclass, to its `config.toml`.

    Raises:
        UserError: The folder holds anything, or can't be made.
    """
    require_unused(run)
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("output", run, f"name a folder that can be made ({error.strerror})") from error
    save_text(run / "config.toml", to_toml(config))


def read_run(cls: type[T], run: Path) -> T:
    """The config that `start_run` wrote.

    Raises:
        UserError: The folder is no run, or its config is no `cls`.
    """
    require_config(run)
    return read_config(cls, run / "config.toml")


def require_config(run: Path) -> None:
    """Refuses a folder in which no run was started.

    Raises:
        UserError: It has no `config.toml`.
    """
    if not (run / "config.toml").is_file():
        raise UserError("resume", run, "name the folder of a run that was started (it has no config.toml)")
