"""KServe's first protocol, `POST /v1/models/NAME:predict`: rows of a long table as instances."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from segue.serve import answers
from segue.serve.asked import Asked
from segue.serve.dialects.lists import FIRST
from segue.serve.numbers import listed
from segue.serve.refused import Refused
from segue.serve.service import Service
from segue.serve.table import ID, TARGET, TIME

_NAMES = {"item_id": ID, "timestamp": TIME, "target": TARGET}


class Instance(BaseModel):
    """A row: the series, the time, the value, and any covariates."""

    model_config = ConfigDict(extra="allow")
    item_id: str | int = "0"
    timestamp: str | int
    target: float | None = None


class Parameters(BaseModel):
    """What is asked."""

    prediction_length: int | None = None
    quantile_levels: Annotated[list[float], FIRST] = []
    freq: str | int | None = None


class Body(BaseModel):
    """A table in rows, and rows of the steps ahead with what is known of them."""

    instances: Annotated[list[Instance], FIRST]
    known_covariates: Annotated[list[Instance], FIRST] | None = None
    parameters: Parameters = Parameters()


def router(service: Service) -> APIRouter:
    """The routes of this dialect.

    Args:
        service: What answers are made with.
    """
    routes = APIRouter(tags=["KServe predict"])

    @routes.get("/v1/models")
    def models() -> dict[str, list[str]]:
        """The models of this server."""
        return {"models": service.models.names}

    @routes.get("/v1/models/{name}")
    def model(name: str) -> dict[str, Any]:
        """Whether a model answers requests."""
        own, _ = service.models.named(name)
        return {"name": own, "ready": True}

    @routes.post("/v1/models/{name}:predict")
    def predict(name: str, body: Body) -> dict[str, Any]:
        """The median as `mean`, and quantiles, in a row for each series and step."""
        return {"predictions": predictions(name, body, service)}

    return routes


def predictions(name: str, body: Body, service: Service) -> list[dict[str, Any]]:
    """Answers `:predict`."""
    asked = body.parameters
    if not body.instances:
        raise Refused(422, "instances: is empty; give a row for each series and time")
    frame = _frame(body.instances)
    future = None if not body.known_covariates else _frame(body.known_covariates).drop(columns=TARGET)
    horizon = asked.prediction_length or (0 if future is None else int(future.groupby(ID).size().min()))
    if not horizon:
        raise Refused(422, "parameters.prediction_length: give the number of steps ahead")
    service.limits.check(int(frame[ID].nunique()), horizon, 1 + len(asked.quantile_levels))
    covariates = () if future is None else tuple(column for column in future.columns if column not in (ID, TIME))
    quantiles = tuple(asked.quantile_levels)
    predictor = service.model(name)
    request = Asked(frame, predictor, horizon, asked.freq, (), quantiles, covariates, future)
    columns = answers.forecast(request)
    reading = answers.read(request)
    rows = reading.future(horizon, {"mean": columns["point"]})
    service.metrics.computed(len(reading.panel), len(columns) * columns["point"].size)
    numbers = {"mean": columns["point"], **{f"{q:g}": columns[f"q-{100 * q:.12g}"] for q in quantiles}}
    found = {name: listed(values.ravel()) for name, values in numbers.items()}
    times = [str(time.isoformat()) if hasattr(time, "isoformat") else int(time) for time in rows[TIME]]
    keys = {"item_id": rows[ID].tolist(), "timestamp": times}
    return [dict(zip((*keys, *found), row, strict=True)) for row in zip(*keys.values(), *found.values(), strict=True)]


def _frame(instances: list[Instance]) -> pd.DataFrame:
    rows = pd.DataFrame([one.model_dump() for one in instances])
    taken = [name for name in _NAMES.values() if name in rows]
    if taken:
        raise Refused(422, f"{taken[0]}: no covariate can have this name; give it another")
    frame = rows.rename(columns=_NAMES)
    if frame[ID].map(type).nunique() > 1:
        frame[ID] = frame[ID].astype(str)
    if TARGET in frame:
        frame[TARGET] = frame[TARGET].astype(np.float64)
    return frame
