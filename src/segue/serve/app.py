"""The app of the server: all dialects on one service."""

from fastapi import FastAPI

from segue import __version__
from segue.serve.dialects import health, kserve, nixtla, predict
from segue.serve.errors import handle_errors
from segue.serve.service import Service

_ABOUT = "Forecasts, backtests, anomalies and paths of series of numbers. Docs: docs/serving.md."


def make_app(service: Service) -> FastAPI:
    """Makes the app.

    Args:
        service: What answers are made with.
    """
    app = FastAPI(title="Segue", version=__version__, description=_ABOUT, openapi_url="/openapi.json")
    handle_errors(app)
    for dialect in (health, nixtla, kserve, predict):
        app.include_router(dialect.router(service))
    return app
