"""Pictures of a watch: values, the bands that were forecast for them, and alerts."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segue.palette import COLOURS, SOFT, add_legend, add_title, draw_fan, draw_observed, dress_over_time, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from segue.live.alerts import Event

MOST_CHARTS = 4
"""The number of stretches in one figure; each needs the whole width."""
MOST_VALUES = 336
"""The values of a stretch: two weeks of hours, in which single values can be seen. More would be a black band."""

_ALERT = COLOURS[4]


def plot_watch(frame: pd.DataFrame, events: "Sequence[Event]") -> "Figure":
    """Draws values, their expected ones and bands, and alerts: each chart shows a stretch around an alert.

    The alerts with the least p-values come first. If there are fewer alerts than charts, the newest values of series
    without alerts follow.

    Args:
        frame: The frame of `Observations.frame()`, of one call or several.
        events: The alerts, as they open and end.

    Returns:
        The figure; `figure.savefig(path)` saves it.
    """
    alerts = _latest(events)
    taken = frame[~frame["status"].isin(["late", "duplicate", "ahead"])]
    series = {name: own.sort_values("ds") for name, own in taken.groupby("unique_id", sort=False)}
    stretches = list(_stretches(series, alerts))
    figure = new_figure(9.0, max(2.6 * len(stretches), 3.6) + 0.4)
    charts = [figure.add_subplot(len(stretches), 1, number + 1) for number in range(len(stretches))]
    for chart, (name, own) in zip(charts, stretches, strict=True):
        _draw(chart, own, [event for event in alerts if event.lane == name and _overlaps(event, own)])
        add_title(chart, str(name))
    if charts:
        _add_legend(figure, charts)
    shown = sum(len(own) for _, own in stretches)
    if shown < len(taken):
        text = f"{shown:,} of {len(taken):,} values, where p-values are least; {len(alerts):,} alerts in all"
        figure.suptitle(text, x=0.01, ha="left", fontsize=9, color=SOFT)
    return figure


def _latest(events: "Sequence[Event]") -> "list[Event]":
    """One event for each alert: its end, or its latest state."""
    return list({(event.lane, event.begin): event for event in events}.values())


def _stretches(series: dict[Any, pd.DataFrame], alerts: "Sequence[Event]") -> "Iterator[tuple[Any, pd.DataFrame]]":
    """Yields the name and the rows of each stretch; an alert that is on an earlier one needs no other."""
    shown: list[tuple[Any, pd.DataFrame]] = []
    for event in sorted(alerts, key=lambda event: event.p):
        own = series.get(event.lane)
        on_others = any(name == event.lane and _overlaps(event, rows) for name, rows in shown)
        if own is None or on_others or len(shown) == MOST_CHARTS:
            continue
        first = int(np.searchsorted(own["ds"].to_numpy(), _edge(event.begin, own["ds"].dtype.kind == "M")))
        begin = max(0, min(first - MOST_VALUES // 2, len(own) - MOST_VALUES))
        if first < len(own):
            shown.append((event.lane, own[begin : begin + MOST_VALUES]))
    quiet = [name for name in series if all(name != other for other, _ in shown)]
    shown += [(name, series[name][-MOST_VALUES:]) for name in quiet[: MOST_CHARTS - len(shown)]]
    yield from shown


def _overlaps(event: "Event", rows: pd.DataFrame) -> bool:
    """Whether an alert begins in the time of some rows, or goes on in it."""
    times = rows["ds"].to_numpy()
    dated = times.dtype.kind == "M"
    return bool(_edge(event.begin, dated) <= times[-1] and (event.end is None or _edge(event.end, dated) >= times[0]))


def _draw(ax: "Axes", own: pd.DataFrame, alerts: "Sequence[Event]") -> None:
    times = own["ds"].to_numpy()
    values, expected, lower, upper = (
        own[name].to_numpy(dtype=np.float64) for name in ("y", "expected", "lower", "upper")
    )
    dated = times.dtype.kind == "M"
    for event in alerts:
        begin = max(_edge(event.begin, dated), times[0])
        end = times[-1] if event.end is None else min(_edge(event.end, dated), times[-1])
        label = "alert" if event is alerts[0] else None
        ax.axvspan(begin, end, color=_ALERT, alpha=0.18, linewidth=1.5, label=label, zorder=0)
        ax.axvline(begin, color=_ALERT, linewidth=1.2, zorder=0)
    if np.isfinite(expected).any():
        draw_fan(ax, times, expected, [("80 %", lower, upper)])
    draw_observed(ax, times, values)
    within = np.zeros(len(times), dtype=bool)
    for event in alerts:
        last = times[-1] if event.end is None else _edge(event.end, dated)
        within |= (times >= _edge(event.begin, dated)) & (times <= last)
    ax.plot(times[within], values[within], "o", color=_ALERT, markersize=3, label=None, zorder=6)
    _set_height(ax, values, expected)
    dress_over_time(ax, dated)


def _edge(time: Any, dated: bool) -> Any:
    return np.datetime64(time, "us") if dated else time


def _set_height(ax: "Axes", *lines: "np.ndarray[Any, np.dtype[np.float64]]") -> None:
    """Bounds the axis by the lines: a band may be far wider than all values for a while."""
    finite = np.concatenate([line[np.isfinite(line)] for line in lines])
    if len(finite) and np.ptp(finite) > 0:
        room = 0.08 * np.ptp(finite)
        ax.set_ylim(finite.min() - room, finite.max() + room)


def _add_legend(figure: "Figure", charts: "Sequence[Axes]") -> None:
    """Adds the legend of the chart that has most labels."""
    add_legend(figure, max(charts, key=lambda chart: len(chart.get_legend_handles_labels()[1])))
