"""The server at work: it listens, and stops when it is asked to, after the open requests."""

import errno
import logging
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from segue.errors import UserError
from segue.serve.logs import LOG, Lines
from segue.serve.patience import Patient

_BACKLOG = 1024  # connections that wait; as many as the widest load test opens, and more


@dataclass(frozen=True)
class Place:
    """Where a server listens, and how long it finishes requests when it is to stop.

    Attributes:
        host: The address.
        port: The port; 0 takes a free one.
        grace: Seconds in which open requests are finished after Ctrl-C or SIGTERM.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    grace: int = 30

    def bound(self) -> socket.socket:
        """Returns a socket that is bound there.

        Raises:
            UserError: There is no such address, or the port is taken or not allowed.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        own = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once on TCP only
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((self.host, self.port))
            own.listen(_BACKLOG)  # before it is said that the server listens
        except OSError as error:
            own.close()
            taken = error.errno in (errno.EADDRINUSE, errno.EACCES)  # any other fault is that of the address
            argument, value = ("port", self.port) if taken and self.port else ("host", self.host)
            raise UserError(
                argument, value, f"cannot listen there ({error.strerror or error}); give another"
            ) from error
        return own


def make_server(app: ASGIApp, place: Place) -> uvicorn.Server:
    """Makes a server of an app; it logs by `segue.serve.logs` alone."""
    config = uvicorn.Config(
        app,
        http=Patient,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=place.grace,
    )
    return uvicorn.Server(config)


def run(app: ASGIApp, place: Place) -> None:
    """Serves an app until Ctrl-C or SIGTERM.

    Raises:
        UserError: It cannot listen there.
    """
    own = place.bound()
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    own_logs = (LOG, logging.getLogger("uvicorn.error"))  # which warns of bytes that are no HTTP
    for log in own_logs:
        log.addHandler(handler)
        log.propagate = False
    LOG.setLevel(logging.INFO)
    host, port = own.getsockname()[:2]
    LOG.info("listening", extra={"fields": {"host": host, "port": port}})
    try:
        with _stopping(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # notices of a table name its series and times, and are no JSON
            make_server(app, place).run(sockets=[own])
    finally:
        own.close()
        LOG.info("stopped")
        for log in own_logs:
            log.removeHandler(handler)


@contextmanager
def _stopping() -> Iterator[None]:
    """A block in which SIGINT and SIGTERM end nothing by themselves.

    uvicorn takes both, finishes the open requests, and raises the signal again for whoever had it before: then the
    process would end as if it were killed.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():  # signals reach the main thread only
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
