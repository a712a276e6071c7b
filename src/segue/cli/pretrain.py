"""`segue pretrain`: train a NanoTST on synthetic series."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from segue.device import Device
    from segue.forecast.pretrain import PretrainConfig


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
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from segue.config import read_config
    from segue.errors import UserError
    from segue.forecast.pretrain import PretrainConfig
    from segue.forecast.pretrain import pretrain as run_pretraining
    from segue.training.interrupt import Interrupted
    from segue.training.loop import Progress as Step

    if config is None and not resume:
        raise UserError("CONFIG", "(missing)", "name a TOML file such as configs/nanotst.toml, or use --resume")
    if config is not None and resume:
        raise UserError("CONFIG", config, "leave it out with --resume: the run holds its own config")
    settings = None if config is None else read_config(PretrainConfig, config)
    console = Console(stderr=True)
    columns = (
        TextColumn("step {task.completed:.0f}/{task.total:.0f}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console)
    task = bar.add_task("pretrain", total=None, loss=float("nan"))

    def started(final: "PretrainConfig", device: "Device") -> None:
        console.print(f"{device.reason}; seed {final.training.seed}; {final.training.steps} steps into {output}")
        bar.update(task, total=final.training.steps)

    def progress(step: Step) -> None:
        if not bar.live.is_started:  # not before there is a loss to show
            shown.enter_context(bar)
        bar.update(task, completed=step.step, loss=step.loss)

    try:
        with ExitStack() as shown:
            run_pretraining(settings, output, resume=resume, minutes=minutes, started=started, progress=progress)
    except Interrupted as stop:
        typer.echo(f"segue: {stop}", err=True)
        raise typer.Exit(130) from stop
    if not bar.tasks[task].completed:
        console.print(f"the run was finished before: {bar.tasks[task].total:.0f} of {bar.tasks[task].total:.0f} steps")
    console.print(f"model: {output / 'model'}")
