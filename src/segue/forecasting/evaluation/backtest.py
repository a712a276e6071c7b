"""Backtesting: how well models would have forecast a table's own past, from rolling origins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.evaluation.metrics import DECILES
from segue.forecasting.evaluation.origins import Origins, roll
from segue.forecasting.evaluation.scores import Evaluation, Windows, evaluate
from segue.forecasting.forecast import Numbers, forecast_panel, output_columns
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.reading import Reading, read_frame

Report = Callable[[str, int, int], None]
"""Is told a model's name, how many windows it has forecast, and of how many."""


@dataclass(frozen=True, eq=False)
class Backtest:
    """What models would have forecast, and how wrong they would have been. All frames are of the kind given.

    `mase` is scaled by the seasonal differences before each origin, `wql` is over nine deciles, `rmse` is in the unit
    of the series, `coverage-80` the share of values within the 80 % interval. NaN where a score is undefined.

    Attributes:
        forecasts: One row a series, time and window: `unique_id`, `ds`, `cutoff` (the last time that was seen), `y`,
            then each model's median and intervals, such as `NanoTST`, `NanoTST-lo-80`, `NanoTST-hi-80`. Times without
            a row in the table have none here. The columns are those that utilsforecast's `evaluate` takes.
        scores: One row a series and model: `unique_id`, `model`, `windows` (0 for a series too short for one), scores.
        overall: One row a model: `mase` is the mean over series, the others pool all values.
        steps: One row a model and step ahead: `model`, `step` and the mean over windows of the scaled error, `mase`.
        horizon: Steps in a window.
        windows: Windows asked for of each series.
        step: Steps from one origin to the next.
        season: Steps in the season that scales errors.
    """

    forecasts: Any
    scores: Any
    overall: Any
    steps: Any
    horizon: int
    windows: int
    step: int
    season: int


def backtest(
    frame: Any,
    horizon: int,
    windows: int = 5,
    *,
    models: Sequence[str | Predictor] = ("nanotst", "seasonal-naive"),
    step: int | None = None,
    freq: str | int | None = None,
    levels: Numbers = (80, 95),
    id_col: str | None = None,
    time_col: str | Sequence[str] | None = None,
    target_col: str | Sequence[str] | None = None,
    time_format: str | None = None,
    duplicates: str | None = None,
    batch: int = 128,
) -> Backtest:
    """Forecasts the last windows of every series from what came before, and scores the forecasts.

    The last window ends with the last value of the series, the others end `step` steps earlier each. A window needs
    more values before it than a season has steps; a series too short for all windows has the later ones only. Every
    model is given the same beginnings; none is told the future, and NanoTST, which is fitted to nothing, never saw any.

    Args:
        frame: One row a series and time, a DataFrame of pandas or polars; read as by `forecast_frame`.
        horizon: Steps in a window, at least 1.
        windows: How many windows a series has at most.
        models: Names (`nanotst`, `ar`, `seasonal-naive`, `ets`, `theta`, or a model folder) or predictors. `ets` and
            `theta` need `pip install segue[classical]`.
        step: Steps from one origin to the next; by default `horizon`, so that windows do not overlap.
        freq: See `forecast_frame`, as for all that follow.
        levels: Prediction intervals in per cent, whose coverage is scored.
        id_col: The column that names the series.
        time_col: The column of times, or several.
        target_col: The column to forecast, or several.
        time_format: How times are written.
        duplicates: What becomes of several values at one time.
        batch: How many windows are forecast at once.

    Raises:
        UserError: An argument that fits nothing, or no series that is long enough.
    """
    reading = read_frame(
        frame,
        freq=freq,
        id_col=id_col,
        time_col=time_col,
        target_col=target_col,
        time_format=time_format,
        duplicates=duplicates,
    )
    season = reading.panel.frequency.season
    given = [models] if isinstance(models, str) else models
    predictors = [load_predictor(model, season, "models") if isinstance(model, str) else model for model in given]
    return backtest_reading(reading, predictors, horizon, windows, step, levels, batch)


def backtest_reading(
    reading: Reading,
    predictors: Sequence[Predictor],
    horizon: int,
    windows: int = 5,
    step: int | None = None,
    levels: Numbers = (80, 95),
    batch: int = 128,
    report: Report | None = None,
) -> Backtest:
    """Backtests on a frame already read; see `backtest`."""
    step = horizon if step is None else step
    columns = {name: output_columns(name, horizon, levels) for name in _distinct_names(predictors)}
    for argument, given in (("windows", windows), ("step", step)):
        if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < 1:
            raise UserError(argument, given, "give a whole number of at least 1")
    reading.refuse_taken(("cutoff", "y", "model", "windows", *(name for own in columns.values() for name in own)))
    origins = roll(reading.panel, horizon, windows, step)
    truth = Windows.of(origins, batch)
    forecast: dict[str, NDArray[np.float64]] = {}
    evaluations: dict[str, Evaluation] = {}
    for (name, own), predictor in zip(columns.items(), predictors, strict=True):
        wanted = tuple(sorted({*DECILES, *own.values()}))
        quantiles = forecast_panel(predictor, origins, horizon, wanted, batch, report and partial(report, name))
        at = {level: quantiles[..., place] for place, level in enumerate(wanted)}
        forecast |= {column: at[level] for column, level in own.items()}
        evaluations[name] = evaluate(truth, at, _intervals(own))
    return Backtest(
        forecasts=_forecast_table(reading, origins, forecast),
        **_score_tables(reading, truth, evaluations),
        horizon=horizon,
        windows=windows,
        step=step,
        season=reading.panel.frequency.season,
    )


def _distinct_names(predictors: Sequence[Predictor]) -> list[str]:
    """The names of the models; the second of one name gets `-2`, so that two NanoTSTs can be compared."""
    if not predictors:
        raise UserError("models", "(none)", "name one at least")
    names: list[str] = []
    for predictor in predictors:
        count, name = 1, predictor.name
        while name in names:
            count += 1
            name = f"{predictor.name}-{count}"
        names.append(name)
    return names


def _intervals(columns: dict[str, float]) -> dict[str, tuple[float, float]]:
    """The levels of the bounds of each interval, by its coverage as the columns write it."""
    lower = [(column.rsplit("-lo-", 1)[1], level) for column, level in columns.items() if level < 0.5]
    return {percent: (level, round(1 - level, 12)) for percent, level in lower}


def _forecast_table(reading: Reading, origins: Origins, columns: dict[str, NDArray[np.float64]]) -> Any:
    panel = origins.panel
    lane, row, last = origins.rows()
    ahead = panel.places[row] - origins.spans[lane]
    values = {"y": panel.values[row], **{name: array[lane, ahead] for name, array in columns.items()}}
    return reading.rolled(origins.series[lane], panel.times[row], panel.times[last], values)


def _score_tables(reading: Reading, truth: Windows, evaluations: dict[str, Evaluation]) -> dict[str, Any]:
    """The frames `scores`, `overall` and `steps`."""
    names, series, horizon = list(evaluations), len(reading.panel), truth.actual.shape[-1]
    found = list(evaluations.values())
    per_series = {key: np.stack([one.series[key] for one in found], axis=1).ravel() for key in found[0].series}
    scores = {"model": names * series, "windows": np.repeat(truth.count, len(names)), **per_series}
    overall = {"model": names, **{key: np.array([one.overall[key] for one in found]) for key in found[0].overall}}
    steps = {
        "model": [name for name in names for _ in range(horizon)],
        "step": np.tile(np.arange(1, horizon + 1), len(names)),
        "mase": np.concatenate([one.steps for one in found]),
    }
    return {
        "scores": reading.table(scores, np.repeat(np.arange(series), len(names))),
        "overall": reading.table(overall),
        "steps": reading.table(steps),
    }
