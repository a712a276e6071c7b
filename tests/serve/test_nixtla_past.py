"""Nixtla's calls about the past, and its jobs: the numbers of the library at the positions that were sent."""

import threading

import numpy as np
import pytest
from starlette.testclient import TestClient

import segue
from segue.serve.app import make_app
from segue.serve.dialects.nixtla_jobs import Jobs
from segue.serve.dialects.nixtla_payload import ForecastBody
from segue.serve.limits import Limits
from segue.serve.refused import Refused
from segue.serve.service import Service
from tests.serve.conftest import hours, nixtla_series
from tests.serve.test_nixtla import SERIES, post


def wait_for(client, path, body):
    """Submits a job and asks until it is done."""
    sent = client.post(f"{path}/async", json=body)
    assert sent.status_code == 202, sent.text
    turn = threading.Event()
    while (state := client.get(f"{path}/jobs/{sent.json()['job_id']}").json())["status"] in ("pending", "running"):
        turn.wait(0.01)
    return state


def test_a_cross_validation_is_the_backtest(client):
    """Catches windows in another order, and positions in another series; the second series is too short for all."""
    frame = hours((200, 50), gaps=False)
    body = {"series": nixtla_series(frame), "h": 6, "freq": "h", "n_windows": 6, "step_size": 4, "level": [80]}
    found = post(client, "/v2/cross_validation", body)
    wanted = segue.backtest(frame, 6, 6, models="nanotst", step=4, levels=80).forecasts
    assert found["mean"] == wanted["NanoTST"].tolist()
    assert found["intervals"]["hi-80"] == wanted["NanoTST-hi-80"].tolist()
    assert found["sizes"] == wanted.groupby("unique_id").size().tolist()
    at = frame.iloc[found["idxs"]]
    assert (at["ds"].to_numpy() == wanted["ds"].to_numpy()).all()
    assert at["y"].tolist() == wanted["y"].tolist()
    before = frame["ds"].to_numpy()[np.array(found["idxs"])[::6] - 1]
    assert (before.repeat(6) == wanted["cutoff"].to_numpy()).all()


def test_windows_know_their_covariates(client):
    """Columns that are not `hist_exog` are known in each window."""
    frame = hours((300,), gaps=False)
    frame["x1"] = np.random.default_rng(1).normal(size=300)
    frame["y"] += 4 * frame["x1"]
    series = nixtla_series(frame) | {"X": [frame["x1"].tolist()]}
    body = {"series": series, "h": 5, "freq": "h", "n_windows": 2}
    wanted = segue.backtest(frame, 5, 2, models="nanotst", levels=(), covariates="x1").forecasts
    assert post(client, "/v2/cross_validation", body)["mean"] == wanted["NanoTST"].tolist()
    answer = client.post("/v2/cross_validation", json=body | {"hist_exog": [0]})
    assert answer.json()["detail"].startswith("hist_exog_list: 1 of 1 columns are known of the past only")


def test_the_history_is_forecast_one_step_ahead(client):
    """All values of each series but the first."""
    frame = hours((30, 20))
    body = {"series": nixtla_series(frame), "h": 9, "freq": "h", "level": [80], "full_history": True}
    found = post(client, "/v2/cross_validation", body)
    wanted = segue.fitted(frame)
    wanted = wanted[wanted.groupby("unique_id").cumcount() > 0]
    assert found["mean"] == wanted["NanoTST"].tolist()
    assert found["intervals"]["lo-80"] == wanted["NanoTST-lo-80"].tolist()
    assert found["sizes"] == [29, 19]


def spiked():
    frame = hours((200, 190), gaps=False)
    frame.loc[180, "y"] += 30
    return frame


def test_anomalies_are_those_of_detect(client):
    """From the first forecast on; the client lays the answer on the last values of each series."""
    frame = spiked()
    body = {"series": nixtla_series(frame), "freq": "h", "level": 99, "model": "seasonal-naive"}
    found = post(client, "/v2/anomaly_detection", body)
    wanted = segue.detect(frame, 99, model="seasonal-naive", warm_up=95).dropna(subset="SeasonalNaive")
    assert found["mean"] == wanted["SeasonalNaive"].tolist()
    assert found["anomaly"] == wanted["anomaly"].tolist()
    assert found["intervals"]["lo-80"] == wanted["SeasonalNaive-lo-80"].tolist()
    assert found["sizes"] == wanted.groupby("unique_id").size().tolist()
    assert wanted.loc[wanted["anomaly"], "ds"].isin([frame["ds"][180]]).any()


def test_anomalies_of_a_long_series_are_those_of_detect(client):
    """A watch keeps as many values as the network reads; catches a wrapper that lets it keep more."""
    frame = hours((1_100,), gaps=False)
    body = {"series": nixtla_series(frame), "freq": "h", "h": 100, "detection_size": 100, "level": 99}
    found = post(client, "/v2/online_anomaly_detection", body)
    wanted = segue.detect(frame, 99, refresh=100).tail(100)
    assert found["mean"] == wanted["NanoTST"].tolist()
    assert found["anomaly_score"] == wanted["score"].tolist()


def test_online_anomalies_are_the_last_rows_of_detect(client):
    """`step_size` is how often forecasts are made again."""
    frame = spiked()
    body = {"series": nixtla_series(frame), "freq": "h", "h": 8, "detection_size": 30, "step_size": 4, "level": 99}
    found = post(client, "/v2/online_anomaly_detection", body | {"model": "seasonal-naive"})
    wanted = segue.detect(frame, 99, model="seasonal-naive", refresh=4).groupby("unique_id").tail(30)
    assert found["idxs"] == wanted.index.tolist()
    assert found["mean"] == wanted["SeasonalNaive"].tolist()
    assert found["anomaly"] == wanted["anomaly"].tolist()
    assert found["anomaly_score"] == wanted["score"].tolist()
    assert found["sizes"] == [30, 30]
    assert sum(found["anomaly"]) >= 1


def test_rows_without_values_at_the_end_are_not_judged(client):
    """`segue.detect` leaves them out; catches an answer that is a row short, which the client would lay elsewhere."""
    frame = spiked()
    frame.loc[[198, 199, 389], "y"] = np.nan
    body = {"series": nixtla_series(frame), "freq": "h", "h": 8, "detection_size": 4, "model": "seasonal-naive"}
    found = post(client, "/v2/online_anomaly_detection", body)
    assert found["idxs"] == [196, 197, 198, 199, 386, 387, 388, 389]
    assert [found["mean"][k] for k in (2, 3, 7)] == [None] * 3
    assert None not in [found["mean"][k] for k in (0, 1, 4, 5, 6)]


def test_paths_are_those_of_simulate(client):
    """All series of the first path come first; series are named by their numbers, on which the seed rests."""
    frame = hours((200, 150), gaps=False)
    body = {"series": nixtla_series(frame), "h": 5, "freq": "h", "n_paths": 7, "seed": 3}
    state = wait_for(client, "/v2/simulate", body)
    assert state["status"] == "succeeded"
    found = state["result"]
    assert (found["n_paths"], found["h"], found["sizes"], found["coupled"]) == (7, 5, [5, 5], False)
    wanted = segue.simulate(frame, 5, paths=7, seed=3)["NanoTST"].to_numpy().reshape(2, 7, 5)
    assert found["samples"] == wanted.transpose(1, 0, 2).ravel().tolist()


def test_a_forecast_as_a_job(client):
    """`client.jobs.forecast`, and a mistake that shows while it runs."""
    body = {"series": SERIES, "h": 2, "freq": "D", "model": "seasonal-naive"}
    assert wait_for(client, "/v2/forecast", body)["result"] == post(client, "/v2/forecast", body)
    state = wait_for(client, "/v2/forecast", body | {"h": 0})
    assert state["status"] == "failed"
    assert state["error"].startswith("horizon 0: ")


@pytest.mark.parametrize(
    ("path", "more"),
    [("/v2/cross_validation", {"h": 1, "full_history": True, "level": [80]}), ("/v2/anomaly_detection", {})],
)
def test_an_answer_for_every_row_is_bounded(models, path, more):
    """`--max-cells` holds for them, too: 60 rows have a median and two bounds each, the first of a history none."""
    series = {"y": [float(step % 5) for step in range(60)], "sizes": [60]}
    body = {"series": series, "freq": "D", "model": "seasonal-naive", **more}
    for cells, status in ((176, 413), (180, 200)):
        app = make_app(Service(models, Limits(cells=cells)))
        assert TestClient(app).post(path, json=body).status_code == status


@pytest.mark.parametrize(
    ("path", "change", "status", "words"),
    [
        ("/v2/explain/async", {}, 422, "explain: this server has forecast, cross_validation"),
        ("/v2/forecast/async", {"h": "many"}, 422, "h many: Input should be a valid integer"),
        ("/v2/finetune", {}, 422, "finetune: the model is not fine-tuned"),
        ("/v2/async/jobs/nothing/cancel", {}, 404, "job nothing: there is none of this name"),
        ("/v2/cross_validation", {"n_windows": 0}, 422, "windows 0: give a whole number of at least 1"),
        ("/v2/anomaly_detection", {"level": 100}, 422, "level 100.0: give per cent in [50, 99.9]"),
        ("/v2/anomaly_detection", {"series": SERIES | {"X": [[1, 2, 3]]}}, 422, "series.X: anomalies are found by"),
        ("/v2/anomaly_detection", {"multivariate": True}, 422, "multivariate: the model reads each series by itself"),
        ("/v2/online_anomaly_detection", {"detection_size": 0}, 422, "h, detection_size and step_size: give"),
        ("/v2/online_anomaly_detection", {"detection_size": 1, "threshold_method": "multivariate"}, 422, "threshold_"),
    ],
)
def test_a_mistake_is_answered_in_one_line(client, path, change, status, words):
    answer = client.post(path, json={"series": SERIES, "h": 1, "freq": "D", **change})
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    assert answer.json()["detail"].startswith(words)


def test_jobs_are_bounded_and_can_be_stopped(service):
    """Catches results that fill the memory, and a job that runs though nobody waits for it."""
    gate, done = threading.Event(), []

    def run(body, _):
        assert gate.wait(30)
        done.append(body.h)
        return {"h": body.h}

    jobs = Jobs(service, {"forecast": (ForecastBody, run)}, most=3)
    names = [jobs.submit("forecast", {"series": SERIES, "h": h}) for h in (1, 2, 3)]  # two run, one waits
    with pytest.raises(Refused, match="3 jobs run or wait") as refusal:
        jobs.submit("forecast", {"series": SERIES, "h": 4})
    assert (refusal.value.status, refusal.value.wait) == (429, 1)
    assert jobs.cancel(names[2])["status"] == jobs.state(names[2])["status"] == "cancelled"
    gate.set()
    while jobs.state(names[0])["status"] != "succeeded" or jobs.state(names[1])["status"] != "succeeded":
        threading.Event().wait(0.01)
    assert sorted(done) == [1, 2]
    assert jobs.state(names[1])["result"] == {"h": 2}
    jobs.submit("forecast", {"series": SERIES, "h": 4})
    with pytest.raises(Refused, match="it was forgotten"):
        jobs.state(names[0])
