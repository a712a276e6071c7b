"""The plot of the losses of a run."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from segue.palette import BLUE, SOFT, dress, new_figure
from segue.training.log import read_log
from segue.training.validation import KEY

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_curve(run: str | Path) -> "Figure":
    """Draws training and held-out loss by step, in bits per token.

    Args:
        run: A run folder.

    Returns:
        The figure, to be saved by `figure.savefig(path)`.
    """
    figure = new_figure(7.0, 4.0)
    axes = figure.add_subplot(xlabel="step", ylabel="bits per token")
    for key, label, color in (("loss", "training", SOFT), (KEY, "held out", BLUE)):
        points = [(line["step"], line[key] / math.log(2)) for line in read_log(Path(run)) if key in line]
        axes.plot([step for step, _ in points], [bits for _, bits in points], label=label, color=color)
    axes.legend(frameon=False)
    dress(axes)
    return figure
