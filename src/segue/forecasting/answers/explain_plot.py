"""A picture of an explanation: the past that moved the forecast, and what each part of it adds."""

from typing import TYPE_CHECKING, Any

import numpy as np

from segue.forecasting.answers.reason import NOT_ATTRIBUTED, Explanation, cycle_name, stretch_rows
from segue.palette import BLUE, COLOURS, FAINT, GRID, INK, ORANGE, SOFT, add_legend, draw_observed, dress_over_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DARKEST = 0.45  # the shade of the stretch that moved the forecast most; values stay readable on it
_SHOWN = 6  # horizons of the past, at least; the stretches that are told apart are always shown


def plot_explanation(reason: Explanation) -> "Figure":
    """Draws the past with the stretches that moved the forecast, and below it what each part adds to the level.

    A stretch is the darker, the more it moved the forecast: orange where it moved it up, blue where down. Bars
    above zero raise the forecast over its level, bars below lower it; the line is their sum, the median less the level.

    Args:
        reason: What `segue.explain` gives.

    Returns:
        The figure; `figure.savefig(path)` saves it.
    """
    from segue.palette import new_figure

    figure = new_figure(9.0, 6.0)
    above, below = figure.subplots(2, 1, height_ratios=[1.15, 1.0])
    _draw_past(above, reason)
    _draw_parts(below, reason)
    figure.suptitle(_wrapped(str(reason)), x=0.01, ha="left", fontsize=9, color=INK)
    add_legend(figure, below)
    return figure


def _draw_past(ax: "Axes", reason: Explanation) -> None:
    rows = stretch_rows(reason)
    first = rows[1][0] if len(rows) > 1 else 0
    first = max(0, min(first, len(reason.past_values) - _SHOWN * len(reason.median)))
    size = np.abs(reason.stretches).mean(1)
    most = max(float(size.max()), float(np.nanstd(reason.past_values)) / 4)  # so what moves little is pale
    way = reason.stretches.mean(1)
    ends = [*(reason.past_times[begin] for begin, _ in rows[1:]), reason.times[0]]
    for (begin, last), end, strength, mean in zip(rows, ends, size, way, strict=True):
        if last >= first and strength > 0:
            colour, shade = ORANGE if mean > 0 else BLUE, _DARKEST * strength / most
            ax.axvspan(reason.past_times[max(begin, first)], end, color=colour, alpha=shade, linewidth=0, zorder=0)
    draw_observed(ax, reason.past_times[first:], reason.past_values[first:])
    ax.plot(reason.times, reason.median, color=BLUE, linewidth=1.8, zorder=6)
    ax.set_title("The past, and the forecast in blue. Shaded: what moved it up (orange) or down (blue)", **_TITLE)
    dress_over_time(ax, dated=reason.times.dtype.kind == "M")


_TITLE: dict[str, Any] = {"loc": "left", "fontsize": 8, "color": SOFT}


def _draw_parts(ax: "Axes", reason: Explanation) -> None:
    parts = {key: part for key, part in reason.contributions.items() if key != "level"}
    shown = {key: part for key, part in parts.items() if key != NOT_ATTRIBUTED or np.abs(part).max() > 1e-9}
    place = np.arange(1, len(reason.median) + 1)
    top, bottom = np.zeros(len(place)), np.zeros(len(place))
    colours = dict(zip((key for key in shown if key != NOT_ATTRIBUTED), COLOURS[1:], strict=False))
    for key, part in shown.items():
        base = np.where(part > 0, top, bottom)
        ax.bar(place, part, bottom=base, width=0.9, color=colours.get(key, FAINT), label=_label(key, reason))
        top, bottom = top + np.maximum(part, 0), bottom + np.minimum(part, 0)
    ax.axhline(0, color=GRID, linewidth=1.0)
    above_level = reason.median - reason.contributions["level"]
    ax.plot(place, above_level, color=BLUE, linewidth=1.8, label="forecast less level")
    level = float(reason.contributions["level"].mean())
    ax.set_title(f"What each part adds to the level of {level:.4g}, by steps ahead", **_TITLE)
    dress_over_time(ax, dated=False)


def _label(key: str, reason: Explanation) -> str:
    if key.startswith("cycle-"):
        return cycle_name(int(key.removeprefix("cycle-")), reason)
    return {"past": "unusual past values", "trend": "slow changes", NOT_ATTRIBUTED: "not attributed"}.get(key, key)


def _wrapped(text: str) -> str:
    from textwrap import fill

    return fill(text, 130)
