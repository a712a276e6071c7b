"""The model in the package: small, lawful in double precision, and better than naive on the one real series we ship."""

from pathlib import Path

import pandas as pd
import pytest
import torch

from segue import Forecaster, NanoTST, SeasonalNaive
from segue.forecasting.evaluation.metrics import mase
from segue.forecasting.nanotst.weights import bundled, find_model

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", params=["nanotst", "nanotst-small"])
def model(request) -> NanoTST:
    return NanoTST.from_pretrained(request.param).double()


@pytest.fixture(scope="module")
def values() -> torch.Tensor:
    """A walk, a season on a line, a short lane and a lane with gaps, right-aligned."""
    time = torch.arange(200, dtype=torch.float64)
    noise = torch.randn(4, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    lanes = torch.stack([noise[0].cumsum(0), (time % 12) + 0.05 * time + 0.2 * noise[1], noise[2], noise[3].cumsum(0)])
    lanes[2, :185] = torch.nan
    lanes[3, 40:55] = lanes[3, 195:] = torch.nan
    return lanes


def test_all_bundled_models_together_are_small_and_have_a_card():
    folders = [find_model(name) for name in bundled()]
    assert bundled() == ("nanotst", "nanotst-small")
    assert sum((folder / "model.safetensors").stat().st_size for folder in folders) <= 16e6
    assert all((folder / "MODEL_CARD.md").read_text().startswith("# ") for folder in folders)


def test_its_forecasts_follow_scale_and_level(model, values):
    forecaster = Forecaster(model)
    plain = forecaster.predict(values, 200).quantiles  # beyond one pass
    moved = forecaster.predict(0.37 * values + 1e3, 200).quantiles
    torch.testing.assert_close(moved, 0.37 * plain + 1e3, rtol=0, atol=1e-10)


def test_its_lanes_are_independent_and_its_streams_are_single_calls(model, values):
    forecaster = Forecaster(model)
    together = forecaster.predict(values, 30).quantiles
    for lane in range(4):
        alone = forecaster.predict(values[lane : lane + 1], 30).quantiles
        torch.testing.assert_close(together[lane], alone[0], rtol=0, atol=1e-10)
    state = forecaster.initial_state(4)
    for chunk in values.split([1, 57, 24, 100, 18], dim=1):
        state = forecaster.update(state, chunk)
    torch.testing.assert_close(forecaster.forecast(state, 30).quantiles, together, rtol=0, atol=1e-10)


def test_it_beats_seasonal_naive_on_airline_passengers():
    # the last two years from the ten before: a model with trend and season beats seasonal naive by far
    series = pd.read_csv(ROOT / "examples" / "air_passengers.csv")["y"].to_numpy(float)
    history, future = series[None, :120], series[None, 120:]
    ours, naive = (Forecaster(p).predict(history, 24) for p in (NanoTST.from_pretrained(), SeasonalNaive(12)))
    error, naive_error = (mase(future, f.median.numpy(), history, 12)[0] for f in (ours, naive))
    assert error < 0.75 * naive_error
    low, high = ours.at((0.025, 0.975)).numpy()[0].T
    assert ((future[0] >= low) & (future[0] <= high)).mean() >= 0.8
    width = high - low
    assert width[12:].mean() > 1.1 * width[:12].mean(), "the second year is less certain than the first"
