"""One comparison of models from the same origins: their forecasts, scores and the verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.answers.calibration import Calibration
from segue.forecasting.answers.distributions import panel_quantiles
from segue.forecasting.evaluation.metrics import DECILES
from segue.forecasting.evaluation.naives import label, naive_forecasts
from segue.forecasting.evaluation.origins import Origins
from segue.forecasting.evaluation.scores import Evaluation, Windows, evaluate
from segue.forecasting.evaluation.verdict import Verdict, judge
from segue.forecasting.forecast import NO_LIMITS, Limits
from segue.forecasting.registry import Predictor, naive_season
from segue.forecasting.table.result import Numbers, QuantileColumns

Report = Callable[[str, int, int], None]
"""A function to call with the name of a model, the number of windows it has forecast, and the number of all."""


@dataclass(frozen=True, eq=False)
class Contest:
    """What models forecast from the same origins, and how good it was.

    Attributes:
        truth: The actual values.
        forecasts: The quantiles `(lanes, horizon)` of each column of a model.
        evaluations: The scores of each model, by name.
        verdict: How the first model compares with the best of the others; None if there are no others.
    """

    truth: Windows
    forecasts: dict[str, NDArray[np.float64]]
    evaluations: dict[str, Evaluation]
    verdict: Verdict | None


def entrants(models: Sequence[Predictor | str], origins: Origins) -> list[Predictor]:
    """The models of a contest, with the naive forecasts of the table in place of their common name."""
    given = [model for model in models if not isinstance(model, str)]
    naives = naive_forecasts(origins, given)
    return [one for model in models for one in (naives if isinstance(model, str) else [model])]


def columns_of(predictors: Sequence[Predictor], levels: Numbers) -> list[QuantileColumns]:
    """The columns of each model; the second model of one name gets `-2`, so that two NanoTSTs can be compared."""
    if not predictors:
        raise UserError("models", "(none)", "name at least one")
    names, distinct = [label(predictor) for predictor in predictors], list[str]()
    for name in names:
        numbered = (f"{name}-{count}" for count in range(2, len(names) + 1))
        distinct.append(next(free for free in (name, *numbered) if free not in distinct))
    return [QuantileColumns.of(name, levels) for name in distinct]


def compare(
    origins: Origins,
    step: int,
    predictors: Sequence[Predictor],
    columns: Sequence[QuantileColumns],
    report: Report | None = None,
    limits: Limits = NO_LIMITS,
    calibration: Calibration | None = None,
) -> Contest:
    """Forecasts all windows by every model, and scores the forecasts.

    Args:
        origins: The beginnings of the series.
        step: Steps from one origin to the next.
        predictors: The models; the verdict is on the first.
        columns: The columns of each.
        report: A function that is called before the first batch of each model, and after each batch.
        limits: The limits that the user sets to the forecasts of all models.
        calibration: That of the bands of the first model at these origins; by default none is applied.
    """
    truth = Windows.of(origins)
    forecasts: dict[str, NDArray[np.float64]] = {}
    evaluations: dict[str, Evaluation] = {}
    for index, (own, predictor) in enumerate(zip(columns, predictors, strict=True)):
        wanted = tuple(sorted({*DECILES, *own.levels.values()}))
        progress = report and partial(report, own.point)
        bands = None if index else calibration
        quantiles = panel_quantiles(predictor, origins, origins.horizon, wanted, progress, limits, bands)
        at = {level: quantiles[..., place] for place, level in enumerate(wanted)}
        forecasts |= {column: at[level] for column, level in own.levels.items()}
        evaluations[own.point] = evaluate(truth, at, _intervals(own))
    seasons = [origins.panel.season if season == 0 else season for season in map(naive_season, predictors)]
    return Contest(truth, forecasts, evaluations, _verdict(seasons, truth, evaluations, -(-origins.horizon // step)))


def _verdict(
    seasons: Sequence[int | None], truth: Windows, evaluations: dict[str, Evaluation], overlap: int
) -> Verdict | None:
    rows = list(evaluations.values())
    claims = [name for name in rows[0].overall if name.startswith("coverage-")]
    return judge(
        list(evaluations),
        seasons,
        {name.upper(): np.array([row.overall[name] for row in rows]) for name in ("mase", "wape", "mae")},
        np.stack([row.windows for row in rows]),
        truth.floor,
        {claim.removeprefix("coverage-"): rows[0].overall[claim] for claim in claims},
        overlap,
    )


def _intervals(columns: QuantileColumns) -> dict[str, tuple[float, float]]:
    """The quantile levels of the bounds of each interval, by its coverage as in the names of columns."""
    bounds = [(percent, columns.interval(percent)) for percent in columns.percents]
    return {f"{percent:.12g}": (columns.levels[low], columns.levels[high]) for percent, (low, high) in bounds}
