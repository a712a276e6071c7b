"""NanoTST run by onnxruntime: its laws in single precision, and the same bits in any company."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from segue import ExportedModel, History
from segue.forecasting.predictor import Predictor
from tests.forecasting.conftest import corpus
from tests.forecasting.nanotst.conftest import distance, forecast_lanes, history_of

NAMES = ("nanotst", "nanotst-small")
LENGTHS = (7, 150, 720, 1500)
"""Steps of the lanes whose bits are compared: short, within, as long as and longer than what the network reads."""


@pytest.fixture(scope="module", params=NAMES)
def model(request) -> ExportedModel:
    return ExportedModel.from_pretrained(request.param)


def company(count: int) -> History:
    """Lanes of four lengths in turn, right-aligned: walks with a season, every second one with gaps.

    Every third one is suggested its season, and every third one a wrong one.
    """
    random, time = np.random.default_rng(0), np.arange(1500)
    values = random.normal(size=(count, 1500)).cumsum(1) + 9 * np.sin(2 * np.pi * time / 24)
    begin = 1500 - np.resize(LENGTHS, count)[:, None]
    gappy = (random.random((count, 1500)) < 0.3) & (np.arange(count)[:, None] % 2 == 1)
    observed = (time >= begin) & ~(gappy & (time > begin) & (time < 1499))
    seasons = np.stack([np.resize([24.0, 0.0, 52.18], count), np.resize([0.0, 168.0], count)], axis=1)
    return History(np.where(observed, values, 0.0), observed, seasons)


def bits(model: Predictor, history: History, horizon: int) -> list[bytes]:
    """Each lane's quantiles, to the last bit."""
    return [lane.tobytes() for lane in model.predict(history, horizon).quantiles]


def alone(model: Predictor, history: History, horizon: int) -> list[bytes]:
    """The same of each lane by itself, without the steps before it began."""
    found = []
    for lane in range(len(history)):
        part = history.select(np.array([lane]), since=int(history.observed[lane].argmax()))
        found += bits(model, part, horizon)
    return found


@pytest.mark.parametrize(("horizon", "sizes"), [(24, (2, 3, 5, 64, 67, 131, 200)), (200, (2, 3, 7, 25))])
def test_a_lane_has_the_same_bits_alone_and_in_any_batch_on_one_thread_and_two(model, horizon, sizes):
    """Catches elements that are computed in groups of the batch, and work that is divided by the number of threads."""
    history = company(max(sizes))
    expected = alone(model, history, horizon)
    for threads in (1, 2):
        threaded = ExportedModel(model.folder, threads=threads)
        for size in sizes:
            picked = history.select(np.arange(size))
            assert bits(threaded, picked, horizon) == expected[:size], (threads, size)


@pytest.mark.parametrize("horizon", [24, 200])
def test_a_lane_has_the_same_bits_in_any_order(model, horizon):
    history, order = company(31), np.random.default_rng(1).permutation(31)
    expected = bits(model, history, horizon)
    assert bits(model, history.select(order), horizon) == [expected[lane] for lane in order]


def test_a_lane_has_the_same_bits_in_a_new_process(model, tmp_path):
    history = company(7)
    np.savez(tmp_path / "in.npz", values=history.values, observed=history.observed, seasons=history.seasons)
    code = f"""
import numpy as np
from segue import ExportedModel, History
given = np.load("in.npz")
history = History(given["values"], given["observed"], given["seasons"])
model = ExportedModel({str(model.folder)!r})
np.savez("out.npz", near=model.predict(history, 24).quantiles, far=model.predict(history, 200).quantiles)
"""
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    found = np.load(tmp_path / "out.npz")
    for name, horizon in (("near", 24), ("far", 200)):
        assert [lane.tobytes() for lane in found[name]] == bits(model, history, horizon)


def test_a_pickled_model_makes_its_own_session_and_gives_the_same_bits(model):
    history = company(3)
    expected = bits(model, history, 24)
    again = pickle.loads(pickle.dumps(model))
    assert "_session" not in vars(again)
    assert (again.folder, again.threads, again.fingerprint) == (model.folder, model.threads, model.fingerprint)
    assert bits(again, history, 24) == expected


@pytest.mark.parametrize("horizon", [24, 200])
def test_powers_of_two_scale_a_forecast_to_the_last_bit(model, horizon):
    """No digit of a value changes with its exponent, so nothing else may: catches any constant with a unit."""
    history = company(5)
    expected = model.predict(history, horizon).quantiles
    for power in (2.0**-40, 2.0**-1, 2.0**30):
        scaled = History(power * history.values, history.observed, history.seasons)
        assert np.array_equal(model.predict(scaled, horizon).quantiles, power * expected), power


@pytest.mark.parametrize(("scale", "level"), [(3.7, -250.0), (1e-9, 0.0), (1e9, 1e9), (0.1, 1e6)])
def test_a_forecast_follows_scale_and_level(model, scale, level):
    """To single precision: what the features lose by another level is rounded there, too."""
    for series in corpus((61, 337)).values():
        values = np.stack([series[kind] for kind in ("walk", "noise", "noisy wave on a line", "gaps", "counts")])
        values += 1 / 3  # no lane is whole: where all values are, zero is a floor, the exception from this law
        plain, moved = forecast_lanes(model, values, 48), forecast_lanes(model, scale * values + level, 48)
        assert distance(moved, scale * plain + level, scale * values + level).max() <= 1e-3


@pytest.mark.parametrize("length", [3, 61, 200, 721])
def test_the_first_steps_of_a_forecast_are_the_shorter_forecast(model, length):
    values = np.stack(list(corpus((length,))[length].values()))
    expected = forecast_lanes(model, values, 170)
    for horizon in (1, 2, 23, 24, 25, 100, 144, 145, 168, 169):
        found = forecast_lanes(model, values, horizon)
        assert distance(found, expected[:, :horizon], values).max() <= 1e-4, horizon


def test_the_first_steps_beyond_one_pass_are_the_shorter_forecast(model):
    values = np.stack([series["noisy wave on a line"] for series in corpus((61,)).values()])
    expected = forecast_lanes(model, values, 500)
    for horizon in (169, 200, 335, 336, 337, 400):
        found = forecast_lanes(model, values, horizon)
        assert distance(found, expected[:, :horizon], values).max() <= 1e-4, horizon


def test_values_not_observed_and_padding_have_no_influence(model):
    history = company(9)
    expected = bits(model, history, 24)
    filled = History(np.where(history.observed, history.values, 1e9), history.observed, history.seasons)
    assert bits(model, filled, 24) == expected
    longer = [np.pad(part, ((0, 0), (50, 0))) for part in (history.values, history.observed)]
    assert bits(model, History(*longer, history.seasons), 24) == expected


@pytest.mark.parametrize("value", [3.0, -1e15, 0.0, 1e-300])
def test_equal_values_are_forecast_to_stay(model, value):
    for length in (1, 2, 30, 720):
        assert (model.predict(history_of(np.full((2, length), value)), 200).quantiles == value).all()


def test_it_is_a_predictor_that_reads_suggested_seasons(model):
    """Columns of zeros change no bit; twice the season is a cycle, too, and changes the forecast of its own lane."""
    history = company(6)
    assert isinstance(model, Predictor)
    none = replace(history, seasons=np.zeros((6, 0)))
    expected = bits(model, none, 24)
    for columns in (1, 4):
        assert bits(model, replace(history, seasons=np.zeros((6, columns))), 24) == expected
    suggested = np.zeros((6, 2))
    suggested[2, 1] = 48.0  # of a lane that is as long as the context
    found = bits(model, replace(history, seasons=suggested), 24)
    assert [one != other for one, other in zip(found, expected, strict=True)] == [lane == 2 for lane in range(6)]
    assert model.pass_steps == model.config.span * model.config.patch < 200  # the horizon beyond one pass, above
