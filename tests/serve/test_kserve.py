"""KServe's APIs and the health of the Open Inference Protocol."""

import shutil

import numpy as np
import pytest

import segue
from segue.forecasting.nanotst.weights import model_folder
from segue.serve.models import Models
from tests.serve.conftest import hours


def inputs(frame):
    parts = frame.groupby("unique_id")
    start = frame["ds"].iloc[0].isoformat()
    return [
        {
            "type": "univariate_time_series",
            "name": f"series {name}",
            "series": [None if np.isnan(value) else value for value in part["y"]],
            "frequency": "H",
            "start_timestamp": start,
        }
        for name, part in parts
    ]


def test_a_forecast_has_the_bits_of_the_library(client):
    """Catches series that change places, and the time of the first step."""
    frame = hours()
    options = {"horizon": 30, "quantiles": [0.1, 0.9]}
    answer = client.post(
        "/v1/timeseries/forecast", json={"model": "nanotst", "inputs": inputs(frame), "options": options}
    )
    assert answer.status_code == 200, answer.text
    wanted = segue.forecast(frame, 30, levels=(), quantiles=(0.1, 0.9)).groupby("unique_id")
    content = answer.json()["outputs"][0]["content"]
    assert [one["name"] for one in content] == ["series 0", "series 1"]
    for one, (_, part) in zip(content, wanted, strict=True):
        assert one["mean_forecast"] == part["NanoTST"].tolist()
        assert one["quantiles"] == {"0.1": part["NanoTST-q-10"].tolist(), "0.9": part["NanoTST-q-90"].tolist()}
        assert one["start_timestamp"] == part["ds"].iloc[0].isoformat()
        assert one["frequency"] == "H"


def test_series_of_several_frequencies_are_answered_in_their_order(client):
    """Those of one frequency are forecast together; catches answers in the order of frequencies."""
    frame = hours((120, 120, 120), gaps=False)
    sent = inputs(frame)
    sent[1]["frequency"] = "month"
    body = {"inputs": sent, "options": {"horizon": 3}}
    content = client.post("/v1/timeseries/forecast", json=body).json()["outputs"][0]["content"]
    assert [one["frequency"] for one in content] == ["H", "month", "H"]
    wanted = segue.forecast(frame, 3, levels=())
    assert content[2]["mean_forecast"] == wanted["NanoTST"].tolist()[6:]
    assert content[1]["start_timestamp"] == "2036-03-01T00:00:00"


def test_rows_as_instances(client):
    """`:predict` takes a long table, in any order, and its covariates."""
    frame = hours(gaps=False).sample(frac=1, random_state=0)
    rows = [{"item_id": f"s{r.unique_id}", "timestamp": r.ds.isoformat(), "target": r.y} for r in frame.itertuples()]
    body = {"instances": rows, "parameters": {"prediction_length": 4, "quantile_levels": [0.1]}}
    answer = client.post("/v1/models/nanotst:predict", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()["predictions"]
    wanted = segue.forecast(frame.assign(unique_id="s" + frame["unique_id"].astype(str)), 4, levels=(), quantiles=0.1)
    assert [row["item_id"] for row in found] == wanted["unique_id"].tolist()
    assert [row["timestamp"] for row in found] == [time.isoformat() for time in wanted["ds"]]
    assert [row["mean"] for row in found] == wanted["NanoTST"].tolist()
    assert [row["0.1"] for row in found] == wanted["NanoTST-q-10"].tolist()


def test_instances_with_covariates_take_their_horizon_from_the_future(client):
    """Catches a future that is not used."""
    frame = hours((200,), gaps=False)
    frame["promo"] = (frame.index % 7 == 0).astype(float)
    frame["y"] += 5 * frame["promo"]
    past, future = frame[:190], frame[190:]
    rows = [{"timestamp": r.ds.isoformat(), "target": r.y, "promo": r.promo} for r in past.itertuples()]
    ahead = [{"timestamp": r.ds.isoformat(), "promo": r.promo} for r in future.itertuples()]
    answer = client.post("/v1/models/default:predict", json={"instances": rows, "known_covariates": ahead})
    wanted = segue.forecast(past, 10, future=future.drop(columns="y"))
    assert [row["mean"] for row in answer.json()["predictions"]] == wanted["NanoTST"].tolist()


def test_rows_without_values_at_the_end_stay_in_the_past(client):
    """The forecast begins after them; catches its values beside the times of steps that come before."""
    rows = [
        {"timestamp": f"2026-01-0{day}", "target": value} for day, value in enumerate((1.0, 2.0, 3.0, None, None), 1)
    ]
    body = {"instances": rows, "parameters": {"prediction_length": 2, "freq": "D"}}
    answer = client.post("/v1/models/seasonal-naive:predict", json=body).json()
    found = [(row["timestamp"], row["mean"]) for row in answer["predictions"]]
    assert found == [("2026-01-06T00:00:00", 3.0), ("2026-01-07T00:00:00", 3.0)]


@pytest.mark.parametrize("name", ["y", "ds", "unique_id"])
def test_a_covariate_with_a_name_of_the_table_is_refused(client, name):
    """Catches a value that is read as the target, and an error of the server for one that is no number."""
    rows = [{"timestamp": day, "target": 1.0, name: {}} for day in (1, 2, 3)]
    answer = client.post("/v1/models/nanotst:predict", json={"instances": rows, "parameters": {"prediction_length": 1}})
    assert (answer.status_code, answer.json()["error"].partition(":")[0]) == (422, name)


def test_health_and_models(client):
    """What an orchestrator asks."""
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2").json()["name"] == "segue"
    assert client.get("/v2/models/seasonal-naive").json()["outputs"][0]["name"] == "SeasonalNaive"
    assert client.get("/v2/models/nanotst/ready").json() == {"name": "nanotst", "ready": True}
    assert client.get("/v1/models").json() == {"models": ["nanotst", "seasonal-naive"]}
    assert client.get("/v1/timeseries/models").json() == ["nanotst", "seasonal-naive"]


def test_a_folder_keeps_its_name_though_clients_have_it_for_the_default(tmp_path):
    """Catches another model that answers in silence."""
    folder = shutil.copytree(model_folder("nanotst-small"), tmp_path / "default-sales")
    models = Models(["seasonal-naive", str(folder)], threads=1)
    assert [models.named(name)[0] for name in ("default-sales", "default", "timegpt-2.1")] == [
        "default-sales",
        "seasonal-naive",
        "seasonal-naive",
    ]


ONE = {"name": "a", "series": [1.0, 2.0], "frequency": "D"}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"options": {"horizon": 0}}, 422, "horizon 0: give a whole number of at least 1"),
        ({"inputs": []}, 422, "inputs: is empty"),
        ({"model": "other"}, 404, "model other: this server has nanotst, seasonal-naive"),
        ({"inputs": [ONE | {"frequency": "fortnight"}]}, 422, "frequency fortnight: give one of second"),
        ({"inputs": [ONE | {"series": []}]}, 422, "series of a: is empty"),
        ({"inputs": [ONE | {"series": [[1.0], [2.0]]}]}, 422, "type of a: give each variable"),
        ({"inputs": [ONE | {"start_timestamp": "soon"}]}, 422, "start_timestamp soon: give a time"),
    ],
)
def test_an_error_has_a_code_and_one_line(client, change, status, words):
    """The form that `kserve` reads: its code is a number in text."""
    answer = client.post("/v1/timeseries/forecast", json={"inputs": [ONE], "options": {"horizon": 2}, **change})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (status, str(status), "invalid_request_error")
    assert error["message"].startswith(words)
