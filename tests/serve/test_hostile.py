"""Requests of strangers that once broke the server, or filled its memory; found by `benchmarks.attack server`."""

import asyncio
import json
import tracemalloc

import pytest
import uvicorn
import zstandard
from uvicorn.server import ServerState

from segue.serve import patience
from segue.serve.body import Bodies, unpack
from segue.serve.limits import Limits
from segue.serve.room import Full, Room, TooLarge, marks
from tests.serve.test_limits import client_of, packed, post

SERIES = {"y": [1.0, 2.0, 3.0, 4.0], "sizes": [4]}
ROWS = [{"item_id": "a", "timestamp": f"2026-01-{day:02}", "target": 1.0 * day, "x": day} for day in range(1, 15)]
PREDICT = {"instances": ROWS, "parameters": {"prediction_length": 1, "freq": "D"}}
AHEAD = [{"item_id": "a", "timestamp": "2026-01-15", "x": 4}]
INPUT = {"name": "a", "series": [1, 2, 3], "frequency": "D"}
HUGE = 10**400


async def unused(scope, receive, send):
    """An app that must not be asked."""
    raise AssertionError(scope)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v2/forecast", {"series": SERIES | {"sizes": "\ud800"}, "h": 1}, "\\ud800: Input should be a valid list"),
        ("/v2/forecast", {"series": SERIES | {"sizes": "\u0000"}, "h": 1}, "\\x00: Input should be a valid list"),
        ("/v2/forecast", {"series": SERIES, "h": 10**4298}, "horizon 10**18 or more"),
        (
            "/v2/forecast",
            {"series": SERIES | {"X": [[HUGE] * 4], "X_future": [[1]]}, "h": 1, "freq": "D"},
            "row 1 holds",
        ),
        ("/v1/timeseries/forecast", {"inputs": [INPUT | {"name": "\ud800"}], "options": {"horizon": 1}}, "half a char"),
        ("/v1/models/nanotst:predict", PREDICT | {"instances": [ROWS[0] | {"timestamp": HUGE}]}, "is too large"),
        (
            "/v1/models/nanotst:predict",
            PREDICT | {"instances": [ROWS[0] | {"timestamp": ""}, *ROWS[1:]], "known_covariates": AHEAD},
            "is blank in row 1; fill it or drop the row",
        ),
    ],
)
def test_values_that_nothing_can_hold_are_refused_in_one_line(client, path, body, words):
    """Catches a failure of the server (500), and control characters in its answer."""
    answer = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    told = answer.json().get("detail", answer.json().get("error"))
    told = told["message"] if isinstance(told, dict) else told
    assert words in told
    assert told.isprintable()


def test_many_paths_are_refused_in_a_line(models):
    """A number of thousands of digits cannot be written; catches an error while the refusal is made."""
    body = {"series": SERIES, "h": 10, "freq": "D", "n_windows": 10**4298, "model": "seasonal-naive"}
    answer = client_of(models).post("/v2/cross_validation", json=body)
    assert (answer.status_code, answer.json()["detail"][:30]) == (413, "an answer of 10**18 or more nu")


@pytest.mark.parametrize("path", ["/page/static/%00", "/page/static/" + "x" * 5000, "/v2/forecast/", "/v2/models/"])
def test_paths_that_no_file_can_have_are_unknown(client, path):
    """Catches an error of the file system, and a redirection without a line."""
    assert client.get(path, follow_redirects=False).status_code == 404


def test_a_bomb_is_unpacked_in_small_pieces():
    """A kilobyte of zstd holds 33 MB at most; catches pieces of 64 kB, which held 2 GB."""
    bomb = zstandard.ZstdCompressor().compress(b" " * 300_000_000)
    assert len(bomb) < 1 << 16
    tracemalloc.start()
    with pytest.raises(TooLarge):
        unpack(bomb, 1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 80_000_000


def test_bytes_after_a_packed_body_are_refused(models):
    """Catches a second body that is left out without a word."""
    twice = packed(b"{}") + packed(b"{}")
    assert post(client_of(models), twice, **{"content-encoding": "zstd"}).status_code == 400


def test_small_values_count_and_not_their_bytes_alone(models):
    """64 MB of empty lists took 7 GB; catches a bound on bytes alone."""
    assert marks(b'{"y": [1, 2, [3], {"a": 4}]}') == 9
    answer = post(client_of(models, values=100), json.dumps({"series": SERIES | {"y": [[]] * 100}, "h": 1}))
    assert (answer.status_code, answer.json()["detail"][:30]) == (413, "a body of more than 100 values")


def test_all_bodies_together_are_bounded():
    """Catches room that is not given back, and 256 bodies of 64 MB side by side."""
    room = Room(Limits(body=100, values=40))
    with room.held() as first, room.held() as second:
        first.take(90, 30)
        second.take(35)
        with pytest.raises(Full):
            second.take(1)
        with pytest.raises(Full):
            second.take(0, 21)
        with pytest.raises(TooLarge, match="100 bytes"):
            first.take(11)
    with room.held() as third:
        third.take(100, 40)


def test_a_body_that_does_not_come_is_refused():
    """Catches slow clients that hold room for ever."""
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v2/forecast", "headers": []}
    limits = Limits()
    object.__setattr__(limits, "seconds", 0.001)  # less than an option may be, so that the test is fast
    asyncio.run(Bodies(unused, limits)(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_connection_without_a_request_is_closed(monkeypatch):
    """Catches a thousand clients that send nothing, or a byte now and then, and take all descriptors."""
    monkeypatch.setattr(patience, "PATIENCE", 0.01)

    async def read_to_the_end(first):
        config = uvicorn.Config(unused, log_config=None)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: patience.Patient(config, ServerState(), {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(first)
        found = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        await writer.wait_closed()
        server.close()
        return found

    assert asyncio.run(read_to_the_end(b"")) == b""
    assert asyncio.run(read_to_the_end(b"POST / HTTP/1.1\r\nX: ")) == b""
