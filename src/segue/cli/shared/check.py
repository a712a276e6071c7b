"""The check that follows a forecast on the command line: a line where a naive forecast would have been better."""

from typing import TYPE_CHECKING

import typer

from segue.cli.shared import options
from segue.cli.shared.flags import notes_in_flags
from segue.cli.shared.terminal import shown

if TYPE_CHECKING:
    from segue.forecasting.predictor import Predictor
    from segue.forecasting.support import Limits
    from segue.forecasting.table.reading import Reading


def show_check(
    ctx: options.Context, reading: "Reading", model: tuple[str, "Predictor"], horizon: int, limits: "Limits"
) -> None:
    """Prints a line to standard error if a naive forecast was ahead of a learnt model by more than the spread.

    A baseline is not checked: the user chose it, and some take a second for each window.

    Args:
        ctx: The context of the command.
        reading: The table.
        model: The name that the user gave, and the model.
        horizon: The steps of the forecast.
        limits: The limits of the forecast.
    """
    from segue.forecasting.evaluation.check import check
    from segue.forecasting.registry import BASELINES

    name, predictor = model
    if name.partition(":")[0] in BASELINES:
        return
    found = check(reading, predictor, horizon, limits)
    if found is not None and found.warning is not None:
        for line in notes_in_flags([found.warning], ctx.command):
            typer.echo(f"check: {shown(line)}", err=True)
