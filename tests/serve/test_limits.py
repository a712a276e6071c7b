"""What a server refuses: too much, too long, packed wrongly, without the token; and what it counts and logs."""

import json
import logging

import pytest
import zstandard
from starlette.testclient import TestClient

from segue.errors import UserError
from segue.forecasting.predictor import History
from segue.forecasting.registry import load_predictor
from segue.serve.app import make_app
from segue.serve.auth import check_host, read_token
from segue.serve.limits import Limits
from segue.serve.logs import Lines
from segue.serve.refused import Refused
from segue.serve.service import Service
from segue.serve.timed import Timed

BODY = {"series": {"y": [1.0, 2.0, 3.0, 4.0], "sizes": [2, 2]}, "h": 2, "freq": "D", "model": "seasonal-naive"}
TOKEN = "0123456789abcdef-secret"


def client_of(models, token=None, **limits):
    return TestClient(make_app(Service(models, Limits(**limits)), token), raise_server_exceptions=False)


def packed(content):
    return zstandard.ZstdCompressor().compress(content)


def post(client, content, **headers):
    return client.post("/v2/forecast", content=content, headers={"content-type": "application/json", **headers})


def test_a_packed_body_is_read(models):
    """The client packs bodies above 1 MB."""
    plain = post(client_of(models), json.dumps(BODY))
    found = post(client_of(models), packed(json.dumps(BODY).encode()), **{"content-encoding": "zstd"})
    assert plain.status_code == found.status_code == 200
    assert found.json() == plain.json()


@pytest.mark.parametrize(
    ("limits", "status", "words"),
    [
        ({"series": 1}, 413, "series 2: this server takes at most 1 in a request"),
        ({"horizon": 1}, 422, "horizon 2: this server forecasts at most 1 steps"),
        ({"cells": 3}, 413, "an answer of 4 numbers: this server gives at most 3"),
        ({"body": 20}, 413, "a body of more than 20 bytes"),
    ],
)
def test_too_much_is_refused(models, limits, status, words):
    """One line each, and nothing is computed."""
    answer = post(client_of(models, **limits), json.dumps(BODY))
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(words)


def test_a_small_body_that_unpacks_to_a_large_one_is_refused(models):
    """Catches a server that fills its memory by a body of a few kilobytes."""
    bomb = packed(b" " * 10_000_000)
    assert len(bomb) < 2_000
    answer = post(client_of(models, body=1_000_000), bomb, **{"content-encoding": "zstd"})
    assert (answer.status_code, answer.json()["detail"][:30]) == (413, "a body of more than 1,000,000 ")


@pytest.mark.parametrize(
    ("content", "coding", "status"),
    [(b"{}", "zstd", 400), (packed(b"{}" * 900)[:-5], "zstd", 400), (b"{}", "br", 415), (b"{", "identity", 422)],
)
def test_a_body_that_cannot_be_read_is_refused(models, content, coding, status):
    """Catches a half body that is taken for a whole one."""
    assert post(client_of(models), content, **{"content-encoding": coding}).status_code == status


def test_a_request_without_the_token_is_refused(models):
    """Health needs none, since it tells nothing; catches a guard that compares prefixes."""
    client = client_of(models, TOKEN)
    for sent in (None, "Bearer", "Bearer " + TOKEN[:-1], "Bearer " + TOKEN + "x", "Basic " + TOKEN):
        headers = {} if sent is None else {"authorization": sent}
        assert post(client, json.dumps(BODY), **headers).status_code == 401
        assert client.get("/openapi.json", headers=headers).status_code == 401
    assert post(client, json.dumps(BODY), authorization="Bearer " + TOKEN).status_code == 200
    assert client.get("/v2/health/ready").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_listening_beyond_this_machine_needs_a_token(host):
    """Catches a server that is open to the network by an option alone."""
    with pytest.raises(UserError, match="other machines can reach it; give a `token_file`"):
        check_host(host, None)
    check_host(host, TOKEN)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_this_machine_needs_no_token(host):
    check_host(host, None)


@pytest.mark.parametrize("content", ["", "short\n", "with space and more\n", "ümlaut-0123456789abcdef"])
def test_a_token_that_can_be_guessed_is_refused(tmp_path, content):
    """An empty file would be a server without a token."""
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="token_file"):
        read_token(path)
    path.write_text(f"{TOKEN}\n", encoding="utf-8")
    assert read_token(path) == TOKEN


def test_time_is_over_before_the_next_batch(one_value):
    """Catches a request that computes for hours after nobody waits for it."""
    now = [0.0]
    timed = Timed(load_predictor("seasonal-naive"), 5, clock=lambda: now[0])
    assert timed.predict(one_value, 1).median.tolist() == [[3.0]]
    now[0] = 5.1
    with pytest.raises(Refused, match="computing took more than 5 seconds") as refusal:
        timed.predict(one_value, 1)
    assert refusal.value.status == 504


def test_a_busy_server_says_when_to_try_again(models):
    """Catches requests that pile up until memory is full; health is answered all the same."""
    service = Service(models, Limits(waiting=1))
    service.metrics.opened()
    client = TestClient(make_app(service))
    answer = post(client, json.dumps(BODY))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert client.get("/v2/health/live").status_code == 200
    assert client.get("/v2").json() == {"error": "the server is busy; try again in a second"}  # the form in OpenAPI


def test_a_limit_below_one_is_refused():
    """A typing error would refuse every request."""
    with pytest.raises(UserError, match="max_series 0: give a number of at least 1"):
        Limits(series=0)


def test_requests_are_counted_and_logged_without_data(models, caplog):
    """Catches a value, a name or a wrong token in the logs, and a path of a client among the counts."""
    client = client_of(models)
    with caplog.at_level(logging.INFO, logger="segue.serve"):
        post(client, json.dumps(BODY | {"series": {"y": [271828.0], "sizes": [1]}}))
        client.get("/v2/models/some-secret")
        client.get("/some/secret")
    lines = [json.loads(Lines().format(record)) for record in caplog.records]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/v2/forecast", 200),
        ("/v2/models/{name}", 404),
        ("other", 404),
    ]
    assert lines[0]["bytes"] > 50
    assert not {"271828", "secret"} & set(json.dumps(lines).replace("-", " ").replace('"', " ").split())
    counts = client.get("/metrics").text
    assert 'segue_requests_total{route="/v2/forecast",status="200"} 1\n' in counts
    assert 'segue_request_seconds_count{route="/v2/forecast"} 1\n' in counts
    assert "segue_series_total 1\n" in counts
    assert "secret" not in counts


def test_an_error_of_ours_is_logged_without_its_message(models, caplog, monkeypatch):
    """Messages of numpy and pandas hold values."""

    def break_down(*_):
        raise ValueError("the value 271828 is bad")

    monkeypatch.setattr("segue.serve.answers.read", break_down)
    answer = post(client_of(models), json.dumps(BODY))
    assert (answer.status_code, answer.json()) == (500, {"detail": "the server failed; its log has the reason"})
    (failed,) = [record for record in caplog.records if record.levelname == "ERROR"]
    line = json.loads(Lines().format(failed))
    assert line["error"] == "ValueError"
    assert "break_down" in line["where"][-1]
    assert "271828" not in caplog.text


@pytest.fixture
def one_value():
    import numpy as np

    return History(np.array([[3.0]]), np.array([[True]]), np.zeros((1, 0)))
