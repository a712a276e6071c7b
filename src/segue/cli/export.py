"""`segue export`: writes what onnxruntime runs of a model."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A run folder of `pretrain`, or a model folder.")],
    output: Annotated[
        Path | None, typer.Option(help="A new folder for a copy of the model; by default MODEL itself is completed.")
    ] = None,
) -> None:
    """Write model.onnx into a model folder, so that `segue forecast` runs the model without torch."""
    import shutil

    from segue.cli.shared.checks import check_place
    from segue.errors import UserError
    from segue.folder import atomic_folder
    from segue.forecasting.nanotst.export import export_model

    folder = model / "model" if (model / "model").is_dir() else model
    if not (folder / "config.json").is_file():
        raise UserError("model", model, "name a folder that holds a whole model")
    if output is None:
        path = export_model(folder)
    else:
        check_place("output", output)
        if output.exists():
            raise UserError("output", output, "name a new folder")
        with atomic_folder(output) as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            path = output / export_model(copy).relative_to(copy)
    typer.echo(f"written: {path}")
