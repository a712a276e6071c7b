"""The client of Nixtla, unchanged, against a server in a thread.

The package `nixtla` asks for an older pyarrow than ours, so it is not among the requirements of the tests: they skip
where it is not installed. Bodies as it sends them are in `test_nixtla.py` and `test_nixtla_past.py`.
"""

import threading

import numpy as np
import pandas as pd
import pytest

import segue
from segue.serve.app import make_app
from segue.serve.running import Place, make_server
from tests.serve.conftest import hours

nixtla = pytest.importorskip("nixtla")
EXACT = {"rtol": 1e-5, "atol": 1e-4}  # the client sends values in single precision


@pytest.fixture(scope="module")
def nixtla_client(service):
    place = Place(port=0)
    own = place.bound()
    server = make_server(make_app(service), place)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [own]}, daemon=True)
    thread.start()
    port = own.getsockname()[1]
    yield nixtla.NixtlaClient(api_key="x", base_url=f"http://127.0.0.1:{port}", max_retries=1)
    server.should_exit = True
    thread.join(30)
    own.close()


@pytest.fixture
def frame():
    return hours((300, 260), gaps=False).astype({"y": np.float32})


def same(found, wanted, columns):
    assert len(found) == len(wanted)
    for theirs, ours in columns.items():
        np.testing.assert_allclose(found[theirs].to_numpy(), wanted[ours].to_numpy(), **EXACT)
    assert (found["ds"].to_numpy() == wanted["ds"].to_numpy()).all()


POINT = {"TimeGPT": "NanoTST"}
BAND = POINT | {f"TimeGPT-{side}-80": f"NanoTST-{side}-80" for side in ("lo", "hi")}


def test_forecasts(nixtla_client, frame):
    """Plain, with levels, with quantiles."""
    same(nixtla_client.forecast(frame, h=12), segue.forecast(frame, 12), POINT)
    same(nixtla_client.forecast(frame, h=12, level=[80]), segue.forecast(frame, 12), BAND)
    found = nixtla_client.forecast(frame, h=12, quantiles=[0.1, 0.5, 0.9])
    names = {f"TimeGPT-q-{q}": f"NanoTST-q-{q}" for q in (10, 50, 90)}
    same(found, segue.forecast(frame, 12, quantiles=(0.1, 0.5, 0.9)), names)


def test_a_history(nixtla_client, frame):
    found = nixtla_client.forecast(frame, h=4, level=[80], add_history=True)
    past = segue.fitted(frame)
    past = past[past.groupby("unique_id").cumcount() > 0]
    wanted = pd.concat([past, segue.forecast(frame, 4)]).sort_values(["unique_id", "ds"])
    same(found, wanted, BAND)


def test_covariates(nixtla_client, frame):
    frame["x"] = np.random.default_rng(0).normal(size=len(frame)).astype(np.float32)
    frame["y"] += 3 * frame["x"]
    past = frame.groupby("unique_id").head(250)
    future = frame.drop(past.index).groupby("unique_id").head(6).drop(columns="y")
    same(nixtla_client.forecast(past, h=6, X_df=future), segue.forecast(past, 6, future=future), POINT)


def test_missing_values(nixtla_client, frame):
    frame.loc[[3, 50, 51, 270], "y"] = np.nan
    same(nixtla_client.forecast(frame, h=5, freq="h"), segue.forecast(frame, 5), POINT)


def test_integer_times(nixtla_client, frame):
    numbered = frame.assign(ds=frame.groupby("unique_id").cumcount() + 7)
    same(nixtla_client.forecast(numbered, h=5, freq=1), segue.forecast(numbered, 5), POINT)


def test_a_megabyte_comes_packed(nixtla_client):
    large = hours((1_000,) * 120, gaps=False).astype({"y": np.float32})
    same(nixtla_client.forecast(large, h=3), segue.forecast(large, 3), POINT)


def test_partitions(nixtla_client, frame):
    same(nixtla_client.forecast(frame, h=3, num_partitions=2), segue.forecast(frame, 3), POINT)


def test_a_cross_validation(nixtla_client, frame):
    found = nixtla_client.cross_validation(frame, h=6, n_windows=3, step_size=4, level=[80])
    wanted = segue.backtest(frame, 6, 3, models="nanotst", step=4, levels=80).forecasts
    same(found, wanted, BAND)
    assert (found["cutoff"].to_numpy() == wanted["cutoff"].to_numpy()).all()


def test_anomalies(nixtla_client, frame):
    frame.loc[280, "y"] += 40
    found = nixtla_client.detect_anomalies(frame, level=99)
    wanted = segue.detect(frame, 99).dropna(subset="NanoTST")
    same(found, wanted, BAND)
    assert (found["anomaly"].to_numpy() == wanted["anomaly"].to_numpy()).all()


def test_online_anomalies(nixtla_client, frame):
    frame.loc[280, "y"] += 40
    found = nixtla_client.detect_anomalies_online(frame, h=12, detection_size=40, level=99)
    wanted = segue.detect(frame, 99, refresh=12).groupby("unique_id").tail(40)
    same(found, wanted, POINT)
    np.testing.assert_allclose(found["anomaly_score"], wanted["score"], **EXACT)
    assert found["anomaly"].any()


def test_paths(nixtla_client, frame):
    found = nixtla_client.simulate(frame, h=5, n_paths=20, seed=4)
    wanted = segue.simulate(frame, 5, paths=20, seed=4).sort_values(["path", "unique_id", "ds"])
    same(found, wanted, POINT)


def test_small_calls(nixtla_client):
    assert nixtla_client.validate_api_key()
    assert nixtla_client.list_models() == ["nanotst", "seasonal-naive"]
    assert "requests" in nixtla_client.usage()


def test_a_mistake_is_not_tried_again(nixtla_client, frame):
    with pytest.raises(Exception, match="finetune_steps: the model is not fine-tuned"):
        nixtla_client.forecast(frame, h=3, finetune_steps=5)
