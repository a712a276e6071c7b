"""What the page asks the server: how a table was read, the forecast of the library, its verdict and its reason."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

import segue
from segue.serve.app import make_app
from segue.serve.models import Models
from segue.serve.page.live import Scores
from segue.serve.page.routes import STATIC
from segue.serve.service import Service
from tests.serve.conftest import hours

EXAMPLE = (STATIC / "example.csv").read_bytes()


def post(client, path, content, **query):
    return client.post(f"/page/{path}", params=query, content=content, headers={"content-type": "text/csv"})


def test_how_a_table_was_read(client):
    """The summary is that of `segue forecast`, with its notes."""
    frame = hours((50, 40)).assign(promo=1).rename(columns={"unique_id": "store"})
    found = post(
        client, "read", frame.to_csv(index=False).encode(), name="a.csv", target_col="y", id_col="store"
    ).json()
    assert found["columns"] == {"series": ["store"], "times": ["ds"], "values": ["y"], "others": ["promo"]}
    assert (found["series"], found["count"], found["rows"], found["frequency"]) == (["0", "1"], 2, 90, "h")
    assert (found["first"], found["missing"]) == ("2026-03-01", 2)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_forecast_is_that_of_the_library(client, kind):
    """With the verdict of `segue.backtest` on this series, and the reason of `segue.explain`."""
    frame = hours((200, 150), gaps=False)
    buffer = io.BytesIO()
    (frame.to_csv if kind == "csv" else frame.to_parquet)(buffer, index=False)
    query = {"name": f"a.{kind}", "series": "1", "horizon": 12, "level": 90}
    found = post(client, "forecast", buffer.getvalue(), **query).json()
    own = frame[frame["unique_id"] == 1]
    wanted = segue.forecast(own, 12, levels=90)
    assert found["ahead"]["point"] == wanted["NanoTST"].tolist()
    assert found["ahead"]["high"] == wanted["NanoTST-hi-90"].tolist()
    assert found["ahead"]["t"] == [str(time) for time in wanted["ds"]]
    shown = len(found["past"]["y"])
    assert shown >= 48
    assert found["past"]["y"] == own["y"].tolist()[-shown:]
    assert found["verdict"] == str(segue.backtest(own, 12, levels=90).verdict)
    assert found["reason"] == str(segue.explain(own, 12))
    np.testing.assert_allclose(np.sum(list(found["parts"].values()), axis=0), wanted["NanoTST"])


def test_the_verdict_on_a_naive_forecast_is_that_of_the_library():
    """Catches a model that is compared with itself, because the server wraps it."""
    frame = hours((400,), gaps=False)
    client = TestClient(make_app(Service(Models(["seasonal-naive:24"]))))
    found = post(client, "forecast", frame.to_csv(index=False).encode(), horizon=24, level=80).json()
    wanted = segue.backtest(frame, 24, models=["seasonal-naive:24", "naive"], levels=80).verdict
    assert found["verdict"] == str(wanted)


def test_a_table_of_all_series(client):
    frame = hours((100, 90), gaps=False)
    text = post(client, "table", frame.to_csv(index=False).encode(), horizon=3, level=80).text
    found = pd.read_csv(io.StringIO(text), parse_dates=["ds"])
    pd.testing.assert_frame_equal(found, segue.forecast(frame, 3), check_dtype=False)


def test_columns_known_ahead_stand_in_rows_without_a_value(client):
    frame = hours((200,), gaps=False)
    frame["x"] = np.random.default_rng(0).normal(size=200).round(3)
    frame["y"] = (frame["y"] + 4 * frame["x"]).round(3)
    past, future = frame[:190], frame[190:].drop(columns="y")
    text = pd.concat([past, future]).to_csv(index=False).encode()
    found = post(client, "forecast", text, horizon=10, use="x", target_col="y").json()
    wanted = segue.forecast(past, 10, future=future)
    np.testing.assert_allclose(found["ahead"]["point"], wanted["NanoTST"], rtol=1e-9)
    assert "x" in found["parts"]


def test_a_short_series_says_why_it_has_no_verdict(client):
    found = post(client, "forecast", b"ds,y\n2026-01-01,1\n2026-01-02,2\n2026-01-03,3\n", horizon=3).json()
    assert found["verdict"].startswith("No backtest: no series is long enough")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "sales.csv: is not a whole table (it is empty)"),
        (b"\x00\x01\x02", "sales.csv: "),
        (b"ds,y\n2026-01-01,one\n2026-01-02,2\n", "target_col y: "),
        (b"ds,y\n01/02/2026,1\n02/03/2026,2\n", "time_col ds: days and months are ambiguous"),
    ],
)
def test_a_bad_table_is_one_line_without_the_paths_of_the_server(client, content, words):
    answer = post(client, "read", content, name="sales.csv")
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"].startswith(words)
    assert "tmp" not in answer.text


def test_the_page_asks_no_other_server():
    """Every address in its files is its own; uPlot's own notice names its home."""
    for path in STATIC.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        if path.parent.name != "uplot":
            assert not re.findall(r"https?://|//[a-z]+\.", text), path.name


@pytest.mark.parametrize("path", ["/", "/docs", "/page/static/app.js", "/page/static/uplot/uplot.js"])
def test_its_files_may_ask_this_server_only(models, path):
    """Also where a token is needed: the page asks the user for it."""
    answer = TestClient(make_app(Service(models), "0123456789abcdef")).get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["../routes.py", "%2e%2e/routes.py", "/etc/hostname", "nothing.js", ""])
def test_no_file_outside_of_the_page_is_given(client, path):
    assert client.get(f"/page/static/{path}").status_code == 404


def test_the_licence_of_uplot_is_in_the_package():
    assert "The MIT License" in (STATIC / "uplot" / "LICENSE").read_text(encoding="utf-8")


HEAD = "unique_id,ds,y,expected,lo-80,hi-80,score,status\n"


def line(number, name="a"):
    return f"{name},2026-01-01 {number:02}:00:00,{number}.5,,1.0,2.0,0.5,fresh\n"


def test_a_stream_is_followed_row_by_row(tmp_path):
    """A line that is being written waits for its end; a file that was begun anew is read anew."""
    path = tmp_path / "scores.csv"
    scores = Scores(path)
    assert scores.since(0) == {"place": 0, "rows": []}
    path.write_text(HEAD + line(1) + line(2)[:9], encoding="utf-8")
    first = scores.since(0)
    assert first["rows"] == [["a", "2026-01-01 01:00:00", 1.5, None, 1.0, 2.0, 0.5, "fresh"]]
    assert scores.since(first["place"]) == {"place": first["place"], "rows": []}
    path.write_text(HEAD + line(1) + line(2) + line(3, '"b, c"'), encoding="utf-8")
    second = scores.since(first["place"])
    assert [row[0] for row in second["rows"]] == ["a", "b, c"]
    path.write_text(HEAD + line(7), encoding="utf-8")
    assert [row[2] for row in scores.since(second["place"])["rows"]] == [7.5]


def test_of_a_long_file_the_newest_rows_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr("segue.serve.page.live._MOST", 200)
    path = tmp_path / "scores.csv"
    path.write_text(HEAD + "".join(line(number) for number in range(20)), encoding="utf-8")
    found = Scores(path).since(0)
    assert [row[2] for row in found["rows"]] == [16.5, 17.5, 18.5, 19.5]
    assert found["place"] == path.stat().st_size


def test_a_file_of_other_rows_is_refused(models, tmp_path):
    """Catches an error of the server for each call of the page."""
    path = tmp_path / "other.csv"
    path.write_text(HEAD + "a,b,c,d,e,f,g,h\n", encoding="utf-8")
    answer = TestClient(make_app(Service(models), scores=path)).get("/page/live")
    assert (answer.status_code, answer.json()["detail"][:27]) == (422, "scores: start the server wi")


def test_the_live_route(models, tmp_path):
    path = Path(tmp_path) / "scores.csv"
    path.write_text(HEAD + line(1), encoding="utf-8")
    client = TestClient(make_app(Service(models), scores=path))
    assert client.get("/page/about").json()["live"] is True
    assert len(client.get("/page/live").json()["rows"]) == 1
    assert TestClient(make_app(Service(models))).get("/page/live").status_code == 404
