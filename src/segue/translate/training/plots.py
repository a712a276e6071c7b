"""A picture of a run: the training loss, and the held-out measure that selects the model, by step."""

from pathlib import Path
from typing import TYPE_CHECKING

from segue.palette import BLUE, SOFT, dress, new_figure
from segue.training.log import read_log
from segue.training.runs import read_run
from segue.training.validation import KEY
from segue.translate.training.config import TranslationConfig

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURES = {
    "loss": "held out",
    "bleu": "BLEU of held-out pairs",
    "chrf": "chrF of held-out pairs",
    "errors": "token error rate of held-out pairs",
}


def plot_losses(run: str | Path) -> "Figure":
    """Draws the training loss, and the measure that selects the best model; a score has an axis of its own.

    Args:
        run: A run folder, with its config.

    Returns:
        The figure, to be saved by `figure.savefig(path)`.
    """
    select = read_run(TranslationConfig, Path(run)).select
    log = read_log(Path(run))
    figure = new_figure(7.0, 4.0)
    panels = figure.subplots(1 if select == "loss" else 2, 1, sharex=True, squeeze=False)[:, 0]
    upper, lower = panels[0], panels[-1]
    name = _MEASURES[select]
    for axes, key, label, color in ((upper, "loss", "training, labels smoothed", SOFT), (lower, KEY, name, BLUE)):
        points = [(line["step"], line[key]) for line in log if key in line]
        values = [100 - value if key == KEY and select in ("bleu", "chrf") else value for _, value in points]
        axes.plot([step for step, _ in points], values, label=label, color=color)
        axes.legend(frameon=False)
        dress(axes)
    lower.set(xlabel="step", ylabel="%")
    upper.set_ylabel("nats per token")
    return figure
