"""The shared argument of the verbs of `segue language`: a trained model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.shared.checks import load_folder

if TYPE_CHECKING:
    from segue.language.model import LanguageModel

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The run folder of `train`, or a model folder.")]


def model_of(folder: Path) -> "LanguageModel":
    """Loads the model of a run folder or of a model folder.

    Raises:
        UserError: There is no model; a run keeps its first one after its first evaluation on the held-out text.
    """
    from segue.errors import UserError

    if (folder / "config.toml").is_file() and not (folder / "model").is_dir():
        remedy = f"it has no model yet; go on with segue language train --output {folder} --resume"
        raise UserError("folder", folder, remedy)
    return load_folder(folder, _load)


def _load(folder: Path) -> "LanguageModel":
    from segue.language.sizes import read_sizes

    read_sizes(folder)  # a bad folder is refused before torch is imported, which takes seconds
    from segue.language.model import LanguageModel

    return LanguageModel.from_pretrained(folder)
