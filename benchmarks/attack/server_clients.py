"""Good clients, whose answers must be those of the library, and bad ones, which are slow or hang up."""

import json
import socket
import time
from threading import Event, Thread
from typing import Any

import numpy as np

from benchmarks.attack.server_child import Child
from benchmarks.attack.server_wire import Answer, post

CLIENTS, HORIZON = 64, 12


class Good:
    """So many clients that ask for forecasts again and again, until they are told to stop.

    Attributes:
        right: How many answers had the bits of the library.
        wrong: What else came, but errors that a client is to try again.
        refused: How many requests were to be tried again.
        seconds: How long each right answer took.
    """

    def __init__(self) -> None:
        self.right = self.refused = 0
        self.wrong = list[str]()
        self.seconds = list[float]()
        self._child: Child | None = None
        self._stop = Event()
        self._asked = [_request(number) for number in range(CLIENTS)]
        self._threads = [Thread(target=self._work, args=asked, daemon=True) for asked in self._asked]

    def start(self, child: Child) -> None:
        """Begins to ask."""
        self.use(child)
        for thread in self._threads:
            thread.start()

    def use(self, child: Child | None) -> None:
        """Asks another server; None while there is none, when errors are no fault."""
        self._child = child

    def stop(self) -> None:
        """Ends all clients."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, body: dict[str, Any], wanted: list[float]) -> None:
        while not self._stop.wait(0.1):
            child = self._child
            if child is None:
                continue
            answer = post(child.port, "/v2/forecast", body, child.token)
            if answer.status == 200 and json.loads(answer.content)["mean"] == wanted:
                self.right += 1
                self.seconds.append(answer.seconds)
            elif answer.status in (503, 504) or (answer.status != 200 and child is not self._child):
                self.refused += 1
            else:
                self.wrong.append(f"{answer.status} {answer.content[:100]!r}")


def _request(number: int) -> tuple[dict[str, Any], list[float]]:
    """The body of a client, and the answer of the library."""
    import pandas as pd

    import segue

    steps = np.arange(100 + number)
    y = number + np.sin(steps * 2 * np.pi / 12) + np.random.default_rng(number).normal(0, 0.3, len(steps))
    frame = pd.DataFrame({"unique_id": 0, "ds": steps, "y": y})
    wanted = segue.forecast(frame, HORIZON, freq=1, levels=())["NanoTST"].tolist()
    series = {"y": y.tolist(), "sizes": [len(y)]}
    return {"series": series, "h": HORIZON, "freq": "MS", "model": "nanotst"}, wanted


class Slow:
    """Clients that send a byte of their head or body from time to time, and hold as many connections."""

    def __init__(self, child: Child, count: int) -> None:
        head = f"POST /v2/forecast HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {child.token}\r\n"
        self._open = list[socket.socket]()
        for number in range(count):
            own = socket.create_connection(("127.0.0.1", child.port), 10)
            own.sendall((head + ("Content-Length: 1000\r\n\r\n{" if number % 2 else "X: ")).encode())
            self._open.append(own)

    def drip(self) -> int:
        """Sends one byte more of each, and returns how many connections are still open."""
        alive = 0
        for own in self._open:
            try:
                own.sendall(b" ")
                own.setblocking(False)
                alive += own.recv(1000) != b"" if _readable(own) else 1
            except OSError:
                pass
        return alive

    def end(self) -> None:
        """Hangs up."""
        for own in self._open:
            own.close()


def _readable(own: socket.socket) -> bool:
    import select

    return bool(select.select([own], [], [], 0)[0])


def hang_up(child: Child, body: dict[str, Any], after: str) -> Answer:
    """Sends a part of a request, or the whole of it, and closes the connection without reading."""
    content = json.dumps(body).encode()
    head = f"POST /v2/forecast HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {child.token}\r\n"
    whole = (head + f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n").encode() + content
    size = {"head": 40, "body": len(whole) - len(content) // 2, "all": len(whole)}[after]
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", child.port), 10) as own:
        own.sendall(whole[:size])
    return Answer(0, b"", time.monotonic() - began)
