"""Backtests: how well models would have forecast a table's own past, from rolling origins."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError, give_notice
from segue.forecasting.answers.calibration import calibrate_origins
from segue.forecasting.answers.informed import informed
from segue.forecasting.answers.options import Answers, PastOptions
from segue.forecasting.evaluation.contest import Report, columns_of, compare, entrants
from segue.forecasting.evaluation.naives import NAIVES
from segue.forecasting.evaluation.origins import Origins, roll
from segue.forecasting.evaluation.scores import Evaluation, Windows
from segue.forecasting.evaluation.verdict import Verdict
from segue.forecasting.forecast import NO_LIMITS, Limits
from segue.forecasting.registry import Model, Predictor, load_predictor
from segue.forecasting.table.reading import Reading, read_frame
from segue.forecasting.table.result import Number, Numbers


@dataclass(frozen=True, eq=False)
class Backtest:
    """The forecasts that models would have made, and their errors. All frames have the kind of the given frame.

    `mase` is scaled by the seasonal differences before each origin. `wql` is over nine deciles. `mae` and `rmse` are in
    the unit of the series. `wape` is the sum of absolute errors over the sum of absolute values. `bias` is the sum of
    forecasts less the sum of values, over the sum of absolute values; it is above 0 if forecasts are too high.
    `coverage-80` is the share of values within the 80 % interval. A score is NaN where it is undefined.

    Attributes:
        forecasts: One row for each series, time and window: `unique_id`, `ds`, `cutoff` (the time of the last row
            before the window), `y`, then each model's median and intervals, such as `NanoTST`, `NanoTST-lo-80`,
            `NanoTST-hi-80`. Times without a row in the table have no row here. utilsforecast's `evaluate` takes these
            columns.
        scores: One row for each series and model: `unique_id`, `model`, `windows` (0 if the series is too short),
            scores.
        overall: One row for each model: `mase` is the mean over series; the other scores pool all values.
        steps: One row for each model and step ahead: `model`, `step`, and `mase`, the mean scaled error over windows.
        horizon: Steps in a window.
        windows: The largest number of windows of a series, as given.
        step: Steps from one origin to the next.
        season: Steps in the season that scales errors.
        verdict: How the first model compares with the best of the others, as numbers; `str` of it is a sentence. None
            if there are no others.
        notes: Notes on the calibration of the bands, one line each.
    """

    forecasts: Any
    scores: Any
    overall: Any
    steps: Any
    horizon: int
    windows: int
    step: int
    season: int
    verdict: Verdict | None
    notes: tuple[str, ...] = ()


def backtest(
    frame: Any,
    horizon: int,
    windows: int = 5,
    *,
    models: str | Sequence[Model] = ("nanotst", NAIVES),
    step: int | None = None,
    levels: Numbers = (80, 95),
    floor: Number | None = None,
    cap: Number | None = None,
    **options: Unpack[PastOptions],
) -> Backtest:
    """Forecasts the last windows of every series from the values before them, and scores the forecasts.

    The last window ends with the last value of the series. Each earlier window ends `step` steps before the next. A
    window needs an observed value, and before it more values than a season has steps. A series that is too short for
    all windows has only the later ones. All models read the same histories, which end at the origins. NanoTST is not
    fitted to the series at all.

    Args:
        frame: A DataFrame of pandas or polars, as for `segue.forecast`.
        horizon: Steps in a window, at least 1.
        windows: The largest number of windows of a series.
        models: Names, model folders or predictors, or one name; see `segue.load_predictor`. The first is compared with
            the best of the others. `naive` stands for a seasonal naive forecast for each plausible season of the table,
            and for the last value. `ets` and `theta` need the extra `classical`.
        step: Steps from one origin to the next; by default `horizon`, so that windows do not overlap.
        levels: Prediction intervals in per cent, each in [1, 98], whose coverage is scored.
        floor: The least value of the forecasts of all models; None for no limit.
        cap: The largest value; None for no limit.
        **options: `covariates` and `holidays`, which the first model knows in each window. `calibrate`, which corrects
            its bands by windows before each origin. `segue.forecast` explains them. Then options of reading the table,
            such as `id_col` and `freq`, which `segue.Layout` explains.

    Raises:
        UserError: An argument is invalid, or no series is long enough.
    """
    asked, limits = Answers.of(frame, options, PastOptions), Limits(floor, cap)
    reading = read_frame(frame, asked.layout)
    notes = [*reading.notes, *limits.notes(reading.panel.values)]
    chosen: list[Model] = [models] if isinstance(models, str) else list(models)
    if not asked.given.nothing and chosen:
        first, held_out = _reader(chosen[0]), held_out_steps(horizon, windows, step)
        chosen[0], reading, found = informed(first, reading, asked.given, asked.layout, horizon, held_out)
        notes.extend(found)
    give_notice(notes)
    result = backtest_reading(reading, chosen, horizon, windows, step, levels, limits=limits, calibrate=asked.calibrate)
    give_notice(result.notes)
    return result


def _reader(model: Model) -> Predictor:
    """The model that reads covariates and holidays; refuses `naive`, which stands for several that read none."""
    if model == NAIVES:
        raise UserError("models", NAIVES, "reads no covariates and holidays; name another model first")
    return load_predictor(model, "models")


def held_out_steps(horizon: int, windows: int, step: int | None) -> int:
    """The last steps of a series that lie in its windows.

    Raises:
        UserError: One of them is not a whole number of at least 1.
    """
    step = horizon if step is None else step
    for argument, given in (("horizon", horizon), ("windows", windows), ("step", step)):
        if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < 1:
            raise UserError(argument, given, "give a whole number of at least 1")
    return int(horizon + (windows - 1) * step)


def backtest_reading(
    reading: Reading,
    models: Sequence[Model],
    horizon: int,
    windows: int = 5,
    step: int | None = None,
    levels: Numbers = (80, 95),
    report: Report | None = None,
    limits: Limits = NO_LIMITS,
    calibrate: int | None = None,
) -> Backtest:
    """Runs a backtest on a table that was read before; see `backtest`."""
    held_out_steps(horizon, windows, step)
    step = horizon if step is None else step
    loaded = [model if model == NAIVES else load_predictor(model, "models") for model in models]
    origins = roll(reading.panel, horizon, windows, step)
    predictors = entrants(loaded, origins)
    columns = columns_of(predictors, levels)
    reading.refuse_taken(("cutoff", "y", "model", "windows", *(name for own in columns for name in own.levels)))
    calibration, notes = None, tuple[str, ...]()
    if calibrate is not None:
        progress = report and partial(report, "calibration")
        calibration, note = calibrate_origins(predictors[0], origins, calibrate, progress)
        notes = (note,)
    contest = compare(origins, step, predictors, columns, report, limits, calibration)
    return Backtest(
        forecasts=_forecast_table(reading, origins, contest.forecasts),
        **_score_tables(reading, contest.truth, contest.evaluations),
        horizon=horizon,
        windows=windows,
        step=step,
        season=reading.panel.season,
        verdict=contest.verdict,
        notes=notes,
    )


def _forecast_table(reading: Reading, origins: Origins, columns: dict[str, NDArray[np.float64]]) -> Any:
    panel = origins.panel
    lane, row, last = origins.rows()
    ahead = panel.steps[row] - origins.spans[lane]
    values = {"y": panel.values[row], **{name: array[lane, ahead] for name, array in columns.items()}}
    return reading.rolled(origins.series[lane], panel.times[row], panel.times[last], values)


def _score_tables(reading: Reading, truth: Windows, evaluations: dict[str, Evaluation]) -> dict[str, Any]:
    """The frames `scores`, `overall` and `steps`."""
    names, series, horizon = list(evaluations), len(reading.panel), truth.actual.shape[-1]
    rows = list(evaluations.values())
    per_series = {key: np.stack([row.series[key] for row in rows], axis=1).ravel() for key in rows[0].series}
    scores = {"model": names * series, "windows": np.repeat(truth.count, len(names)), **per_series}
    overall = {"model": names, **{key: np.array([row.overall[key] for row in rows]) for key in rows[0].overall}}
    steps = {
        "model": [name for name in names for _ in range(horizon)],
        "step": np.tile(np.arange(1, horizon + 1), len(names)),
        "mase": np.concatenate([row.steps for row in rows]),
    }
    return {
        "scores": reading.table(scores, np.repeat(np.arange(series), len(names))),
        "overall": reading.table(overall),
        "steps": reading.table(steps),
    }
