"""Models of statsforecast as predictors: its numbers, and what happens where it has none."""

import sys

import numpy as np
import pytest
import torch
from statsforecast import models

from segue import LEVELS, Predictor, SeasonalNaive, UserError
from segue.forecasting.baselines.statsforecast import AutoETS, AutoTheta
from segue.forecasting.registry import load_predictor

CLASSES = pytest.mark.parametrize("kind", [AutoETS, AutoTheta])


def lanes(count=2, time=60, seed=0):
    noise = torch.randn(count, time, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return 20 + 5 * torch.sin(torch.arange(time) * torch.pi / 2) + noise, torch.ones(count, time, dtype=torch.bool)


@CLASSES
def test_quantiles_are_the_bounds_of_its_intervals(kind):
    values, observed = lanes()
    ours = kind(4).predict(values, observed, 6).quantiles.numpy()
    assert isinstance(kind(4), Predictor)
    for lane in range(2):
        theirs = getattr(models, kind.__name__)(season_length=4).forecast(values[lane].numpy(), 6, level=[80, 95])
        np.testing.assert_allclose(ours[lane, :, LEVELS.index(0.5)], theirs["mean"])
        if kind is AutoETS:  # Theta's are simulated, and may be widened to those of a narrower interval
            np.testing.assert_allclose(ours[lane, :, LEVELS.index(0.1)], theirs["lo-80"])
            np.testing.assert_allclose(ours[lane, :, LEVELS.index(0.975)], theirs["hi-95"])
    assert (np.diff(ours) >= 0).all()


@CLASSES
def test_missing_values_are_interpolated_and_a_missing_end_is_forecast(kind):
    values, observed = lanes(1)
    values[0, 30] = (values[0, 29] + values[0, 31]) / 2
    whole = kind(4).predict(values[:, 4:58], observed[:, 4:58], 5).quantiles
    values[0, [0, 1, 2, 3, 30, 58, 59]] = 1e6
    observed[0, [0, 1, 2, 3, 30, 58, 59]] = False
    torch.testing.assert_close(kind(4).predict(values, observed, 3).quantiles, whole[:, 2:])


@CLASSES
def test_a_lane_it_refuses_gets_the_seasonal_naive_forecast(kind):
    """One value, a constant, and nothing at all, beside a lane that it takes."""
    values, observed = lanes(4)
    observed[0, :-1] = False
    values[1] = 3
    observed[2] = False
    ours, naive = (predictor.predict(values, observed, 5).quantiles for predictor in (kind(4), SeasonalNaive(4)))
    torch.testing.assert_close(ours[:3], naive[:3], equal_nan=True, rtol=0, atol=0)
    assert not torch.equal(ours[3], naive[3])


def test_a_missing_package_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(UserError, match=r"^against ets: needs statsforecast: pip install segue\[classical\]$"):
        load_predictor("ets", 12, "against")


def test_a_season_below_one_is_refused():
    with pytest.raises(UserError, match="^season 0: "):
        AutoETS(0)
