"""KServe's time series API: `POST /v1/timeseries/forecast`."""

from time import time
from typing import Annotated, Any, Literal
from uuid import uuid4

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from segue.serve import answers
from segue.serve.asked import Asked
from segue.serve.dialects.lists import FIRST
from segue.serve.numbers import listed
from segue.serve.refused import Refused
from segue.serve.service import Service
from segue.serve.table import SOME_MONDAY, Series, moments

_STEPS = {
    "second": "s", "S": "s", "minute": "min", "T": "min", "hour": "h", "H": "h", "day": "D", "D": "D",
    "week": "W", "W": "W", "month": "MS", "M": "MS", "quarter": "QS", "Q": "QS", "year": "YS", "Y": "YS",
}  # fmt: skip


class Input(BaseModel):
    """One series."""

    type: Literal["univariate_time_series", "multivariate_time_series"] = "univariate_time_series"
    name: str
    series: Annotated[list[float | None], FIRST] | Annotated[list[list[float | None]], FIRST]
    frequency: str
    start_timestamp: str | None = None


class Options(BaseModel):
    """What is asked."""

    horizon: int
    quantiles: Annotated[list[float], FIRST] | None = None


class Body(BaseModel):
    """A forecast of some series, each with a step and times of its own."""

    model: str | None = None
    inputs: Annotated[list[Input], FIRST]
    options: Options


def router(service: Service) -> APIRouter:
    """The routes of this dialect.

    Args:
        service: What answers are made with.
    """
    routes = APIRouter(tags=["KServe time series"])

    @routes.get("/v1/timeseries/models")
    def models() -> list[str]:
        """The models of this server."""
        return service.models.names

    @routes.post("/v1/timeseries/forecast")
    def forecast(body: Body) -> dict[str, Any]:
        """The median as `mean_forecast`, and quantiles; one output with a forecast for each input."""
        return forecast_of(body, service)

    return routes


def forecast_of(body: Body, service: Service) -> dict[str, Any]:
    """Answers `/v1/timeseries/forecast`; series of one frequency are forecast together."""
    if not body.inputs:
        raise Refused(422, "inputs: is empty; give at least one series")
    quantiles = tuple(body.options.quantiles or ())
    service.limits.check(len(body.inputs), body.options.horizon, 1 + len(quantiles))
    name, _ = service.models.named(body.model)
    predictor = service.model(body.model)
    found: dict[int, dict[str, Any]] = {}
    for frequency in dict.fromkeys(one.frequency for one in body.inputs):
        picked = [index for index, one in enumerate(body.inputs) if one.frequency == frequency]
        series = _series([body.inputs[index] for index in picked], frequency)
        asked = Asked(series.frame(), predictor, body.options.horizon, series.step, (), quantiles)
        columns = answers.forecast(asked)
        service.metrics.computed(len(picked), len(columns) * columns["point"].size)
        starts = series.ahead(1, {})["ds"].to_numpy("datetime64[us]")
        for lane, index in enumerate(picked):
            found[index] = {
                "type": "univariate_time_series",
                "name": body.inputs[index].name,
                "mean_forecast": listed(columns["point"][lane]),
                "frequency": frequency,
                "start_timestamp": str(starts[lane].astype("datetime64[s]")),
                "quantiles": {f"{q:g}": listed(columns[f"q-{100 * q:.12g}"][lane]) for q in quantiles} or None,
            }
    content = [found[index] for index in range(len(body.inputs))]
    output = {"type": "time_series_forecast", "id": str(uuid4()), "status": "completed", "error": None}
    answer = {"id": str(uuid4()), "created_at": int(time()), "status": "completed", "error": None, "model": name}
    return {**answer, "outputs": [{**output, "content": content}], "usage": _usage(body)}


def _usage(body: Body) -> dict[str, int]:
    """Values read and written, in the words of the protocol."""
    read, written = sum(len(one.series) for one in body.inputs), len(body.inputs) * body.options.horizon
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _series(inputs: list[Input], frequency: str) -> Series:
    """The series of some inputs of one frequency.

    Raises:
        Refused: A series is empty or has several variables, or the frequency is unknown.
    """
    if frequency not in _STEPS:
        raise Refused(422, f"frequency {frequency[:40]}: give one of {', '.join(_STEPS)}")
    for one in inputs:
        if not one.series:
            raise Refused(422, f"series of {one.name[:40]}: is empty; give at least one value")
        if one.type != "univariate_time_series" or isinstance(one.series[0], list):
            raise Refused(422, f"type of {one.name[:40]}: give each variable as a univariate_time_series of its own")
    values = np.array([value for one in inputs for value in one.series], dtype=np.float64)
    sizes = np.array([len(one.series) for one in inputs], dtype=np.int64)
    known = [one.start_timestamp for one in inputs if one.start_timestamp is not None]
    starts = np.full(len(inputs), SOME_MONDAY)
    given = np.array([one.start_timestamp is not None for one in inputs])
    starts[given] = moments(known, "start_timestamp")
    return Series(values, sizes, starts, _STEPS[frequency])
