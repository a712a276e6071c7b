"""Fan charts of the end of the history, the median and nested prediction intervals."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.result import QuantileColumns
from segue.palette import SOFT, add_legend, add_title, draw_fan, draw_observed, dress_over_time, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CHARTS = 9
"""How many series one figure shows."""


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
    """Draws forecasts as fan charts, one small chart for each series.

    Args:
        history: A long frame, pandas or polars, of observed values, with rows in order of time. NaN breaks the line.
        forecast: The result of `segue.forecast`; its median is drawn as a line, its intervals as bands.
        id_col: The column of series, in both frames.
        time_col: The column of times, in both frames.
        target_col: The column of observed values.
        series: Which series to draw; by default the first nine.
        steps: How many of the last values to draw; by default `history_steps` of the horizon.
        ax: Axes for a single series; by default a new figure, which is not in matplotlib's global state.

    Returns:
        The figure; `figure.savefig(path)` saves it.

    Raises:
        UserError: The forecast does not hold a series, or `ax` is given for several series.
    """
    past, ahead = nw.from_native(history, eager_only=True), nw.from_native(forecast, eager_only=True)
    known = ahead[id_col].unique(maintain_order=True).to_list()
    picked = list(series) if series is not None else known[:MOST_CHARTS]
    for name in picked:
        if name not in known:
            raise UserError("series", name, "the forecast holds no such series")
    if ax is not None and len(picked) != 1:
        raise UserError("series", f"{len(picked)} names", "name one series, or give no axes")
    figure, charts = _canvas(len(picked)) if ax is None else (cast("Figure", ax.figure), [ax])
    columns = QuantileColumns.read(ahead.columns, (id_col, time_col))
    for chart, name in zip(charts, picked, strict=True):
        mine, next_ = past.filter(nw.col(id_col) == name), ahead.filter(nw.col(id_col) == name)
        mine = mine.tail(steps or history_steps(len(next_)))
        observed = (mine[time_col].to_numpy(), mine[target_col].to_numpy().astype(np.float64))
        _fan(chart, observed, next_[time_col].to_numpy(), next_, columns)
        add_title(chart, f"{name} ({columns.point})" if len(known) == 1 else str(name))
    if ax is None:
        add_legend(figure, charts[0])
    if ax is None and len(picked) < len(known):
        figure.suptitle(f"{len(picked)} of {len(known):,} series", x=0.01, ha="left", fontsize=9, color=SOFT)
    return figure


def history_steps(horizon: int) -> int:
    """How many steps of history are drawn: four times the horizon, and at least 48, so that the shape is visible."""
    return max(48, 4 * horizon)


def _canvas(charts: int) -> tuple["Figure", list["Axes"]]:
    columns = 1 if charts == 1 else 2 if charts <= 4 else 3
    rows = math.ceil(charts / columns)
    figure = new_figure(9.0, 4.2) if charts == 1 else new_figure(4.6 * columns, 2.7 * rows + 0.5)
    return figure, [figure.add_subplot(rows, columns, number) for number in range(1, charts + 1)]


def _fan(
    ax: "Axes",
    observed: tuple[NDArray[Any], NDArray[np.float64]],
    times: NDArray[Any],
    ahead: nw.DataFrame[Any],
    columns: QuantileColumns,
) -> None:
    when, values = observed
    draw_observed(ax, when, values)
    seen = np.flatnonzero(np.isfinite(values))

    def joined(column: str) -> NDArray[np.float64]:
        """Puts the last observed value before a column of the forecast, so that the fan begins at the line."""
        begin = values[seen[-1:]]
        return np.concatenate([begin, ahead[column].to_numpy().astype(np.float64)])

    draw_fan(ax, np.concatenate([when[seen[-1:]], times]), *columns.fan(joined))
    dress_over_time(ax, dated=times.dtype.kind == "M")
