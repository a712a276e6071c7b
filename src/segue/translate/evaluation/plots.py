"""Pictures: losses of a run, scores by the length of the source, and where a model looks."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segue.palette import BLUE, FAINT, INK, ORANGE, SOFT, dress, new_figure
from segue.training.log import read_log
from segue.training.runs import read_run
from segue.training.validation import KEY
from segue.translate.decode.align import Alignment
from segue.translate.evaluation.evaluate import FEW, Evaluation
from segue.translate.evaluation.scores import Score
from segue.translate.training.config import TranslationConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MEASURED = {
    "loss": "held out",
    "bleu": "BLEU of held-out pairs",
    "chrf": "chrF of held-out pairs",
    "errors": "token error rate of held-out pairs",
}


def plot_losses(run: str | Path) -> "Figure":
    """Draws the training loss, and what the best model was chosen by, by step: a score has an axis of its own.

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
    name = _MEASURED[select]
    for axes, key, label, color in ((upper, "loss", "training, labels smoothed", SOFT), (lower, KEY, name, BLUE)):
        points = [(line["step"], line[key]) for line in log if key in line]
        values = [100 - value if key == KEY and select in ("bleu", "chrf") else value for _, value in points]
        axes.plot([step for step, _ in points], values, label=label, color=color)
        axes.legend(frameon=False)
        dress(axes)
    lower.set(xlabel="step", ylabel="%")
    upper.set_ylabel("nats per token")
    return figure


def plot_lengths(evaluation: Evaluation) -> "Figure":
    """Draws scores by the length of the source with their 95 % intervals; buckets of under 30 sources are grey.

    BLEU and chrF stand on the left, where they are known; exact match and token error rate on the right.
    """
    figure = new_figure(10.0, 4.0)
    left, right = figure.subplots(1, 2, sharex=True)
    buckets = evaluation.buckets
    counts = [bucket.scores.sentences for bucket in buckets]
    scores = [bucket.scores for bucket in buckets]
    _line(left, [score.bleu for score in scores], counts, "BLEU", BLUE)
    _line(left, [score.chrf for score in scores], counts, "chrF", ORANGE)
    _line(right, [score.exact_match for score in scores], counts, "exact match", BLUE)
    _line(right, [score.token_error_rate for score in scores], counts, "token error rate", ORANGE)
    for axes in (left, right):
        ticks = [f"{bucket.label}\nn={count}" for bucket, count in zip(buckets, counts, strict=True)]
        axes.set_xticks(range(len(buckets)), ticks)
        axes.set(xlabel=f"{evaluation.unit}s of the source", ylabel="%")
        axes.set_ylim(bottom=0)
        if axes.lines:
            axes.legend(frameon=False)
        dress(axes)
    return figure


def plot_alignment(alignment: Alignment) -> "Figure":
    """Draws a matrix of attention, a row for each piece that was written, darker where the model looks more."""
    wide, high = len(alignment.source), len(alignment.target)
    figure = new_figure(2 + 0.55 * wide, 1.4 + 0.4 * high)
    axes = figure.add_subplot()
    axes.imshow(alignment.weights.numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for axis, pieces in ((axes.xaxis, alignment.source), (axes.yaxis, alignment.target)):
        axis.set_ticks(range(len(pieces)), [piece.replace("$", r"\$") for piece in pieces])
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", rotation=45)
    axes.tick_params(colors=INK, length=0)
    axes.spines[:].set_visible(False)
    return figure


def _line(axes: "Axes", scores: Sequence[Score | None], counts: Sequence[int], label: str, color: str) -> None:
    """A line through the scores that are known; an interval each, grey where it rests on few sources."""
    known = [(place, score) for place, score in enumerate(scores) if score is not None]
    if not known:
        return
    axes.plot([place for place, _ in known], [score.value for _, score in known], color=color, label=label, zorder=1)
    for place, score in known:
        shade = FAINT if counts[place] < FEW else color
        if math.isfinite(score.low) and math.isfinite(score.high):
            axes.plot([place, place], [score.low, score.high], color=shade, linewidth=1.2, zorder=2)
        axes.plot([place], [score.value], "o", color=shade, markersize=4, zorder=3)
