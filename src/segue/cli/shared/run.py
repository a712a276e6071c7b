"""The shared part of verbs that train: their options, and the beginning and end of a run on the terminal."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segue.cli.shared.flags import notes_in_flags
from segue.cli.shared.options import Context
from segue.errors import Notice
from segue.signals import Terminated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from segue.cli.shared.training import TrainingBar

Output = Annotated[Path, typer.Option(help="The run folder: new, or with --resume the folder of a run.")]
Config = Annotated[Path | None, typer.Option(help="A TOML file with all settings.")]
Minutes = Annotated[
    float | None, typer.Option(help="Train for so many minutes by the clock instead of the steps of the config.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the run in the folder, exactly; begin it if there is none.")
]


@contextmanager
def shown_run(output: Path, ctx: Context) -> Iterator["TrainingBar"]:
    """Shows a run and its notices while it trains; Ctrl-C and SIGTERM end it with a line on how to resume.

    Args:
        output: The run folder.
        ctx: The context of the command.

    Yields:
        The bar, whose methods take the reports of the run.

    Raises:
        typer.Exit: Ctrl-C (status 130) or SIGTERM (status 143) stopped the run.
    """
    from segue.cli.shared.training import TrainingBar
    from segue.training.interrupt import Interrupted

    try:
        with TrainingBar(output) as bar, _notices(bar.say, ctx):
            yield bar
    except Interrupted as stop:
        typer.echo(f"segue: {stop}", err=True)
        raise typer.Exit(143 if isinstance(stop.__cause__, Terminated) else 130) from stop


@contextmanager
def _notices(say: Callable[[str], None], ctx: Context) -> Iterator[None]:
    """Shows the notices of the library as lines, with flags for its arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", Notice)
        show = warnings.showwarning

        def notice(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, Notice):
                say(f"note: {notes_in_flags([str(message)], ctx.command)[0]}")
            else:
                show(message, category, *where, **more)

        warnings.showwarning = notice
        yield


def draw_losses(output: Path, draw: Callable[[Path], "Figure"]) -> str:
    """Draws the losses of a run into its folder.

    Args:
        output: The run folder.
        draw: A function that makes the picture from the run folder.

    Returns:
        A line that names the model and the picture.
    """
    from segue.atomic import atomic_file
    from segue.training.runs import exclusive_run

    curve = output / "curve.png"
    with exclusive_run(output, resume=True), atomic_file(curve, "output") as file:
        draw(output).savefig(file)
    return f"model: {output / 'model'}; its losses: {curve}"
