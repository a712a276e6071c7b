"""`segue export`: writes the graph of a model for onnxruntime."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.shared.checks import check_writable, load_folder


def export(
    folder: Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, or the run folder of `pretrain`.")],
    output: Annotated[
        Path | None, typer.Option(help="A new folder for a complete copy; by default MODEL is completed.")
    ] = None,
) -> None:
    """Write model.onnx into a model folder, so that `segue forecast` runs the model without torch."""
    from segue.errors import UserError
    from segue.forecasting.nanotst.config import read_config

    if output is not None and output.exists():
        raise UserError("output", output, "name a new folder")
    check_writable("output", output)

    def export_to_output(model: Path) -> Path:
        if not (model / "config.json").is_file():
            raise UserError("model", model, "name a folder that holds a whole model")
        read_config(model)  # a bad folder is refused before torch is imported, which takes seconds
        from segue.forecasting.nanotst.export import export_model

        return export_model(model) if output is None else _export_copy(model, output)

    typer.echo(f"written: {load_folder(folder, export_to_output)}")


def _export_copy(model: Path, output: Path) -> Path:
    """Copies the folder and completes the copy; if this fails, no copy is left."""
    from shutil import copytree

    from segue.atomic import atomic_folder
    from segue.forecasting.nanotst.export import export_model

    with atomic_folder(output) as copy:
        copytree(model, copy, dirs_exist_ok=True)
        name = export_model(copy).name
    return output / name
