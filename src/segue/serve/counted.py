"""The outermost part of the server: it counts and logs every request, and refuses those that are too many."""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segue.serve.errors import answer
from segue.serve.logs import answered, failed
from segue.serve.metrics import Metrics

_CHEAP = ("/v2/health/live", "/v2/health/ready", "/metrics")
"""What a watcher asks; it is answered however busy the server is."""


class Counted:
    """Counts, times and logs requests; an ASGI app.

    Args:
        app: The app inside.
        metrics: The counts.
        most: The largest number of requests that are computed or wait.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, most: int) -> None:
        self._app, self._metrics, self._most = app, metrics, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; see the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status, received = perf_counter(), 0, 0

        async def counted_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        app = self._app
        if self._metrics.opened() > self._most and scope["path"] not in _CHEAP:
            app = answer(scope["path"], 503, "the server is busy; try again in a second", 1)
        try:
            await app(scope, counted_receive, counted_send)
        except Exception as error:  # logged here without its message, which could hold data; nothing outside sees it
            failed(error)
            if not status:
                await answer(scope["path"], 500, "the server failed; its log has the reason")(
                    scope, receive, counted_send
                )
        finally:
            seconds, route = perf_counter() - begin, _route(scope)
            self._metrics.closed(route, status, seconds)
            answered(scope["method"], route, status, seconds, received)


def _route(scope: Scope) -> str:
    """The path of the route that answered, with names such as `{name}` in the place of what the client chose."""
    route = scope.get("route")
    return str(getattr(route, "path", "other"))
