"""Explains a forecast: the contribution of each part of the past, for one series and any predictor."""

from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from segue.errors import UserError, give_notice
from segue.forecasting.answers.attribution import attribute_columns, attribute_past, stretches
from segue.forecasting.answers.components import components
from segue.forecasting.answers.explained import explained_lane, in_words
from segue.forecasting.answers.informed import read_given
from segue.forecasting.answers.options import GivenOptions
from segue.forecasting.answers.reason import CYCLE, NOT_ATTRIBUTED, PARTS, Explanation
from segue.forecasting.predictor import Predictor, check_horizon, forecast_panel
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.support import NO_LIMITS, Limits
from segue.forecasting.table.grid.known import KnownColumns
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.reading import Reading
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
    **options: Unpack[GivenOptions],
) -> Explanation:
    """Explains the forecast of one series by the parts of its past, and by what is known of its future.

    The past is split into a level, cycles, slow changes and the rest. The predictor forecasts the level alone, then the
    level with the cycles, and so on to the whole past. The contribution of a part is the change of the forecast, so all
    contributions add up to the median. This works for any predictor.

    Unusual covariates and holidays of the past belong to the past. At the end, the columns of the future change from
    their usual values to the given ones. The contribution of a column is the change of the forecast.

    Args:
        frame: See `segue.forecast`.
        horizon: Number of steps ahead, at least 1.
        id: The series; it may be left out if there is one only.
        model: A name, a model folder, or a predictor.
        floor: The least value of the forecasts.
        cap: The largest value of the forecasts.
        **options: `future`, `covariates` and `holidays`, as for `segue.forecast`; and how to read the table, as
            `segue.Layout` describes it.

    Raises:
        UserError: An argument is invalid, or there is no such series.
    """
    check_horizon(horizon)
    limits = Limits(floor, cap)
    predictor, reading = read_given(frame, options, horizon, load_predictor(model))
    give_notice((*reading.notes, *limits.notes(reading.panel.values)))
    return explain_reading(predictor, reading, horizon, id, limits)


def explain_reading(
    predictor: Predictor, reading: Reading, horizon: int, name: Any = None, limits: Limits = NO_LIMITS
) -> Explanation:
    """Explains the forecast of one series of a table that was read before; see `explain`."""
    check_horizon(horizon)
    own = _part(reading, name)
    panel = own.panel
    _refuse_taken(panel.known, predictor.name)
    lane = explained_lane(predictor, panel, horizon, _LONGEST)
    past, end = lane.past, int(panel.ends[0])
    seasons = panel.seasons[0]
    periods = seasons if len(seasons) else np.array(panel.season_of_values())
    parts = components(lane.without_columns, periods, horizon)
    parts = replace(parts, rest=parts.rest + past - lane.without_columns)
    bounds = stretches(len(past), _width(list(parts.cycles), len(past), horizon))
    added, moved = attribute_past(lane.predictor, parts, lane.history, lane.usual, bounds, lane.ahead)
    added = {part: steps[-horizon:] for part, steps in added.items()}
    added["past"] = moved[:, -horizon:].sum(0)
    known = dict[str, tuple[str, ...]]()
    if panel.known is not None and lane.usual is not None:
        columns = attribute_columns(lane.predictor, lane.history, lane.usual, panel.known.sources, lane.ahead)
        added |= {source: steps[-horizon:] for source, steps in columns.items()}
        known = in_words(panel.known, panel.known.values[-horizon:], lane.usual[-horizon:])
    median = forecast_panel(predictor, panel, horizon, (0.5,), limits=limits)[0, :, 0]
    added[NOT_ATTRIBUTED] = median - sum(added.values())
    steps = panel.steps - (end - len(past))
    rows = (steps >= 0) & (steps < len(past))
    return Explanation(
        name=str(panel.ids[0]),
        model=predictor.name,
        times=panel.future(horizon)[0],
        median=median,
        contributions=added,
        known=known,
        bounds=bounds,
        stretches=moved[:, -horizon:],
        past_times=panel.times[rows],
        past_steps=steps[rows],
        past_values=panel.values[rows],
        table=own.future(horizon, {predictor.name: median[None], **{key: one[None] for key, one in added.items()}}),
    )


def _refuse_taken(known: KnownColumns | None, model: str) -> None:
    """Refuses a column that has the name of another part.

    Raises:
        UserError: There is one.
    """
    for source in () if known is None else known.sources:
        if source in (model, *PARTS) or source.startswith(CYCLE):
            raise UserError("covariates", source, "is also the name of another part; rename the column")


def _part(reading: Reading, name: Any) -> Reading:
    """The table of one series.

    Raises:
        UserError: There is no such series, several and no name, or no value in it.
    """
    panel: Panel = reading.panel
    names = [str(one) for one in panel.ids.to_list()]
    listed = ", ".join(names[:_MOST_NAMES]) + (
        f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    )
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
