"""The shared part of verbs that train: their options, and the beginning and end of a run on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from segue.cli.shared.training import TrainingBar

Output = Annotated[Path, typer.Option(help="The run folder: new, or with --resume the folder of a run.")]
Config = Annotated[Path | None, typer.Option(help="A TOML file with all settings.")]
Minutes = Annotated[float | None, typer.Option(help="Train for so many minutes instead of the steps of the config.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in the folder, exactly.")]


@contextmanager
def shown_run(output: Path) -> Iterator["TrainingBar"]:
    """Shows a run while it trains; Ctrl-C ends the command with status 130 and a line on how to resume.

    Args:
        output: The run folder.

    Yields:
        The bar, whose methods take the reports of the run.

    Raises:
        typer.Exit: Ctrl-C stopped the run.
    """
    from segue.cli.shared.training import TrainingBar
    from segue.training.interrupt import Interrupted

    try:
        with TrainingBar(output) as bar:
            yield bar
    except Interrupted as stop:
        typer.echo(f"segue: {stop}", err=True)
        raise typer.Exit(130) from stop


def draw_losses(output: Path, draw: Callable[[Path], "Figure"]) -> str:
    """Draws the losses of a run into its folder.

    Args:
        output: The run folder.
        draw: A function that makes the picture from the run folder.

    Returns:
        A line that names the model and the picture.
    """
    from segue.atomic import atomic_file

    curve = output / "curve.png"
    with atomic_file(curve, "output") as file:
        draw(output).savefig(file)
    return f"model: {output / 'model'}; its losses: {curve}"
