"""A picture of an explanation: the past that moved the forecast, and the contribution of each part."""

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.forecasting.answers.reason import CYCLE, NOT_ATTRIBUTED, Explanation, cycle_name, in_digits, stretch_rows
from segue.palette import BLUE, COLOURS, FAINT, INK, ORANGE, SOFT, add_legend, draw_observed, dress_over_time, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DARKEST = 0.45  # the shade of the stretch that moved the forecast most; values stay readable on it
_VISIBLE = 0.01  # of the largest bar; a smaller one cannot be seen
_WIDTH = 130  # letters of a line above the picture, at its size
_MOST_COLUMNS = 3  # as many as there are colours left
_OTHERS = "other columns"
_SHOWN = 6  # horizons of the past, at least; the single stretches are always shown


def plot_explanation(reason: Explanation) -> "Figure":
    """Draws the past with the stretches that moved the forecast, and below it the contribution of each part.

    Stretches that raised the forecast are orange, and those that lowered it are blue; darker ones moved it more. Bars
    above zero raise the forecast over its level, and bars below lower it. The line is their sum, the median less the
    level.

    Args:
        reason: The result of `segue.explain`.

    Returns:
        The figure; `figure.savefig(path)` saves it.
    """
    from segue.palette import new_figure

    figure = new_figure(9.0, 6.0)
    above, below = figure.subplots(2, 1, height_ratios=[1.15, 1.0])
    _draw_past(above, reason)
    _draw_parts(below, reason)
    figure.suptitle(wrapped(str(reason), _WIDTH), x=0.01, ha="left", fontsize=9, color=INK)
    add_legend(figure, below)
    return figure


def _draw_past(ax: "Axes", reason: Explanation) -> None:
    rows = stretch_rows(reason)
    first = rows[1][0] if len(rows) > 1 else 0
    first = max(0, min(first, len(reason.past_values) - _SHOWN * len(reason.median)))
    size = np.abs(reason.stretches).mean(1)
    most = max(float(size.max()), float(np.nanstd(reason.past_values)) / 2)  # so what moves little is pale
    way = reason.stretches.mean(1)
    ends = [*(reason.past_times[begin] for begin, _ in rows[1:]), reason.times[0]]
    for (begin, last), end, strength, mean in zip(rows, ends, size, way, strict=True):
        if last >= first and strength > 0:
            colour, shade = ORANGE if mean > 0 else BLUE, _DARKEST * strength / most
            ax.axvspan(reason.past_times[max(begin, first)], end, color=colour, alpha=shade, linewidth=0, zorder=0)
    draw_observed(ax, reason.past_times[first:], reason.past_values[first:])
    last_seen = np.flatnonzero(np.isfinite(reason.past_values))[-1:]  # the forecast begins at the line
    times = np.concatenate([reason.past_times[last_seen], reason.times])
    ax.plot(times, np.concatenate([reason.past_values[last_seen], reason.median]), color=BLUE, linewidth=1.8, zorder=6)
    ax.set_title(
        "The past, and the forecast in blue. Shaded: what moved it up (orange) or down (blue), the darker the more",
        **_TITLE,
    )
    dress_over_time(ax, dated=reason.times.dtype.kind == "M")


_TITLE: dict[str, Any] = {"loc": "left", "fontsize": 8, "color": SOFT}


def _draw_parts(ax: "Axes", reason: Explanation) -> None:
    shown, times = _shown(reason), reason.times
    step = np.diff(times).min() if len(times) > 1 else _last_step(reason)
    width = step * 0.9 if times.dtype.kind != "M" else step * 9 // 10
    top, bottom = np.zeros(len(times)), np.zeros(len(times))
    colours = _colours([*shown], reason)
    for key, part in shown.items():
        base = np.where(part > 0, top, bottom)
        ax.bar(times, part, bottom=base, width=width, color=colours[key], label=_label(key, reason))
        top, bottom = top + np.maximum(part, 0), bottom + np.minimum(part, 0)
    ax.axhline(0, color=SOFT, linewidth=0.8)
    above_level = reason.median - reason.contributions["level"]
    ax.plot(times, above_level, color=BLUE, linewidth=1.8, label="forecast less level")
    level = in_digits(float(reason.contributions["level"].mean()))
    ax.set_title(f"What each part adds to the level of {level}; together they make the forecast", **_TITLE)
    dress_over_time(ax, dated=times.dtype.kind == "M")
    least = float(np.nanstd(reason.past_values)) / 2  # so what is small beside the noise of the past looks small
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, -least), max(high, least))


def _last_step(reason: Explanation) -> Any:
    """The time from the last row of the past to the first step ahead."""
    return reason.times[0] - reason.past_times[-1]


def _shown(reason: Explanation) -> dict[str, NDArray[np.float64]]:
    """The parts that are drawn: all of a visible size, and all known columns. The smallest of many columns are one."""
    parts = {key: part for key, part in reason.contributions.items() if key != "level"}
    most = {key: float(np.abs(part).max()) for key, part in parts.items()}
    visible = _VISIBLE * max(most.values())
    columns = sorted(reason.known, key=lambda key: -most[key])
    named = columns if len(columns) <= _MOST_COLUMNS else columns[: _MOST_COLUMNS - 1]
    shown = {key: part for key, part in parts.items() if key in named or (key not in columns and most[key] > visible)}
    rest = [parts[key] for key in columns if key not in named]
    return {**shown, _OTHERS: np.sum(rest, axis=0)} if rest else shown


def _colours(keys: list[str], reason: Explanation) -> dict[str, str]:
    """The colour of each part: the same in every picture, and different from those for up and down."""
    cycles = [key for key in keys if key.startswith(CYCLE)]
    columns = [key for key in keys if key in reason.known]
    green, purple, red, slate, gold, grey = COLOURS[2:]
    found = {"trend": gold, "past": purple, NOT_ATTRIBUTED: FAINT, _OTHERS: SOFT}
    found |= dict(zip(cycles, cycle((green, slate)), strict=False))
    return found | dict(zip(columns, (red, grey, ORANGE), strict=False))


def _label(key: str, reason: Explanation) -> str:
    if key.startswith(CYCLE):
        return f"usual {cycle_name(key, reason)}"
    return {"past": "unusual past values", "trend": "slow changes", NOT_ATTRIBUTED: "not attributed"}.get(key, key)
