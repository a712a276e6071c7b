"""The plot of the losses of a run."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

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
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="step", ylabel="bits per token")
    for key, label, color in (("loss", "training", "#6b7480"), (KEY, "held out", "#1f6fb4")):
        points = [(line["step"], line[key] / math.log(2)) for line in read_log(Path(run)) if key in line]
        axes.plot([step for step, _ in points], [bits for _, bits in points], label=label, color=color)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
