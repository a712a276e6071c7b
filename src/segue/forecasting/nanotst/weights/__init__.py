"""The model folders that come with the package."""

from pathlib import Path

from segue.errors import UserError

_HERE = Path(__file__).parent


def bundled() -> tuple[str, ...]:
    """The names of all bundled models."""
    return tuple(sorted(path.parent.name for path in _HERE.glob("*/config.json")))


def model_folder(source: str | Path) -> Path:
    """The folder of a model: a folder of the user's, or a bundled one by name.

    Raises:
        UserError: It is neither.
    """
    if str(source) in bundled():  # before folders: one of that name may lie around for other reasons
        return _HERE / str(source)
    if str(source) and Path(source).is_dir():  # an empty text would be the current folder
        return Path(source)
    raise UserError("model", source, f"name a model folder or a bundled model: {', '.join(bundled())}")
