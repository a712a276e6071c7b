"""Pictures of an evaluation: scores by the length of the source, and the attention of one output."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from segue.palette import BLUE, FAINT, INK, ORANGE, dress, new_figure
from segue.translate.decode.align import Alignment
from segue.translate.evaluation.evaluate import FEW, Evaluation
from segue.translate.evaluation.scores import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_lengths(evaluation: Evaluation) -> "Figure":
    """Draws scores by the length of the source with their 95 % intervals; buckets of fewer than 30 sources are grey.

    The left half shows BLEU and chrF, where sacrebleu is installed; the right half exact match and token error rate.
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
    """Draws a matrix of attention: a row for each piece of the target, darker where a weight is larger."""
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
    """Draws a line through the known scores, each with its interval; marks of small buckets are grey."""
    known = [(index, score) for index, score in enumerate(scores) if score is not None]
    if not known:
        return
    axes.plot([index for index, _ in known], [score.value for _, score in known], color=color, label=label, zorder=1)
    for index, score in known:
        shade = FAINT if counts[index] < FEW else color
        if math.isfinite(score.low) and math.isfinite(score.high):
            axes.plot([index, index], [score.low, score.high], color=shade, linewidth=1.2, zorder=2)
        axes.plot([index], [score.value], "o", color=shade, markersize=4, zorder=3)
