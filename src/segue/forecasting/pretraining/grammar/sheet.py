"""A sheet of samples of the grammar: many small charts."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Generator

from segue.errors import UserError
from segue.forecasting.pretraining.grammar.combinators import standardise, values_of
from segue.forecasting.pretraining.grammar.events import accidents
from segue.forecasting.pretraining.grammar.productions import PRODUCTIONS
from segue.palette import INK, add_title, dress, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LENGTH = 1176
"""Steps of each sample; the charts show the last of them."""

_STEPS = (72, 168, 504, 1008)


def draw_sheet(
    names: Sequence[str] | None = None, *, seed: int = 0, columns: int = 8, rows: int | None = None
) -> "Figure":
    """Draws samples of the productions, one or more rows each, with the accidents of real data.

    A quarter of the columns each show the last 72, 168, 504 and 1,008 steps. Training changes windows further.

    Args:
        names: Productions; by default all of them.
        seed: Seed of the samples.
        columns: Samples in a row.
        rows: Rows of each production; by default one, or six for a single production.

    Returns:
        The figure, to be saved by `figure.savefig(path)`.

    Raises:
        UserError: A name is no production.
    """
    shown = list(PRODUCTIONS) if names is None else list(names)
    for name in shown:
        if name not in PRODUCTIONS:
            raise UserError("production", name, f"name a production: {', '.join(PRODUCTIONS)}")
    each = rows or (6 if len(shown) == 1 else 1)
    height = 1.15 * each * len(shown) + 0.4
    figure = new_figure(2.3 * columns, height, dpi=100, layout="none")
    figure.subplots_adjust(0.01, 0.15 / height, 0.99, 1 - 0.25 / height, 0.08, 0.45)
    grid = figure.subplots(each * len(shown), columns, squeeze=False)
    for index, name in enumerate(shown):
        generator = Generator().manual_seed(seed)
        drawn = standardise(values_of(PRODUCTIONS[name](generator, each * columns, LENGTH)))
        values = standardise(accidents(generator, drawn))
        for number, ax in enumerate(grid[index * each : (index + 1) * each].flat):
            steps = _STEPS[math.floor(4 * (number % columns) / columns)]
            ax.plot(range(-steps, 0), values[number, -steps:].numpy(), color=INK, linewidth=0.6)
            dress(ax)
            ax.spines["left"].set_visible(False)
            ax.tick_params(labelsize=5, length=2)
            ax.set_yticks([])
        add_title(grid[index * each, 0], name)
    return figure
