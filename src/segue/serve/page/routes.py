"""The routes of the page: its files, and what it asks the server."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import FileResponse, PlainTextResponse
from pydantic import BaseModel

from segue.forecasting.forecast import forecast_reading
from segue.forecasting.predictor import check_horizon
from segue.forecasting.table.layout import Layout
from segue.serve.page.live import Scores
from segue.serve.page.shown import Table, one_series, read_upload, shown
from segue.serve.refused import Refused
from segue.serve.service import Service

STATIC = Path(__file__).parent / "static"
_KINDS = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".csv": "text/csv", "": "text/plain"}
_OWN = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
_HEADERS = {
    "Content-Security-Policy": _OWN + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
"""No script, style or request of another server, whatever a table holds."""

_LAYOUT = {"id_col", "time_col", "target_col", "freq", "time_format", "decimal", "duplicates"}

Content = Annotated[bytes, Body(media_type="application/octet-stream")]


class Options(BaseModel):
    """How to read the table, as `segue.Layout` takes it; empty text is left out."""

    name: str = ""
    id_col: str = ""
    time_col: str = ""
    target_col: str = ""
    freq: str = ""
    time_format: str = ""
    decimal: str = ""
    duplicates: str = ""

    def table(self, content: bytes) -> Table:
        """Reads the table."""
        given = {name: value for name, value in self.model_dump(include=_LAYOUT).items() if value}
        return read_upload(content, self.name, Layout(**given))


class Wanted(Options):
    """How to read the table, and what is wanted of it."""

    series: str = ""
    horizon: int = 12
    level: float = 80.0
    model: str = ""
    use: str = ""
    holidays: str = ""


def router(service: Service, scores: Path | None = None) -> APIRouter:
    """The routes of the page.

    Args:
        service: What answers are made with.
        scores: The file of scores of a watched stream, if any.
    """
    routes, watched = APIRouter(include_in_schema=False), None if scores is None else Scores(scores)

    @routes.get("/")
    def index() -> FileResponse:
        return _file("index.html")

    @routes.get("/docs")
    def api() -> FileResponse:
        return _file("api.html")

    @routes.get("/page/static/{path:path}")
    def static(path: str) -> FileResponse:
        return _file(path)

    @routes.get("/page/about")
    def about() -> dict[str, Any]:
        return {"models": service.models.names, "live": watched is not None, "horizon": service.limits.horizon}

    @routes.post("/page/read")
    def read(options: Annotated[Options, Query()], content: Content = b"") -> dict[str, Any]:
        return options.table(content).summary()

    @routes.post("/page/forecast")
    def forecast(wanted: Annotated[Wanted, Query()], content: Content = b"") -> dict[str, Any]:
        return _forecast(wanted, content, service)

    @routes.post("/page/table", response_class=PlainTextResponse)
    def table(wanted: Annotated[Wanted, Query()], content: Content = b"") -> str:
        return _table(wanted, content, service)

    @routes.get("/page/live")
    def live(place: int = 0) -> dict[str, Any]:
        if watched is None:
            raise Refused(404, "no stream is followed; start the server with --scores FILE")
        return watched.since(place)

    return routes


def _file(path: str) -> FileResponse:
    """A file of the page.

    Raises:
        Refused: There is none of this name.
    """
    try:
        found = (STATIC / path).resolve()
        found.is_file()
    except (OSError, ValueError):  # a name that no file can have
        raise Refused(404, f"{path[:80]}: the page has no such file") from None
    if not found.is_relative_to(STATIC.resolve()) or not found.is_file():
        raise Refused(404, f"{path[:80]}: the page has no such file")
    return FileResponse(found, media_type=_KINDS[found.suffix], headers=_HEADERS)


def _forecast(wanted: Wanted, content: bytes, service: Service) -> dict[str, Any]:
    """One series with its forecast, verdict and reason."""
    model, table = service.model(wanted.model), wanted.table(content)
    check_horizon(wanted.horizon)
    service.limits.check(1, wanted.horizon, 3)
    plain = one_series(table, wanted.series)
    own, known = table.known(model, wanted.horizon, _names(wanted.use), wanted.holidays)
    found = shown(known, plain, own, model, wanted.horizon, wanted.level)
    service.metrics.computed(1, 3 * wanted.horizon)
    return found


def _table(wanted: Wanted, content: bytes, service: Service) -> str:
    """The forecasts of all series as CSV."""
    model, table = service.model(wanted.model), wanted.table(content)
    check_horizon(wanted.horizon)
    service.limits.check(len(table.names), wanted.horizon, 3)
    own, known = table.known(model, wanted.horizon, _names(wanted.use), wanted.holidays)
    text: str = forecast_reading(own, known.reading, wanted.horizon, (wanted.level,)).to_csv(index=False)
    service.metrics.computed(len(table.names), 3 * wanted.horizon * len(table.names))
    return text


def _names(given: str) -> Sequence[str]:
    return [name for name in given.split("\n") if name]
