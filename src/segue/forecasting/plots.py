"""Fan charts of the end of the history, the median and nested prediction intervals."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.columns.present import frames_to_draw
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
    id_col: str | Sequence[str] = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
    series: Sequence[Any] | None = None,
    steps: int | None = None,
    total: int | None = None,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draws forecasts as fan charts, one small chart for each series.

    Args:
        history: A long frame, pandas or polars, of observed values, with rows in order of time. NaN breaks the line.
        forecast: The result of `segue.forecast`; its median is drawn as a line, its intervals as bands.
        id_col: The column of series, in both frames, or several columns.
        time_col: The column of times, in both frames.
        target_col: The column of observed values.
        series: Which series to draw; by default the first nine. Of several columns of series, give tuples.
        steps: How many of the last values to draw, at least 1; by default `history_steps` of the horizon.
        total: The number of all series where the forecast holds the first ones only.
        ax: Axes for a single series; by default a new figure, outside the global state of matplotlib.

    Returns:
        The figure; `figure.savefig(path)` saves it.

    Raises:
        UserError: A frame lacks a column or a series, `ax` is given for several, or something cannot be drawn.
    """
    ids = [id_col] if isinstance(id_col, str) else list(id_col)
    past, ahead = frames_to_draw(history, forecast, ids, time_col, target_col)
    known = [row[0] if len(ids) == 1 else row for row in ahead.select(ids).unique(maintain_order=True).iter_rows()]
    picked = list(series) if series is not None else known[:MOST_CHARTS]
    _check(picked, known, steps, alone=ax is not None)
    figure, charts = _canvas(len(picked)) if ax is None else (cast("Figure", ax.figure), [ax])
    columns, total = QuantileColumns.read(ahead.columns, (*ids, time_col)), total or len(known)
    for chart, name in zip(charts, picked, strict=True):
        own = [nw.col(key) == part for key, part in zip(ids, name if len(ids) > 1 else (name,), strict=True)]
        next_ = ahead.filter(*own)
        mine = past.filter(*own).tail(steps or history_steps(len(next_)))
        observed = (mine[time_col].to_numpy(), _numbers(mine[target_col]))
        _fan(chart, observed, _drawable(next_[time_col].to_numpy()), next_, columns)
        label = "/".join(map(str, name)) if len(ids) > 1 else str(name)
        add_title(chart, f"{label} ({columns.point})" if total == 1 else label)
    if ax is None:
        _explain(figure, charts, total)
    return figure


def history_steps(horizon: int) -> int:
    """How many steps of history are drawn: four times the horizon, and at least 48, so that the shape is visible."""
    return max(48, 4 * horizon)


def _check(picked: Sequence[Any], known: Sequence[Any], steps: int | None, alone: bool) -> None:
    """Refuses series that the forecast lacks, several series on given axes, and a number of steps below 1."""
    for name in picked:
        if name not in known:
            raise UserError("series", name, "the forecast holds no such series")
    if not picked or (alone and len(picked) != 1):
        raise UserError("series", f"{len(picked)} names", "name one series, or several without `ax`")
    if steps is not None and steps < 1:
        raise UserError("steps", steps, "give a whole number of at least 1")


def _explain(figure: "Figure", charts: Sequence["Axes"], total: int) -> None:
    """Adds the legend, and the number of series if not all are drawn."""
    add_legend(figure, charts[0])
    if len(charts) < total:
        figure.suptitle(f"{len(charts)} of {total:,} series", x=0.01, ha="left", fontsize=9, color=SOFT)


def _numbers(column: nw.Series[Any]) -> NDArray[np.float64]:
    """Returns the values of a history; refuses values that are not real numbers."""
    values = column.to_numpy()
    try:
        if values.dtype.kind == "c":
            raise TypeError("a complex number has no position on a line")
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError("target_col", column.name, "holds no real numbers; convert it before you draw it") from error


def _drawable(times: NDArray[Any]) -> NDArray[Any]:
    """Returns the times ahead; refuses years that matplotlib does not draw."""
    if times.dtype.kind == "M" and (times.astype("datetime64[Y]") >= np.datetime64("9999")).any():
        raise UserError("horizon", len(times), "a chart ends before the year 9999; ask for fewer steps")
    return times


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
