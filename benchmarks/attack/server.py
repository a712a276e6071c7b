"""A real `segue serve`, hostile requests over real sockets, and good clients whose answers must stay exact.

An attempt is a fault unless it is refused in one line, or answered as the same server answers it when it is quiet.
"""

import json
import random
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.attack.server_bodies import GOOD, field_attempts, whole_bodies
from benchmarks.attack.server_child import SECONDS, Child
from benchmarks.attack.server_clients import Good, Slow, hang_up
from benchmarks.attack.server_http import Try, headers, lengths, names, packings, tokens
from benchmarks.attack.server_wire import Answer, ask, post

_SPARE, _MEGABYTES = 5.0, 1500.0
_SIDE_BY_SIDE = 4
_NEVER = ("wrong tokens", "names of files", "packed bombs", "lying lengths", "chunks without end", "a million series")
"""Kinds that must be refused, whatever the answer would be."""


@dataclass
class Kind:
    """What came of the attempts of a kind."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    exact: int = 0
    faults: list[str] = field(default_factory=list)
    shown: str = ""


class Book:
    """Judges answers, and keeps what came of each kind, and what is to be asked again when the server is quiet."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.again = list[tuple[str, Callable[[Child], Answer], Any]]()

    def fault(self, kind: str, what: str) -> None:
        """Notes a fault."""
        self.kinds.setdefault(kind, Kind()).faults.append(what)
        print(f"FAULT {kind}: {what[:900]}", flush=True)

    def passed(self, kind: str, seconds: float, refused: bool = False, shown: str = "") -> None:
        """Notes what was right."""
        own = self.kinds.setdefault(kind, Kind())
        own.seconds.append(seconds)
        own.refused += refused
        own.exact += not refused
        own.shown = own.shown or shown

    def judge(self, kind: str, attempt: Callable[[Child], Answer], child: Child, about: str = "") -> None:
        """Makes an attempt and judges its answer."""
        answer = attempt(child)
        told = f"{answer.status} {answer.content[:150]!r} to {about}"
        if answer.seconds > SECONDS + _SPARE or answer.status == -1:
            self.fault(kind, f"took {answer.seconds:.1f} s: {told}")
        elif answer.status == 0 and kind in ("chunks without end", "hostile headers", "lying lengths"):
            self.passed(kind, answer.seconds, True)  # closed while the client was still sending
        elif answer.status == 200 and kind not in _NEVER:
            self.again.append((kind, attempt, _content(answer)))
            self.passed(kind, answer.seconds)
        elif answer.status in (0, 500) or answer.status < 400 or not answer.line:
            self.fault(kind, told)
        else:
            self.passed(kind, answer.seconds, True, answer.line)

    def ask_again(self, child: Child) -> None:
        """Asks a quiet server all that was answered, and compares the answers."""
        for kind, attempt, wanted in self.again:
            found = _content(attempt(child))
            if found != wanted:
                self.fault(kind, f"another answer when quiet: {str(wanted)[:100]} and {str(found)[:100]}")

    def rows(self, peak: float) -> tuple[list[dict[str, object]], int]:
        """A row for each kind, and the number of faults."""
        rows = [
            {
                "attempt": name,
                "attempts": own.refused + own.exact + len(own.faults),
                "refused": own.refused,
                "exact": own.exact,
                "fault": len(own.faults),
                "most_seconds": max(own.seconds, default=0.0),
                "peak_of_server_megabytes": round(peak),
                "one_refusal": own.shown[:120],
            }
            for name, own in sorted(self.kinds.items())
        ]
        return rows, sum(len(own.faults) for own in self.kinds.values())


def _content(answer: Answer) -> Any:
    """An answer without what differs each time: names of jobs and answers, and the time."""
    try:
        found = json.loads(answer.content)
    except ValueError:
        return answer.content
    return _without(found)


def _without(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _without(one) for name, one in found.items() if name not in ("id", "created_at", "job_id")}
    return [_without(one) for one in found] if isinstance(found, list) else found


def _asked(path: str, body: bytes) -> Callable[[Child], Answer]:
    """An attempt with a body; a job is followed to its end."""

    def attempt(child: Child) -> Answer:
        began, answer = time.monotonic(), post(child.port, path, body, child.token)
        while answer.status == 429:
            time.sleep(0.2)
            answer = post(child.port, path, body, child.token)
        if answer.status != 202:
            return answer
        job = json.loads(answer.content)["job_id"]
        while time.monotonic() < began + 60:
            state = ask(child.port, "GET", f"/v2/simulate/jobs/{job}", None, {"authorization": f"Bearer {child.token}"})
            if state.status != 200:
                return state
            found = json.loads(state.content)
            if found["status"] == "succeeded":
                return state
            if found["status"] == "failed":
                status = 500 if "its log has" in found["error"] else 422
                return Answer(status, json.dumps({"detail": found["error"]}).encode(), state.seconds)
            time.sleep(0.05)
        return Answer(-1, b"", 60.0)

    return attempt


def attack(count: int, seed: int) -> tuple[list[dict[str, object]], int]:
    """Attacks a server with so many hostile fields, and all other attempts, while good clients ask it."""
    draw, book, good = random.Random(seed), Book(), Good()
    with tempfile.TemporaryDirectory() as place:
        child = Child(Path(place))
        good.start(child)
        _hostile(child, book, draw, count)
        _hang_ups(child, book)
        _slow(child, book, good)
        peak = child.peak()
        print(f"peak of the server: {peak:.0f} MB", flush=True)
        book.passed("memory", 0.0) if peak < _MEGABYTES else book.fault("memory", f"{peak:.0f} MB")
        for line in child.failures:
            book.fault("log", line)
        child = _ends(child, Path(place), book, good)
        good.stop()
        book.ask_again(child)
        child.end()
    for line in good.wrong:
        book.fault("good clients", line)
    own = book.kinds.setdefault("good clients", Kind())
    own.exact, own.refused, own.seconds = good.right, good.refused, good.seconds
    return book.rows(peak)


def _hostile(child: Child, book: Book, draw: random.Random, count: int) -> None:
    """All hostile requests in a random order, some side by side."""
    bodies = [*whole_bodies(), *field_attempts(draw)[:count]]
    tries: list[tuple[str, Callable[[Child], Answer], str]] = [
        (kind, _asked(path, body), f"{path} {body[:60]!r} ... {len(body)}" if len(body) > 2000 else f"{path} {body!r}")
        for kind, path, body in bodies
    ]
    others: list[Try] = [*lengths(draw), *packings(), *tokens(child), *names(), *headers()]
    tries += [(kind, attempt, "") for kind, attempt in others]
    draw.shuffle(tries)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        for number, _ in enumerate(pool.map(lambda one: book.judge(one[0], one[1], child, one[2]), tries)):
            if number % 100 == 0:
                print(f"{number} of {len(tries)} attempts, peak {child.peak():.0f} MB", flush=True)


def _hang_ups(child: Child, book: Book) -> None:
    """Clients that hang up after a part of a request; the server must answer the next one."""
    for number in range(60):
        hang_up(child, GOOD["/v2/forecast"], ("head", "body", "all")[number % 3])
        book.judge(
            "after clients that hang up", _asked("/v2/forecast", json.dumps(GOOD["/v2/forecast"]).encode()), child
        )


def _slow(child: Child, book: Book, good: Good) -> None:
    """Slow clients, two hundred at a time; others must be answered, and slow ones end."""
    slow, before = Slow(child, 200), good.right
    began = time.monotonic()
    while (alive := slow.drip()) and time.monotonic() < began + 45:
        book.judge("beside slow clients", _asked("/v2/forecast", json.dumps(GOOD["/v2/forecast"]).encode()), child)
        time.sleep(1)
    slow.end()
    print(f"slow clients: {alive} of 200 still open after {time.monotonic() - began:.0f} s", flush=True)
    if alive:
        book.fault("slow clients", f"{alive} of 200 still open after {time.monotonic() - began:.0f} s")
    else:
        book.passed("slow clients", time.monotonic() - began, True)
    if good.right == before:
        book.fault("slow clients", "no good client was answered beside them")


def _ends(child: Child, home: Path, book: Book, good: Good) -> Child:
    """Stops and kills the server under load, and starts another one; returns the last."""
    for number in (signal.SIGTERM, signal.SIGKILL) * 3:
        right = good.right
        good.use(None)
        began = time.monotonic()
        status = child.end(number)
        seconds = time.monotonic() - began
        wanted = 0 if number == signal.SIGTERM else -signal.SIGKILL
        if status != wanted or seconds > 30:
            book.fault(f"{number.name} under load", f"status {status} after {seconds:.1f} s")
        else:
            book.passed(f"{number.name} under load", seconds)
        child = Child(home)
        good.use(child)
        until = time.monotonic() + 20
        while good.right == right and time.monotonic() < until:
            time.sleep(0.05)
        if good.right == right:
            book.fault(f"{number.name} under load", "no good client was answered after the restart")
    return child
