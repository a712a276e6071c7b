"""Nixtla's API, version 2: `nixtla.NixtlaClient(base_url=...)` works unchanged."""

from typing import Any

import numpy as np
from fastapi import APIRouter
from jaxtyping import Float64

from segue.serve import answers
from segue.serve.dialects.nixtla_payload import ForecastBody, asked_of
from segue.serve.numbers import listed
from segue.serve.service import Service

_ALL = 1_000_000
"""The context that the client is told of. It cuts longer series, and the model's own context is cut here."""


def router(service: Service) -> APIRouter:
    """The routes of this dialect.

    Args:
        service: What answers are made with.
    """
    routes = APIRouter(tags=["Nixtla v2"])

    @routes.get("/model_params")
    def model_params(model: str | None = None, freq: str | None = None) -> dict[str, Any]:
        """How much of a series the client should send, and how far it may ask ahead."""
        service.models.named(model)
        return {"detail": {"input_size": _ALL, "horizon": service.limits.horizon}}

    @routes.get("/validate_api_key")
    def validate_api_key() -> dict[str, str]:
        """Whether the token is right; with another one, the server does not answer so far."""
        return {"detail": "the token is valid"}

    @routes.get("/usage")
    def usage() -> dict[str, dict[str, int]]:
        """How many requests this server has answered since it started; it counts no client apart."""
        return {"requests": {"used": service.metrics.requests}}

    @routes.get("/v2/models")
    def models() -> dict[str, list[dict[str, str]]]:
        """The models of this server."""
        return {"models": [{"name": name} for name in service.models.names]}

    @routes.post("/v2/forecast")
    def forecast(body: ForecastBody) -> dict[str, Any]:
        """The median as `mean`, and intervals."""
        return forecast_of(body, service)

    return routes


def forecast_of(body: ForecastBody, service: Service) -> dict[str, Any]:
    """Answers `/v2/forecast`."""
    series, asked = asked_of(body, service)
    found = answers.forecast(asked)
    service.metrics.computed(len(series.sizes), len(found) * found["point"].size)
    return {
        "mean": listed(found["point"].ravel()),
        "intervals": intervals(found),
        "weights_x": None,
        "feature_contributions": None,
    }


def intervals(columns: dict[str, Float64[np.ndarray, "..."]]) -> dict[str, list[Any]] | None:
    """The bounds of intervals by the client's names, `lo-80` and `hi-80`; None if there are none."""
    bounds = {name: listed(values.ravel()) for name, values in columns.items() if name[:3] in ("lo-", "hi-")}
    return bounds or None
