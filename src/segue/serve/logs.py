"""Logs as lines of JSON, without any value, name or time of a series."""

import json
import logging
import traceback

LOG = logging.getLogger("segue.serve")
"""Where the server logs to."""


class Lines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        line = {"time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"), "level": record.levelname.lower()}
        fields = getattr(record, "fields", None)
        return json.dumps(line | {"event": record.getMessage()} | (fields or {}))


def answered(method: str, route: str, status: int, seconds: float, received: int) -> None:
    """Logs a request that was answered.

    Args:
        method: The method of HTTP.
        route: The path of the route, without names that a client chose.
        status: The status of HTTP.
        seconds: From its coming to its answer.
        received: The bytes of its body.
    """
    fields = {"method": method, "route": route, "status": status, "ms": round(1000 * seconds, 1), "bytes": received}
    LOG.info("answered", extra={"fields": fields})


def failed(error: BaseException) -> None:
    """Logs an error of the server by its kind and the lines of code; its message could hold data."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    LOG.error("failed", extra={"fields": {"error": type(error).__name__, "where": where}})
