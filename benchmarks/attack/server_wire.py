"""One request over a socket, and whether its answer is one of ours."""

import http.client
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HANGS = 30.0
"""Seconds after which a client gives up; the attack counts a fault long before."""

_PLAIN = "Invalid HTTP request received."
"""What uvicorn says of bytes that are no HTTP, with status 400."""


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: The status of HTTP; 0 if the connection was closed without an answer, -1 if nothing came in time.
        content: The bytes of the body.
        seconds: From the first byte sent to the last one received.
    """

    status: int
    content: bytes
    seconds: float

    @property
    def line(self) -> str:
        """The message of an error; empty where it is not one line in a form of ours."""
        if self.content.decode("latin-1") == _PLAIN:
            return _PLAIN
        try:
            found = json.loads(self.content)
        except ValueError:
            return ""
        told = found.get("detail", found.get("error")) if isinstance(found, dict) else None
        told = told.get("message") if isinstance(told, dict) else told
        return told if isinstance(told, str) and told.isprintable() and len(told) < 1000 else ""


def ask(port: int, method: str, path: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
    """Sends a request in correct HTTP."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS)
    try:
        connection.request(method, path, content, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), time.monotonic() - began)
    except TimeoutError:
        return Answer(-1, b"", time.monotonic() - began)
    except (OSError, http.client.HTTPException):
        return Answer(0, b"", time.monotonic() - began)
    finally:
        connection.close()


def send_raw(port: int, *parts: bytes) -> Answer:
    """Sends bytes as they are, and reads one answer."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), HANGS) as own:
        try:
            for part in parts:
                own.sendall(part)
        except OSError:
            pass  # the server may refuse before it has read all
        try:
            answer = http.client.HTTPResponse(own, method="POST")
            answer.begin()
            return Answer(answer.status, answer.read(), time.monotonic() - began)
        except TimeoutError:
            return Answer(-1, b"", time.monotonic() - began)
        except (OSError, http.client.HTTPException):
            return Answer(0, b"", time.monotonic() - began)


def post(port: int, path: str, body: Any, token: str, **headers: str) -> Answer:
    """Sends JSON; `body` may be bytes, which are sent as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return ask(port, "POST", path, content, sent | {name.replace("_", "-"): text for name, text in headers.items()})
