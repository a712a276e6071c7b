"""Fan charts: the end of the history, the median and nested prediction intervals."""

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CHARTS = 9
"""How many series one figure shows."""

INK, SOFT, GRID, FAN = "#22272e", "#6b7480", "#e8eaed", "#1f6fb4"
"""The colours of charts: what is observed, what explains, what guides the eye, and what is forecast."""


def plot_forecast(
    history: Any,
    forecast: Any,
    *,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
    series: Sequence[Any] | None = None,
    steps: int | None = None,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draws forecasts as fan charts, one small chart a series.

    Args:
        history: A long frame, pandas or polars, of what was observed; rows in order of time. NaN breaks the line.
        forecast: What `forecast_frame` gave: its column of the median, and its intervals as bands.
        id_col: The column of series, in both frames.
        time_col: The column of times, in both frames.
        target_col: The column of observed values.
        series: Which series to draw; by default the first nine.
        steps: How many of the last values to draw; by default `history_steps` of the horizon.
        ax: Axes to draw a single series into; by default a new figure is made, which no global state knows.

    Returns:
        The figure, to be saved by `figure.savefig(path)`.

    Raises:
        UserError: A series that the forecast does not hold, or several series for one axes.
    """
    past, ahead = nw.from_native(history, eager_only=True), nw.from_native(forecast, eager_only=True)
    known = ahead[id_col].unique(maintain_order=True).to_list()
    picked = list(series) if series is not None else known[:MOST_CHARTS]
    for name in picked:
        if name not in known:
            raise UserError("series", name, "the forecast holds no such series")
    if ax is not None and len(picked) != 1:
        raise UserError("series", f"{len(picked)} names", "name one series, or give no axes")
    figure, places = _canvas(len(picked)) if ax is None else (cast("Figure", ax.figure), [ax])
    point, bands = point_and_bands(ahead.columns, (id_col, time_col))
    for place, name in zip(places, picked, strict=True):
        mine, next_ = past.filter(nw.col(id_col) == name), ahead.filter(nw.col(id_col) == name)
        mine = mine.tail(steps or history_steps(len(next_)))
        observed = (mine[time_col].to_numpy(), mine[target_col].to_numpy().astype(np.float64))
        _fan(place, observed, next_[time_col].to_numpy(), next_, point, bands)
        title = f"{name} ({point})" if len(known) == 1 else str(name)
        place.set_title(title, loc="left", fontsize=10, color=INK, fontweight="bold", parse_math=False)
    if ax is None:
        _legend(figure, places[0], len(picked), len(known))
    return figure


def history_steps(horizon: int) -> int:
    """How much history stands before a forecast: four times as much, and not so little that it shows no shape."""
    return max(48, 4 * horizon)


def point_and_bands(names: Sequence[str], keys: Sequence[str]) -> tuple[str, list[tuple[str, str, str]]]:
    """The column of the median, and label, lower and upper column of each interval, widest first."""
    point = next(name for name in names if name not in keys)
    found = [re.fullmatch(re.escape(point) + r"-lo-([\d.e-]+)", name) for name in names]
    widest_first = sorted((match[1] for match in found if match), key=float, reverse=True)
    return point, [(f"{level} %", f"{point}-lo-{level}", f"{point}-hi-{level}") for level in widest_first]


def _canvas(charts: int) -> tuple["Figure", list["Axes"]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = 1 if charts == 1 else 2 if charts <= 4 else 3
    rows = math.ceil(charts / columns)
    size = (9.0, 4.2) if charts == 1 else (4.6 * columns, 2.7 * rows + 0.5)
    figure = Figure(figsize=size, dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(rows, columns, place + 1) for place in range(charts)]


def _fan(
    ax: "Axes",
    observed: tuple[NDArray[Any], NDArray[np.float64]],
    times: NDArray[Any],
    ahead: nw.DataFrame[Any],
    point: str,
    bands: Sequence[tuple[str, str, str]],
) -> None:
    when, values = observed
    ax.plot(when, values, color=INK, linewidth=1.1, label="observed", zorder=3, solid_joinstyle="round")
    seen = np.flatnonzero(np.isfinite(values))

    def joined(column: str) -> NDArray[np.float64]:
        """A column of the forecast, begun at the last observed value, so that the fan grows out of the line."""
        begin = values[seen[-1:]]
        return np.concatenate([begin, ahead[column].to_numpy().astype(np.float64)])

    line = np.concatenate([when[seen[-1:]], times])
    for depth, (label, low, high) in enumerate(bands):
        shade = 0.18 + 0.17 * depth
        ax.fill_between(line, joined(low), joined(high), color=FAN, alpha=shade, linewidth=0, label=label, zorder=1)
    ax.plot(line, joined(point), color=FAN, linewidth=1.6, label="median", zorder=4, solid_joinstyle="round")
    dress(ax, dated=times.dtype.kind == "M")


def dress(ax: "Axes", dated: bool) -> None:
    """Axes of the house: no frame, soft ticks and horizontal lines; times or whole numbers along the bottom."""
    if dated:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    else:
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(colors=SOFT, labelsize=8, length=0, axis="y")
    ax.tick_params(colors=SOFT, labelsize=8, length=3, axis="x")
    ax.xaxis.get_offset_text().set(color=SOFT, size=8)
    ax.yaxis.get_offset_text().set(color=SOFT, size=8)
    ax.margins(x=0.01)


def _legend(figure: "Figure", ax: "Axes", shown: int, known: int) -> None:
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=8, labelcolor=SOFT
    )
    if shown < known:
        figure.suptitle(f"{shown} of {known:,} series", x=0.01, ha="left", fontsize=9, color=SOFT)
