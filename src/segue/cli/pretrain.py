"""`segue pretrain`: train a NanoTST on synthetic series."""

from pathlib import Path
from typing import Annotated

import typer


def pretrain(
    output: Annotated[Path, typer.Option(help="The run folder: new, or with --resume one that a run has left.")],
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A TOML file; not needed with --resume.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in the folder, exactly.")] = False,
    minutes: Annotated[
        float | None, typer.Option(help="Train as many steps as fit into so many minutes here; settled at the start.")
    ] = None,
) -> None:
    """Train a NanoTST on synthetic series only, and leave the run and its model folder in OUTPUT."""
    from rich.console import Console

    from segue.cli.shared.training import TrainingBar
    from segue.config import read_config
    from segue.errors import UserError
    from segue.forecasting.pretraining.pretrain import PretrainConfig
    from segue.forecasting.pretraining.pretrain import pretrain as run_pretraining
    from segue.training.interrupt import Interrupted

    if config is None and not resume:
        raise UserError("CONFIG", "(missing)", "name a TOML file such as configs/nanotst.toml, or use --resume")
    if config is not None and resume:
        raise UserError("CONFIG", config, "leave it out with --resume: the run holds its own config")
    settings = None if config is None else read_config(PretrainConfig, config)
    console = Console(stderr=True)
    try:
        with TrainingBar(console, output) as bar:
            run_pretraining(
                settings,
                output,
                resume=resume,
                minutes=minutes,
                started=lambda final, device: bar.started(final.training, device),
                progress=bar.progress,
            )
    except Interrupted as stop:
        typer.echo(f"segue: {stop}", err=True)
        raise typer.Exit(130) from stop
    console.print(f"model: {output / 'model'}")
