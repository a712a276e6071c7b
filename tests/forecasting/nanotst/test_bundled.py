"""The models in the package: small, lawful in double precision, and better than naive on a real series."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segue import ExportedModel, NanoTST, SeasonalNaive, Stream
from segue.forecasting.evaluation.metrics import mase
from segue.forecasting.nanotst.weights import bundled, model_folder
from segue.manifest import verify
from tests.forecasting.nanotst.conftest import forecast_lanes, history_of

ROOT = Path(__file__).parents[3]
NAMES = ("nanotst", "nanotst-small")


@pytest.fixture(scope="module", params=NAMES)
def model(request) -> NanoTST:
    return NanoTST.from_pretrained(request.param).double()


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    """A walk, a season on a line, a short lane and a lane with gaps, right-aligned."""
    time, noise = np.arange(200), np.random.default_rng(0).normal(size=(4, 200))
    lanes = np.stack([noise[0].cumsum(), time % 12 + 0.05 * time + 0.2 * noise[1], noise[2], noise[3].cumsum()])
    lanes[2, :185] = np.nan
    lanes[3, 40:55] = lanes[3, 195:] = np.nan
    return lanes


def test_all_bundled_models_together_are_small_whole_and_have_a_card():
    folders = [model_folder(name) for name in bundled()]
    assert bundled() == NAMES
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) <= 16e6
    for folder in folders:
        files = sorted(path.name for path in folder.iterdir())
        assert files == ["MODEL_CARD.md", "SHA256SUMS", "config.json", "model.onnx", "model.safetensors"]
        assert (folder / "MODEL_CARD.md").read_text(encoding="utf-8").startswith("# ")
        verify(folder, *(name for name in files if name != "SHA256SUMS"))


def test_its_forecasts_follow_scale_and_level(model, values):
    plain = forecast_lanes(model, values, 200)  # beyond one pass
    moved = forecast_lanes(model, 0.37 * values + 1e3, 200)
    np.testing.assert_allclose(moved, 0.37 * plain + 1e3, rtol=0, atol=1e-10)


def test_its_lanes_are_independent_and_its_streams_are_single_calls(model, values):
    together = forecast_lanes(model, values, 30)
    for lane in range(4):
        alone = forecast_lanes(model, values[lane : lane + 1], 30)
        np.testing.assert_allclose(together[lane], alone[0], rtol=0, atol=1e-10)
    stream = Stream(model)
    memory = stream.start()
    for chunk in np.split(values, np.cumsum([1, 57, 24, 100]), axis=1):
        memory = stream.update_arrays(memory, chunk)
    np.testing.assert_allclose(stream.forecast_arrays(memory, 30).quantiles, together, rtol=0, atol=1e-10)


def test_its_horizons_agree(model, values):
    whole = forecast_lanes(model, values, 200)
    for horizon in (1, 24, 168, 175):
        np.testing.assert_allclose(forecast_lanes(model, values, horizon), whole[:, :horizon], rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", [NanoTST, ExportedModel])
def test_it_beats_seasonal_naive_on_airline_passengers(kind):
    # the last two years from the ten before: a model with trend and season beats seasonal naive by far
    series = pd.read_csv(ROOT / "examples" / "air_passengers.csv")["y"].to_numpy(float)
    history, future = series[None, :120], series[None, 120:]
    ours, naive = (p.predict(history_of(history), 24) for p in (kind.from_pretrained(), SeasonalNaive(12)))
    error, naive_error = (mase(future, f.median, history, 12)[0] for f in (ours, naive))
    assert error < 0.75 * naive_error
    low, high = ours.at((0.025, 0.975))[0].T
    assert ((future[0] >= low) & (future[0] <= high)).mean() >= 0.8
    width = high - low
    assert width[12:].mean() > 1.1 * width[:12].mean(), "the second year is less certain than the first"


@pytest.mark.parametrize("name", NAMES)
def test_both_forms_of_a_model_have_one_fingerprint_and_one_config(name):
    torch_form, exported = NanoTST.from_pretrained(name), ExportedModel.from_pretrained(name)
    assert exported.fingerprint == torch_form.fingerprint
    assert exported.config == torch_form.config
    for attribute in ("name", "context", "pass_steps", "keeps_support"):
        assert getattr(exported, attribute) == getattr(torch_form, attribute), attribute
