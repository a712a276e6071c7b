"""The forecast as a value: quantiles at levels, read between them and never beyond."""

import pytest
import torch

from segue.forecasting.predictor import LEVELS, Forecast


def test_a_given_level_is_given_back_to_the_last_bit_and_others_lie_between():
    quantiles = torch.randn(2, 3, len(LEVELS), dtype=torch.float64).sort(-1).values
    forecast = Forecast(quantiles)
    assert torch.equal(forecast.at(LEVELS), quantiles)
    assert torch.equal(forecast.median, quantiles[..., LEVELS.index(0.5)])
    torch.testing.assert_close(forecast.at((0.15,))[..., 0], quantiles[..., 3:5].mean(-1))


def test_one_level_is_enough_and_a_median_is_never_made_up():
    ones = torch.ones(1, 2, 1, dtype=torch.float64)
    assert torch.equal(Forecast(ones, (0.5,)).median, ones[..., 0])
    with pytest.raises(ValueError, match="no median among the levels"):
        _ = Forecast(torch.ones(1, 2, 2, dtype=torch.float64), (0.1, 0.9)).median


def test_levels_ascend_and_tails_are_not_extrapolated():
    with pytest.raises(ValueError, match="must ascend"):
        Forecast(torch.ones(1, 2, 2, dtype=torch.float64), (0.9, 0.1))
    with pytest.raises(ValueError, match="must lie in"):
        Forecast(torch.ones(1, 2, len(LEVELS), dtype=torch.float64)).at((0.995,))
