"""Pictures of a watch: values, the band that stood for them before they came, and alerts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segue.palette import COLOURS, SOFT, add_legend, add_title, draw_fan, draw_observed, dress_over_time, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from segue.live.alerts import Event

MOST_CHARTS = 4
"""How many series one figure shows: each needs the whole width."""

_ALERT = COLOURS[4]


def plot_watch(frame: pd.DataFrame, events: "Sequence[Event]", *, total: int | None = None) -> "Figure":
    """Draws a chart for each series: values, their expected ones and bands, the surprising values and the alerts.

    Args:
        frame: The frame of `Observations.frame()`, of one call or several.
        events: The alerts, as they open and end; those of series with more of them are drawn first.
        total: The number of all series, if the frame does not have all of them.

    Returns:
        The figure; `figure.savefig(path)` saves it.
    """
    alerts = _latest(events)
    counts = pd.Series([event.lane for event in alerts], dtype=object).value_counts()
    names = sorted(frame["unique_id"].unique(), key=lambda name: -int(counts.get(name, 0)))
    picked, total = names[:MOST_CHARTS], total or len(names)
    figure = new_figure(9.0, max(2.6 * len(picked), 3.6) + 0.4)
    charts = [figure.add_subplot(len(picked), 1, number + 1) for number in range(len(picked))]
    for chart, name in zip(charts, picked, strict=True):
        own = frame[(frame["unique_id"] == name) & ~frame["status"].isin(["late", "duplicate"])].sort_values("ds")
        _draw(chart, own, [event for event in alerts if event.lane == name])
        add_title(chart, str(name))
    if charts:
        _add_legend(figure, charts)
    if len(picked) < total:
        figure.suptitle(f"{len(picked)} of {total:,} series", x=0.01, ha="left", fontsize=9, color=SOFT)
    return figure


def _latest(events: "Sequence[Event]") -> "list[Event]":
    """One event for each alert: as it ended, or as it stands."""
    return list({(event.lane, event.begin): event for event in events}.values())


def _draw(ax: "Axes", own: pd.DataFrame, alerts: "Sequence[Event]") -> None:
    times = own["ds"].to_numpy()
    values, expected, lower, upper = (
        own[name].to_numpy(dtype=np.float64) for name in ("y", "expected", "lower", "upper")
    )
    dated = times.dtype.kind == "M"
    for event in alerts:
        begin, end = _edge(event.begin, dated), times[-1] if event.end is None else _edge(event.end, dated)
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
