"""Nixtla's API: the numbers of the library, in the form that the client reads."""

import numpy as np
import pandas as pd
import pytest

import segue
from tests.serve.conftest import hours, nixtla_series


def post(client, path, body):
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_forecast_has_the_bits_of_the_library(client):
    """Catches a series that is cut, moved or mixed up with another, and a level that is named otherwise."""
    frame = hours()
    body = {"series": nixtla_series(frame), "model": "timegpt-2.1", "h": 30, "freq": "h", "level": [80, 97.5]}
    found = post(client, "/v2/forecast", body)
    wanted = segue.forecast(frame, 30, levels=(80, 97.5))
    assert found["mean"] == wanted["NanoTST"].tolist()
    assert list(found["intervals"]) == ["lo-80", "hi-80", "lo-97.5", "hi-97.5"]
    for name, values in found["intervals"].items():
        assert values == wanted[f"NanoTST-{name}"].tolist()
    assert found["weights_x"] is None


@pytest.mark.parametrize("freq", ["D", "W", "MS", "QS", "B", "15min", "T", "M"])
def test_times_are_made_by_the_step(client, freq):
    """The season of the step is known; catches one that is taken from the values where the calendar has it."""
    frame = hours((90,), gaps=False)
    old = {"T": "min", "M": "ME"}.get(freq, freq)
    frame["ds"] = pd.date_range("2001-01-01", periods=90, freq=old)
    body = {"series": nixtla_series(frame), "h": 8, "freq": freq}
    assert post(client, "/v2/forecast", body)["mean"] == segue.forecast(frame, 8, freq=freq)["NanoTST"].tolist()


def test_integer_times_come_without_a_start(client):
    """The client sends `MS` for integer times."""
    frame = hours((120,), gaps=False)
    frame["ds"] = range(120)
    body = {"series": nixtla_series(frame, starts=False), "h": 8, "freq": "MS"}
    assert post(client, "/v2/forecast", body)["mean"] == segue.forecast(frame, 8)["NanoTST"].tolist()


def test_hours_of_a_zone_with_summer_time_come_without_a_start(client):
    """Catches hours that are taken as numbers, without a day and a week."""
    frame = hours((400,), gaps=False)
    body = {"series": nixtla_series(frame, starts=False), "h": 8, "freq": "h"}
    assert post(client, "/v2/forecast", body)["mean"] == segue.forecast(frame, 8)["NanoTST"].tolist()


def test_missing_values_at_the_end_stay_in_the_past(client):
    """Catches a forecast that begins where values end, and is read by the client as that of later steps."""
    frame = hours((200,), gaps=False)
    ends = frame.assign(y=frame["y"].where(frame.index < 197))
    body = {"series": nixtla_series(ends), "h": 5, "freq": "h"}
    wanted = segue.forecast(frame[:197], 8)["NanoTST"].tolist()[3:]
    np.testing.assert_allclose(post(client, "/v2/forecast", body)["mean"], wanted, rtol=1e-12)


def test_a_series_without_values_is_null(client):
    """JSON has no NaN."""
    body = {"series": {"y": [None, None, 1.0, 2.0, 3.0], "sizes": [2, 3]}, "h": 2, "freq": "D"}
    found = post(client, "/v2/forecast", body)["mean"]
    assert found[:2] == [None, None]
    assert None not in found[2:]


def test_covariates_with_a_future_are_used(client):
    """Catches columns that are swapped, and a future that is laid on other steps."""
    frame = hours((300, 260), gaps=False)
    frame["x1"] = np.random.default_rng(1).normal(size=len(frame))
    frame["x2"] = np.where(frame.index % 5 == 0, "sale", "none")
    frame["y"] += 4 * frame["x1"] + 3 * (frame["x2"] == "sale")
    past = frame.groupby("unique_id").head(250)
    future = frame.drop(past.index).groupby("unique_id").head(10)
    columns = {name: [table[name].tolist() for name in ("x1", "x2")] for name, table in (("X", past), ("F", future))}
    series = nixtla_series(past) | {"X": columns["X"], "X_future": columns["F"], "categorical_exog": [1]}
    found = post(client, "/v2/forecast", {"series": series, "h": 10, "freq": "h", "level": [80]})
    wanted = segue.forecast(past, 10, future=future.drop(columns="y"))
    assert found["mean"] == wanted["NanoTST"].tolist()
    assert found["mean"] != segue.forecast(past[["unique_id", "ds", "y"]], 10)["NanoTST"].tolist()


def test_the_small_calls(client):
    """What the client asks before its first forecast, and what its other methods ask."""
    assert (
        client.get("/model_params", params={"model": "timegpt-2.1", "freq": "h"}).json()["detail"]["horizon"] == 10_000
    )
    assert client.get("/validate_api_key").status_code == 200
    assert client.get("/v2/models").json() == {"models": [{"name": "nanotst"}, {"name": "seasonal-naive"}]}
    assert client.get("/usage").json()["requests"]["used"] >= 0


SERIES = {"y": [1.0, 2.0, 3.0], "sizes": [3]}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"h": 0}, 422, "horizon 0: give a whole number of at least 1"),
        ({"h": 10_001}, 422, "horizon 10,001: this server forecasts at most 10,000 steps; give fewer"),
        ({"h": "many"}, 422, "h many: Input should be a valid integer"),
        ({"level": [99]}, 422, "levels 99.0: give a percentage from 1 to 98"),
        ({"freq": "fortnight"}, 422, "freq fortnight: no such frequency"),
        ({"model": "../secret"}, 404, "model ../secret: this server has nanotst, seasonal-naive"),
        ({"finetune_steps": 10}, 422, "finetune_steps: the model is not fine-tuned"),
        ({"series": {"y": [1.0], "sizes": [2]}}, 422, "series.sizes: give whole numbers"),
        ({"series": SERIES | {"start_datetime": ["soon"]}}, 422, "series.start_datetime soon: give a time"),
        ({"series": SERIES | {"X": [[1, 2, 3]]}}, 422, "hist_exog_list: 1 of 1 columns are known of the past only"),
        ({"series": SERIES | {"X_future": [[1]]}}, 422, "series.X_future: has 1 rows for 0 of X; give a row for each"),
        ({"series": SERIES | {"X": [[1, 2, 3]], "X_future": [[1], [1]]}}, 422, "series.X_future: has 2 rows for 1 of"),
        ({"multivariate": True}, 422, "multivariate: the model reads each series by itself; leave it out"),
        ({"series": SERIES | {"X": [[1, 2]], "X_future": [[1]]}}, 422, "series.X: give 3 values in each row"),
    ],
)
def test_a_mistake_is_answered_in_one_line(client, change, status, words):
    """Never 408, 409, 429 or 502 to 504, which the client tries again."""
    answer = client.post("/v2/forecast", json={"series": SERIES, "h": 1, "freq": "D", **change})
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    assert answer.json()["detail"].startswith(words)
    assert "\n" not in answer.json()["detail"]
