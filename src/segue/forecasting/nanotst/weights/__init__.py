"""The model folders that come with the package."""

from pathlib import Path

from segue.errors import UserError

_HERE = Path(__file__).absolute().parent


def bundled() -> tuple[str, ...]:
    """The names of all bundled models."""
    return tuple(sorted(path.parent.name for path in _HERE.glob("*/config.json")))


def is_bundled(folder: Path) -> bool:
    """Whether a folder is a part of the package, and so no stranger's."""
    return folder.parent == _HERE


def model_name(folder: Path) -> str:
    """Returns the name of a NanoTST in columns: that of a bundled model, such as `NanoTST-small`, or `NanoTST`."""
    bundled_one = is_bundled(folder) and folder.name.startswith("nanotst-")
    return f"NanoTST{folder.name.removeprefix('nanotst')}" if bundled_one else "NanoTST"


def model_folder(source: str | Path) -> Path:
    """Returns the folder of a model: the user's own folder, or that of a bundled name.

    Raises:
        UserError: The source is neither.
    """
    if str(source) in bundled():  # names come first: a folder of that name may exist for other reasons
        return _HERE / str(source)
    if str(source) and Path(source).is_dir():  # an empty text would be the current folder
        return Path(source)
    raise UserError("model", source, f"name a model folder or a bundled model: {', '.join(bundled())}")
