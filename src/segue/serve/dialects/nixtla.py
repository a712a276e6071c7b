"""Nixtla's API, version 2: `nixtla.NixtlaClient(base_url=...)` works unchanged."""

from typing import Any

from fastapi import APIRouter

from segue.serve import answers
from segue.serve.dialects import nixtla_past
from segue.serve.dialects.nixtla_jobs import Jobs, Task
from segue.serve.dialects.nixtla_payload import (
    AnomalyBody,
    ForecastBody,
    OnlineBody,
    SimulateBody,
    WindowsBody,
    asked_of,
)
from segue.serve.numbers import intervals, listed
from segue.serve.refused import Refused
from segue.serve.service import Service

_ALL = 1_000_000
"""The context that the client is told of. It cuts longer series, and the model's own context is cut here."""


def router(service: Service) -> APIRouter:
    """The routes of this dialect.

    Args:
        service: What answers are made with.
    """
    routes = APIRouter(tags=["Nixtla v2"])
    _small_calls(routes, service)

    @routes.post("/v2/forecast")
    def forecast(body: ForecastBody) -> dict[str, Any]:
        """The median as `mean`, and intervals."""
        return forecast_of(body, service)

    @routes.post("/v2/cross_validation")
    def cross_validation(body: WindowsBody) -> dict[str, Any]:
        """Forecasts of the last windows, or of the whole past one step ahead."""
        return nixtla_past.windows_of(body, service)

    @routes.post("/v2/anomaly_detection")
    def anomaly_detection(body: AnomalyBody) -> dict[str, Any]:
        """Anomalies of the whole past after its first values."""
        return nixtla_past.anomalies_of(body, service)

    @routes.post("/v2/online_anomaly_detection")
    def online_anomaly_detection(body: OnlineBody) -> dict[str, Any]:
        """Anomalies of the last values of each series."""
        return nixtla_past.online_of(body, service)

    _job_calls(routes, Jobs(service, TASKS))
    return routes


def _small_calls(routes: APIRouter, service: Service) -> None:
    """Adds what the client asks beside its requests."""

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


def _job_calls(routes: APIRouter, jobs: Jobs) -> None:
    """Adds what begins, shows and ends jobs."""

    @routes.post("/v2/{task}/async", status_code=202)
    def submit(task: str, body: dict[str, Any]) -> dict[str, str]:
        """Begins a job, and gives its name."""
        return {"job_id": jobs.submit(task, body)}

    @routes.get("/v2/{task}/jobs/{job}")
    def state(task: str, job: str) -> dict[str, Any]:
        """The state of a job, and its result once it is there."""
        return jobs.state(job)

    @routes.post("/v2/async/jobs/{job}/cancel")
    def cancel(job: str) -> dict[str, Any]:
        """Stops a job that has not begun; the result of another one is thrown away."""
        return jobs.cancel(job)

    @routes.post("/v2/finetune")
    def finetune() -> dict[str, Any]:
        """The model is not fine-tuned."""
        raise Refused(422, "finetune: the model is not fine-tuned; forecast without it")


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


def simulate_of(body: SimulateBody, service: Service) -> dict[str, Any]:
    """Answers a job of `simulate`: all series of the first path, then of the next. Series are not coupled."""
    series, asked = asked_of(body, service)
    service.limits.check(len(series.sizes), body.h, body.n_paths)
    values = answers.paths(asked, body.n_paths, 0 if body.seed is None else body.seed)
    service.metrics.computed(len(series.sizes), values.size)
    return {
        "n_paths": body.n_paths,
        "h": body.h,
        "sizes": [body.h] * len(series.sizes),
        "samples": listed(values.transpose(1, 0, 2).ravel()),
        "coupled": False,
    }


TASKS: dict[str, Task] = {
    "forecast": (ForecastBody, forecast_of),
    "cross_validation": (WindowsBody, nixtla_past.windows_of),
    "anomaly_detection": (AnomalyBody, nixtla_past.anomalies_of),
    "online_anomaly_detection": (OnlineBody, nixtla_past.online_of),
    "simulate": (SimulateBody, simulate_of),
}
"""What jobs do: the body of each, and the function that answers it."""
