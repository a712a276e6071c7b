"""The bodies of Nixtla's API, version 2, as `nixtla.NixtlaClient` sends them, and the request that each becomes."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from segue.serve.asked import Asked
from segue.serve.dialects.lists import FIRST
from segue.serve.refused import Refused
from segue.serve.service import Service
from segue.serve.table import SOME_MONDAY, Series, moments


class SeriesBody(BaseModel):
    """Series one after the other. Rows of `X` are columns; those whose future is known come first."""

    y: Annotated[list[float | None], FIRST]
    sizes: Annotated[list[int], FIRST]
    X: Annotated[list[list[Any]], FIRST] | None = None
    X_future: Annotated[list[list[Any]], FIRST] | None = None
    start_datetime: Annotated[list[str], FIRST] | None = None
    categorical_exog: Annotated[list[int], FIRST] | None = None


class Body(BaseModel):
    """What all calls share."""

    series: SeriesBody
    model: str | None = None
    freq: str = "MS"
    finetune_steps: int = 0
    finetuned_model_id: str | None = None
    feature_contributions: bool = False
    multivariate: bool = False
    model_parameters: dict[str, Any] | None = None


class ForecastBody(Body):
    """A forecast."""

    h: int
    level: Annotated[list[float], FIRST] | None = None


class WindowsBody(ForecastBody):
    """A cross-validation, or one-step forecasts of the whole past if `full_history` is true."""

    n_windows: int = 1
    step_size: int | None = None
    hist_exog: Annotated[list[int], FIRST] | None = None
    full_history: bool = False


class AnomalyBody(Body):
    """Anomalies of the whole past."""

    level: float = 99.0


class OnlineBody(AnomalyBody):
    """Anomalies of the last values of each series."""

    h: int
    detection_size: int
    step_size: int | None = None
    threshold_method: str = "univariate"


class SimulateBody(Body):
    """Joint paths."""

    h: int
    n_paths: int = 100
    seed: int | None = None


def series_of(body: Body, service: Service, months: bool = False) -> Series:
    """Checks the series of a body.

    Times without `start_datetime` are numbers if the step is `MS`: the client sends this for integer times, and leaves
    the times of zones with summer time out. With another step, any time does, since forecasts read the step alone.

    Args:
        body: The body.
        service: Its limits.
        months: Whether `MS` without times means months, as in calls that never have times.

    Raises:
        Refused: The sizes do not fit the values, or something is asked for that the server does not have.
    """
    _refuse_unsupported(body)
    sent, rows = body.series, len(body.series.y)
    if not sent.sizes or min(sent.sizes) < 1 or sum(sent.sizes) != rows:
        raise Refused(422, f"series.sizes: give whole numbers above 0 whose sum is the {rows:,} values of y")
    service.limits.check(len(sent.sizes), 1)
    values, sizes = np.array(sent.y, dtype=np.float64), np.array(sent.sizes, dtype=np.int64)
    if sent.start_datetime is not None:
        if len(sent.start_datetime) != len(sizes):
            raise Refused(422, f"series.start_datetime: give one time for each of the {len(sizes):,} series")
        return Series(values, sizes, moments(sent.start_datetime, "series.start_datetime"), body.freq)
    numbers = body.freq == "MS" and not months
    return Series(values, sizes, None if numbers else np.full(len(sizes), SOME_MONDAY), body.freq)


def _refuse_unsupported(body: Body) -> None:
    if body.finetune_steps or body.finetuned_model_id:
        raise Refused(422, "finetune_steps: the model is not fine-tuned; leave out finetuning")
    if body.feature_contributions:
        raise Refused(422, "feature_contributions: use `segue explain`, which explains one forecast by its parts")
    if body.model_parameters:
        raise Refused(422, "model_parameters: the model has none; leave them out")
    if body.multivariate and not isinstance(body, SimulateBody):  # the answer to a simulation says `coupled`: false
        raise Refused(422, "multivariate: the model reads each series by itself; leave it out")


def asked_of(body: ForecastBody | SimulateBody, service: Service, known: int | None = None) -> tuple[Series, Asked]:
    """Makes the request of a forecast, a cross-validation or a simulation.

    Args:
        body: The body.
        service: Its limits and models.
        known: How many rows of `X` are known ahead, where they have no future of their own.

    Raises:
        Refused: See `series_of`; or rows of `X` are known of the past only.
    """
    simulated = isinstance(body, SimulateBody)
    series = series_of(body, service, months=simulated)
    levels = () if isinstance(body, SimulateBody) else tuple(level for level in body.level or () if level != 0)
    service.limits.check(len(series.sizes), body.h, 1 + 2 * len(levels))
    columns, names = _columns(body.series, len(series.values), "X"), tuple[str, ...]()
    future = None
    ahead = len(body.series.X_future or ()) if known is None else known
    if ahead > len(columns):
        raise Refused(422, f"series.X_future: has {ahead} rows for {len(columns)} of X; give a row for each of X")
    if columns:
        names = tuple(columns)
        if ahead != len(names):
            few = f"{len(names) - ahead} of {len(names)} columns are known of the past only"
            raise Refused(422, f"hist_exog_list: {few}, and the model does not read such columns; leave them out")
        if known is None:
            rows = _columns(body.series, len(series.sizes) * body.h, "X_future")
            future = series.ahead(body.h, rows)
    frame = series.frame(columns)
    predictor = service.model(body.model)
    return series, Asked(frame, predictor, body.h, series.step, levels, covariates=names, future=future)


def _columns(series: SeriesBody, rows: int, name: str) -> dict[str, Any]:
    """The rows of `X` or `X_future` as columns `x1`, `x2`; those that are categorical hold text."""
    found = {}
    for index, row in enumerate(getattr(series, name) or ()):
        if len(row) != rows:
            raise Refused(422, f"series.{name}: give {rows:,} values in each row; row {index + 1} has {len(row):,}")
        if index in (series.categorical_exog or ()):
            found[f"x{index + 1}"] = pd.Series([None if cell is None else str(cell) for cell in row], dtype=object)
        else:
            try:
                found[f"x{index + 1}"] = pd.Series([np.nan if cell is None else float(cell) for cell in row])
            except (TypeError, ValueError, OverflowError) as error:
                raise Refused(422, f"series.{name}: row {index + 1} holds no numbers; name it categorical") from error
    return found
