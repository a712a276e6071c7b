"""A picture of a backtest: the last windows of each series, errors by steps ahead, and the scores."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import numpy as np

from segue.errors import UserError
from segue.forecasting.evaluation.backtest import Backtest
from segue.forecasting.evaluation.scores import best_of
from segue.forecasting.table.columns.present import frames_to_draw
from segue.forecasting.table.result import QuantileColumns
from segue.palette import (
    COLOURS,
    INK,
    SOFT,
    add_legend,
    add_title,
    draw_fan,
    draw_observed,
    dress_over_time,
    new_figure,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MOST_SERIES = 4
"""The most series in one figure."""

_MOST_WINDOWS = 5
_WIDTH = 145  # letters of a line above the picture, at its size
Frame = nw.DataFrame[Any]


def plot_backtest(
    history: Any,
    result: Backtest,
    *,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
    series: Sequence[Any] | None = None,
    model: str | None = None,
) -> "Figure":
    """Draws the forecasts of one model beside the actual values, and the errors of all models.

    The figure shows the last five windows that do not overlap, or more if they are short. A dotted line marks each
    origin, where the median and the intervals begin. A dashed line is the median of the best other model. Charts below
    show the mean scaled error of each step ahead, and the scores over all series, of which the best are bold.

    Args:
        history: A long frame, pandas or polars, of observed values, with rows in order of time. NaN breaks the line.
        result: The result of `backtest` for this history.
        id_col: The column of series, in all frames.
        time_col: The column of times, in all frames.
        target_col: The column of observed values in the history.
        series: The series to draw; by default the first four that have windows.
        model: The model whose forecasts are drawn; by default the first.

    Returns:
        The figure; `figure.savefig(path)` saves it.

    Raises:
        UserError: A frame lacks a column, or the backtest does not hold a series or the model.
    """
    past, ahead = frames_to_draw(history, result.forecasts, [id_col], time_col, target_col)
    known, models = ahead[id_col].unique(maintain_order=True).to_list(), _models(result)
    picked = list(series) if series is not None else known[:MOST_SERIES]
    for argument, names, there in (("series", picked, known), ("model", [model or models[0]], models)):
        for name in names:
            if name not in there:
                raise UserError(argument, name, "the backtest has no such name; name one of its own")
    point = model or models[0]
    figure, charts, (by_step, table) = _canvas(len(picked))
    _title(figure, result)
    for ax, name in zip(charts, picked, strict=True):
        own = (past.filter(nw.col(id_col) == name), ahead.filter(nw.col(id_col) == name))
        _windows(ax, *own, (time_col, target_col, point), result)
        many = f", {len(picked)} of {len(known):,} series" if len(picked) < len(known) and ax is charts[0] else ""
        add_title(ax, f"{name} ({point}{many})" if ax is charts[0] else str(name))
    _steps(by_step, result, models)
    _scores(table, result, models)
    add_legend(figure, charts[0])
    return figure


def history_of(result: Backtest) -> int:
    """The number of last values in the picture: the windows, and a third as many before, at least 24 and a horizon."""
    within = result.horizon + (_shown(result) - 1) * _stride(result) * result.step
    return within + max(result.horizon, within // 3, 24)


def series_of(result: Backtest) -> int:
    """The number of first series that include all series of the picture, since some may have no window."""
    models = len(_models(result))
    windows = nw.from_native(result.scores, eager_only=True)["windows"].to_numpy()[::models]
    return int(np.flatnonzero(windows)[:MOST_SERIES][-1]) + 1


def _shown(result: Backtest) -> int:
    """The number of windows in the picture: five, or more if they are short, to cover about 30 steps."""
    return min(max(_MOST_WINDOWS, 30 // result.horizon), math.ceil(result.windows / _stride(result)))


def _stride(result: Backtest) -> int:
    """The number of windows from one to the next one that does not overlap it."""
    return math.ceil(result.horizon / result.step)


def _models(result: Backtest) -> list[str]:
    names: list[str] = nw.from_native(result.overall, eager_only=True)["model"].to_list()
    return names


def _title(figure: "Figure", result: Backtest) -> None:
    """Writes the verdict above the picture, and the warning if there is one."""
    if result.verdict is not None:
        sentences = (result.verdict.comparison, result.verdict.bands, result.verdict.warning)
        text = "\n".join(wrapped(sentence, _WIDTH) for sentence in sentences if sentence)
        figure.suptitle(text, x=0.012, ha="left", fontsize=9, color=INK, parse_math=False)


def _beside(result: Backtest, model: str) -> str | None:
    """The model whose median is drawn beside another: the rival of the verdict, or the model that has this rival."""
    if result.verdict is None:
        return None
    return result.verdict.rival if model != result.verdict.rival else result.verdict.model


def _canvas(charts: int) -> tuple["Figure", list["Axes"], tuple["Axes", "Axes"]]:
    columns = 1 if charts == 1 else 2
    rows = math.ceil(charts / columns)
    height = 3.6 if charts == 1 else 2.6 * rows
    figure = new_figure(10.0, height + 2.6)
    above, below = cast("NDArray[Any]", figure.subfigures(2, 1, height_ratios=[height, 2.2]))
    grid = [above.add_subplot(rows, columns, number) for number in range(1, charts + 1)]
    left, right = below.subplots(1, 2, width_ratios=[1.25, 1])
    return figure, grid, (left, right)


def _windows(ax: "Axes", past: Frame, ahead: Frame, names: tuple[str, str, str], result: Backtest) -> None:
    """Draws one series: its observed values, and the forecast from each of the last origins."""
    time_col, target_col, model = names
    past = past.filter(nw.col(time_col) <= ahead[time_col].max()).tail(history_of(result))
    times, values = past[time_col].to_numpy(), past[target_col].to_numpy().astype(np.float64)
    draw_observed(ax, times, values)
    begin = ahead.columns.index(model)
    columns = QuantileColumns.read(ahead.columns[begin:])
    beside = _beside(result, model)
    cutoffs = np.unique(ahead["cutoff"].to_numpy())[:: -_stride(result)][: _shown(result)]
    for number, cutoff in enumerate(cutoffs):
        window = ahead.filter(nw.new_series("same", ahead["cutoff"].to_numpy() == cutoff, backend=ahead.implementation))
        seen = np.flatnonzero((times <= cutoff) & np.isfinite(values))
        origin = seen[-1:]  # the fan begins at the last observed value
        when = np.concatenate([times[origin], window[time_col].to_numpy()])

        def joined(column: str, origin: Any = origin, window: Frame = window) -> Any:
            return np.concatenate([values[origin], window[column].to_numpy().astype(np.float64)])

        draw_fan(ax, when, *columns.fan(joined), labelled=number == 0)
        if beside is not None:
            dashed: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (4, 1.5)), "zorder": 3}
            colour, shown = _colour(_models(result).index(beside)), beside if number == 0 else None
            ax.plot(when[len(origin) :], window[beside].to_numpy(), color=colour, label=shown, **dashed)
        label = "origin" if number == 0 else None
        ax.axvline(cutoff, color=SOFT, linewidth=0.9, linestyle=(0, (1, 2)), label=label, zorder=2)
    dress_over_time(ax, dated=times.dtype.kind == "M")


def _steps(ax: "Axes", result: Backtest, models: Sequence[str]) -> None:
    """Draws the mean scaled error of every model, by steps ahead."""
    steps = nw.from_native(result.steps, eager_only=True)
    for index in reversed(range(len(models))):  # the first model is drawn last, on top
        own = steps.filter(nw.col("model") == models[index])
        number, error = own["step"].to_numpy(), own["mase"].to_numpy()
        width = 2.0 if index == 0 else 1.2
        marker = "o" if len(number) <= 12 else None
        ax.plot(number, error, color=_colour(index), linewidth=width, marker=marker, markersize=3.5)
    dress_over_time(ax, dated=False)
    ax.margins(x=0.02, y=0.08)
    ax.set_ylim(bottom=0)
    if result.horizon == 1:
        ax.set_xticks([1])
    ax.set_title("scaled error (MASE) by steps ahead", loc="left", fontsize=9, color=SOFT)


def _scores(ax: "Axes", result: Backtest, models: Sequence[str]) -> None:
    """Draws the scores over all series as a table, in the colours of the lines beside it; the best are bold."""
    overall = nw.from_native(result.overall, eager_only=True)
    covered = [name for name in overall.columns if name.startswith("coverage-")]
    heads = ["MASE", "WQL", "WAPE", *(f"in {name.removeprefix('coverage-')} %" for name in covered)]
    right = np.linspace(0.48, 1.0, len(heads))
    ax.set_axis_off()
    ax.set_xlim(0, 1)
    ax.set_ylim(max(6, len(models)) + 0.2, -0.6)
    count = nw.from_native(result.scores, eager_only=True)["windows"].sum() // len(models)
    title = f"over {count:,} window{'' if count == 1 else 's'}"
    ax.set_title(title, loc="left", fontsize=9, color=SOFT)
    for edge, head in zip(right, heads, strict=True):
        ax.text(edge, 0, head, ha="right", va="center", fontsize=8, color=SOFT)
    scores = {key: overall[key].to_list() for key in ("mase", "wql", "wape", *covered)}
    best = {key: best_of(key, column) for key, column in scores.items()}
    for row, name in enumerate(models):
        style: dict[str, Any] = {"va": "center", "fontsize": 9, "parse_math": False}
        ax.text(0, row + 1, name, color=_colour(row), fontweight=_weight(best["mase"][row]), **style)
        for edge, (key, column) in zip(right, scores.items(), strict=True):
            cell = "-" if math.isnan(column[row]) else format(column[row], ".3f" if key in ("mase", "wql") else ".0%")
            ax.text(edge, row + 1, cell, ha="right", color=INK, fontweight=_weight(best[key][row]), **style)


def _weight(best: bool) -> str:
    return "bold" if best else "normal"


def _colour(index: int) -> str:
    return COLOURS[min(index, len(COLOURS) - 1)]
