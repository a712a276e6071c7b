"""The laws of forecasters, by torch in double precision: of NanoTST on every backbone, and of ClassicTST."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from segue.forecasting.nanotst.classic import ClassicTST
from segue.forecasting.predictor import LEVELS
from tests.forecasting.nanotst.conftest import (
    CLASSIC,
    TINY,
    build,
    every_backbone,
    every_model,
    forecast_lanes,
    history_of,
    periods,
)


@pytest.mark.parametrize("horizon", [1, 8, 20, 24, 61])
@every_model
def test_a_forecast_follows_scale_and_level_exactly(config, horizon, values):
    model = build(config)
    forecast = model.predict(history_of(values), horizon).quantiles
    moved = model.predict(history_of(3.7 * values - 250.0), horizon).quantiles
    assert forecast.shape == (4, horizon, len(LEVELS))
    assert (np.diff(forecast) >= 0).all()
    np.testing.assert_allclose(moved, 3.7 * forecast - 250.0, rtol=1e-12, atol=1e-10)


@every_model
def test_a_forecast_does_not_depend_on_the_other_lanes_or_on_padding(config, values):
    model = build(config)
    lengths = (64, 40, 17, 3)  # right-aligned: shorter lanes are padded in front, with values that must not matter
    observed = np.stack([np.arange(64) >= 64 - length for length in lengths])
    for horizon in (20, 40):  # one pass, and beyond
        together = model.predict(history_of(values, observed), horizon).quantiles
        if config is CLASSIC:  # its embedding has no mask: what it promises holds for whole patches
            lengths = (64, 40)
        for lane, length in enumerate(lengths):
            alone = history_of(values[lane : lane + 1, -length:])
            expected = model.predict(alone, horizon).quantiles[0]
            np.testing.assert_allclose(together[lane], expected, rtol=0, atol=1e-10)


@every_model
def test_the_order_of_lanes_does_not_matter(config, values):
    model, order = build(config), np.array([2, 0, 3, 1])
    expected = model.predict(history_of(values), 40).quantiles[order]
    np.testing.assert_allclose(model.predict(history_of(values[order]), 40).quantiles, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("horizons", [(1, 20, 24), (24, 25, 60), (60, 72, 73)])
@every_model
def test_the_first_steps_of_a_forecast_are_the_shorter_forecast(config, horizons, values):
    model = build(config)  # one pass of NanoTST reaches 24 steps
    *shorter, longest = (model.predict(history_of(values), horizon).quantiles for horizon in horizons)
    for forecast in shorter:
        np.testing.assert_allclose(longest[:, : forecast.shape[1]], forecast, rtol=0, atol=1e-10)


def test_the_draws_of_the_classic_do_not_depend_on_the_horizon(values):
    """Patches of 6 values make counts that are no multiple of the 16 that torch draws together."""
    model = build(replace(CLASSIC, context=60, patch=6))
    one, two = (model.predict(history_of(values), horizon).quantiles for horizon in (6, 12))
    np.testing.assert_allclose(two[:, :6], one, rtol=0, atol=1e-10)


@every_backbone
def test_no_prediction_sees_the_future(config, values):
    model = build(config)
    assert model.causal
    patches, observed = torch.from_numpy(values).view(4, 8, 8), torch.ones(4, 8, 8, dtype=torch.bool)
    other = patches.clone()
    other[:, 5:] = 1e6
    seasons = periods(4, 10.0)
    now, _ = model(patches, observed, seasons)
    then, _ = model(other, observed, seasons)
    torch.testing.assert_close(now.values[:, :5], then.values[:, :5], rtol=0, atol=1e-10)
    assert (now.values[:, 5:] - then.values[:, 5:]).abs().amax((1, 2, 3)).min() > 1e-6


def test_the_window_scale_of_the_classic_leaks_the_future_and_says_so(values):
    model = build(CLASSIC)
    patches, observed = torch.from_numpy(values).view(4, 8, 8), torch.ones(4, 8, 8, dtype=torch.bool)
    other = patches.clone()
    other[:, 7:] += 20.0
    assert not model.causal
    assert (model(patches, observed)[0].mean[:, 0] - model(other, observed)[0].mean[:, 0]).abs().min() > 1e-6


@every_model
def test_values_that_are_not_observed_have_no_influence(config, values):
    model = build(config)
    observed = np.random.default_rng(2).random((4, 64)) < 0.7
    observed[:, -1] = True
    expected = model.predict(history_of(values, observed), 40).quantiles
    other = np.where(observed, values, 1e9)
    np.testing.assert_allclose(model.predict(history_of(other, observed), 40).quantiles, expected, rtol=0, atol=1e-10)


@every_model
@pytest.mark.parametrize("value", [3.0, -1e15, 0.0])
def test_equal_values_are_forecast_to_stay(config, value):
    for length in (1, 30):
        forecast = build(config).predict(history_of(np.full((1, length), value)), 20).quantiles
        assert (forecast == value).all()


@every_model
def test_suggested_seasons_are_a_set_and_zeros_not_at_all(config, values):
    """Any number of columns, in any order; a lane is suggested its own ones only."""
    model = build(config)
    given = history_of(values)

    def forecast(*suggested: list[float]) -> np.ndarray:
        return model.predict(replace(given, seasons=np.array(suggested)), 20).quantiles

    plain = model.predict(given, 20).quantiles
    np.testing.assert_allclose(forecast(*[[0.0, 0.0]] * 4), plain, rtol=0, atol=1e-10)
    one = forecast(*[[20.0]] * 4)  # twice the cycle of two lanes
    assert isinstance(model, ClassicTST) or np.abs(one - plain).max((1, 2))[::2].min() > 1e-6
    for same in ([20.0, 0.0], [0.0, 20.0, 20.0]):
        np.testing.assert_allclose(forecast(*[same] * 4), one, rtol=0, atol=1e-10)
    mixed = forecast([20.0], [0.0], [20.0], [0.0])
    np.testing.assert_allclose(mixed[::2], one[::2], rtol=0, atol=1e-10)
    np.testing.assert_allclose(mixed[1::2], plain[1::2], rtol=0, atol=1e-10)


@every_model
def test_steps_missing_at_the_end_are_forecast_with_the_future(config, values):
    # else the last patch would be half observed, which training never shows; each lane has a gap of its own
    model, gaps = build(config), (0, 3, 8, 21)
    observed = np.stack([np.arange(64) < 64 - gap for gap in gaps])
    together = forecast_lanes(model, values, 20, observed)
    for lane, gap in enumerate(gaps):
        known = history_of(values[lane : lane + 1, : 64 - gap])
        expected = model.predict(known, 20 + gap).quantiles[0, gap:]
        np.testing.assert_allclose(together[lane], expected, rtol=1e-12, atol=1e-10)


def test_lanes_without_any_value_have_no_forecast(values):
    assert np.isnan(forecast_lanes(build(TINY), np.zeros((2, 0)), 3)).all()
    observed = np.ones_like(values, dtype=bool)
    observed[2] = False
    forecast = forecast_lanes(build(TINY), values, 5, observed)
    assert np.isnan(forecast).any((1, 2)).tolist() == [False, False, True, False]
