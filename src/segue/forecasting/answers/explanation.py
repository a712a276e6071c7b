"""A reason: what each part of the past adds to a forecast, for one series and any predictor."""

from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from segue.errors import UserError, give_notice
from segue.forecasting.answers.attribution import attribute, stretches
from segue.forecasting.answers.components import components
from segue.forecasting.answers.reason import NOT_ATTRIBUTED, Explanation
from segue.forecasting.predictor import Predictor, check_horizon, forecast_panel
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.support import NO_LIMITS, Limits
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.layout import Layout, TableOptions
from segue.forecasting.table.reading import Reading, read_frame
from segue.forecasting.table.result import Number

_LONGEST = 8192  # steps of the past that are split: as many as the longest contexts; more would only cost time
_MOST_NAMES = 5


def explain(
    frame: Any,
    horizon: int,
    *,
    id: Any = None,
    model: Model = "nanotst",
    floor: Number | None = None,
    cap: Number | None = None,
    **table: Unpack[TableOptions],
) -> Explanation:
    """Explains the forecast of one series by the parts of its past.

    The past is split into a level, cycles, slow changes and the rest. The predictor forecasts the level alone, then the
    level with the cycles, and so on to the whole past. What the forecast changes by is what the part adds, so that all
    contributions add up to the median. Nothing is assumed of the predictor.

    Args:
        frame: See `segue.forecast`.
        horizon: Number of steps ahead, at least 1.
        id: The series; it may be left out if there is one only.
        model: A name, a model folder, or a predictor.
        floor: The least value of the forecasts.
        cap: The largest value of the forecasts.
        **table: How to read the table; see `segue.Layout`.

    Raises:
        UserError: An argument is invalid, or there is no such series.
    """
    check_horizon(horizon)
    limits = Limits(floor, cap)
    reading = read_frame(frame, Layout(**table))
    give_notice((*reading.notes, *limits.notes(reading.panel.values)))
    return explain_reading(load_predictor(model), reading, horizon, id, limits)


def explain_reading(
    predictor: Predictor, reading: Reading, horizon: int, name: Any = None, limits: Limits = NO_LIMITS
) -> Explanation:
    """Explains the forecast of one series of a table that was read before; see `explain`."""
    check_horizon(horizon)
    own = _part(reading, name)
    panel, context = own.panel, min(predictor.context, _LONGEST)
    end = int(panel.ends[0])
    values, observed = panel.lanes([0], context, np.array([end]))
    past = np.where(observed[0], values[0], np.nan)
    seasons = panel.seasons[0]
    periods = seasons if len(seasons) else np.array(panel.season_of_values())
    parts = components(past, periods, horizon)
    bounds = stretches(len(past), _width(list(parts.cycles), len(past), horizon))
    ahead = horizon + int(panel.lengths[0]) - end  # rows without a value at the end are forecast, too
    added, moved = attribute(predictor, parts, observed[0], seasons, bounds, ahead)
    added, moved = {part: steps[-horizon:] for part, steps in added.items()}, moved[:, -horizon:]
    median = forecast_panel(predictor, panel, horizon, (0.5,), limits=limits)[0, :, 0]
    added["past"] = moved.sum(0)
    added[NOT_ATTRIBUTED] = median - sum(added.values())
    steps = panel.steps - (end - len(past))
    rows = (steps >= 0) & (steps < len(past))
    return Explanation(
        name=str(panel.ids[0]),
        model=predictor.name,
        times=panel.future(horizon)[0],
        median=median,
        contributions=added,
        bounds=bounds,
        stretches=moved,
        past_times=panel.times[rows],
        past_steps=steps[rows],
        past_values=panel.values[rows],
        table=own.future(horizon, {predictor.name: median[None], **{key: one[None] for key, one in added.items()}}),
    )


def _part(reading: Reading, name: Any) -> Reading:
    """The table of one series.

    Raises:
        UserError: There is no such series, several and no name, or no value in it.
    """
    panel: Panel = reading.panel
    names = [str(one) for one in panel.ids.to_list()]
    listed = ", ".join(names[:_MOST_NAMES]) + (f" and {len(names) - _MOST_NAMES:,} more" if len(names) > 5 else "")
    if name is None and len(names) > 1:
        raise UserError("id", "(none)", f"name one of the {len(names):,} series: {listed}")
    if name is not None and str(name) not in names:
        raise UserError("id", name, f"the table has no such series; it has {listed}")
    index = 0 if name is None else names.index(str(name))
    if panel.ends[index] == 0:
        raise UserError("id", names[index], "has no value to explain; name another")
    return replace(reading, panel=panel.part(index, index + 1))


def _width(cycles: list[int], time: int, horizon: int) -> int:
    """The steps of a stretch: a whole short cycle, such as a day; a twelfth of the past, or the horizon, if none."""
    return min(cycles) if cycles else max(1, min(horizon, time // 12))
