"""Health and metadata as in the Open Inference Protocol, version 2."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from segue.serve.service import Service


def router(service: Service) -> APIRouter:
    """The routes of this dialect.

    Args:
        service: What answers are made with.
    """
    routes = APIRouter(tags=["Open Inference Protocol"])

    @routes.get("/v2/health/live")
    def live() -> dict[str, bool]:
        """Whether the server runs."""
        return {"live": True}

    @routes.get("/v2/health/ready")
    def ready() -> dict[str, bool]:
        """Whether it answers requests: models are loaded before it listens."""
        return {"ready": True}

    @routes.get("/v2")
    def server() -> dict[str, Any]:
        """What this server is."""
        return {"name": "segue", "version": version("segue"), "extensions": []}

    @routes.get("/v2/models/{name}")
    def model(name: str) -> dict[str, Any]:
        """What a model takes and gives."""
        own, predictor = service.models.named(name)
        return {
            "name": own,
            "versions": ["1"],
            "platform": "segue",
            "inputs": [{"name": "values", "datatype": "FP64", "shape": [-1, -1]}],
            "outputs": [{"name": predictor.name, "datatype": "FP64", "shape": [-1, -1]}],
        }

    @routes.get("/v2/models/{name}/ready")
    def model_ready(name: str) -> dict[str, Any]:
        """Whether a model answers requests."""
        own, _ = service.models.named(name)
        return {"name": own, "ready": True}

    return routes
