"""The app of the server: all dialects on one service, behind a guard and bounds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from segue.serve.auth import Guard
from segue.serve.body import Bodies
from segue.serve.counted import Counted
from segue.serve.dialects import health, kserve, nixtla, predict
from segue.serve.errors import Detail, Error, SeriesError, documented, handle_errors
from segue.serve.page.routes import router as page
from segue.serve.service import Service

_SPARE = 8
"""Threads beside one for each request that is computed or waits, so that health and counts are always answered."""

_ABOUT = "Forecasts, backtests, anomalies and paths of series of numbers."


def make_app(service: Service, token: str | None = None, scores: Path | None = None) -> FastAPI:
    """Makes the app.

    Args:
        service: What answers are made with.
        token: What every request must carry; None for no token.
        scores: The file of scores of a watched stream that the page shows.
    """

    @asynccontextmanager
    async def threads(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = service.limits.waiting + _SPARE
        yield

    app = FastAPI(
        title="Segue",
        version=version("segue"),
        description=_ABOUT,
        lifespan=threads,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    handle_errors(app)
    for dialect, form in ((health, Error), (nixtla, Detail), (kserve, SeriesError), (predict, Error)):
        app.include_router(dialect.router(service), responses=documented(form))
    app.include_router(page(service, scores), responses=documented(Detail))

    @app.get("/metrics", tags=["Server"], response_class=PlainTextResponse, responses=documented(Detail))
    def metrics() -> str:
        """Counts and times of requests, as Prometheus reads them."""
        return service.metrics.text()

    app.add_middleware(Bodies, limits=service.limits)
    if token is not None:
        app.add_middleware(Guard, token=token)
    app.add_middleware(Counted, metrics=service.metrics, most=service.limits.waiting)  # the last is the outermost
    return app
