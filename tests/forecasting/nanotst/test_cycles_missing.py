"""Missing values, gaps, spikes and drifts hide no cycle, and what is missing makes a cycle as unsure as it should."""

import pytest
import torch

from segue.forecasting.nanotst.cycles import _relative_error
from segue.forecasting.nanotst.past import past_of
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.scaling import HALF_LIFE, mean_scale
from segue.forecasting.nanotst.variogram import variogram
from tests.forecasting.nanotst.conftest import PATCH, cycles_of, noise, shape, wave


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_cycle_is_detected_with_values_missing_here_and_there(share):
    """Counting only what has both neighbours, or values held across gaps as observed, takes 12 for 13.

    Noise is 7 % of the deviation. With more of it, twice the cycle resembles itself more than the cycle does.
    """
    missing = torch.rand(20, 360, generator=torch.Generator().manual_seed(5)) < share
    values = torch.stack([wave(360, 12) + 0.05 * noise(360, seed) for seed in range(20)])
    _, cycle, _ = cycles_of(*to_patches(values, ~missing, PATCH))
    assert (cycle.length[:, 10:] == 12).double().mean() > 0.9


@pytest.mark.parametrize("kind", ["sine", "bumps"])
@pytest.mark.parametrize("noisy", [0.0, 0.02, 0.05])
def test_missing_values_hide_no_slow_cycle(kind, noisy):
    """Each lag lacks other pairs; taken as exact, the variances of lags 2 to 7 make a cycle in a third of the lanes."""
    missed = []
    for period in (48, 96, 168, 288, 336):
        rows = [shape(kind, 2 * period, period, phase * period // 8) for phase in range(8)]
        values = torch.stack(rows) + noisy * torch.stack([noise(2 * period, seed) for seed in range(8)])
        observed = torch.rand(8, 2 * period, generator=torch.Generator().manual_seed(period)) >= 0.1
        _, cycle, _ = cycles_of(*to_patches(values, observed, PATCH))
        missed += [(period, found) for found in cycle.length[:, -1].tolist() if abs(found - period) > period / 96]
    assert len(missed) <= 1, missed  # of 40


def test_a_gap_and_a_spike_and_a_drift_hide_no_cycle():
    """A spike of 20 amplitudes, a new level of 5 after a gap, and a drift to 72; 100, 10 and 360 hide the cycle."""
    gap, spike, drift = (wave(360, 12) + 0.05 * noise(360) for _ in range(3))
    observed = torch.ones(3, 360, dtype=torch.bool)
    gap[130:] += 5
    observed[0, 100:130] = False
    spike[150] += 20
    _, cycle, _ = cycles_of(*to_patches(torch.stack([gap, spike, drift + 0.2 * torch.arange(360)]), observed, PATCH))
    assert (cycle.length[:, -6:] % 12 == 0).all()
    assert cycle.present[:, -6:].all()


def test_nights_that_are_never_observed_hide_no_day():
    """Half of all values are missing, but no pair a day apart. Three and a half days apart there is none at all."""
    time = torch.arange(480)
    values = torch.stack([wave(480, 24) + 0.05 * noise(480, seed) for seed in range(8)])
    observed = ((time % 24 >= 8) & (time % 24 < 20)).expand(8, -1)
    _, cycle, _ = cycles_of(*to_patches(values, observed, PATCH))
    assert (cycle.length[:, 16:] == 24).double().mean() > 0.95  # once seen eight times


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_the_error_by_missing_pairs_is_that_of_a_sample_from_all_pairs(share):
    """A loop over values: the mean of p of n pairs varies by 1 / p - 1 / n about that of all."""
    time = 96
    observed = torch.rand(1, time, generator=torch.Generator().manual_seed(2)) >= share
    observed[0, :7] = False  # the lane has not begun
    patches, seen = to_patches(noise(time)[None], observed, PATCH)
    past, lags = past_of(patches, seen), torch.tensor([1, 5, 24, 60])
    pairs = variogram(past, mean_scale(past)).pairs.index_select(-1, lags)
    found, begin = _relative_error(past, pairs, lags), int(past.begin[0])
    for token in (2, 5, 7):
        for index, lag in enumerate(lags.tolist()):
            fade = {t: 0.5 ** ((token - t // PATCH) * PATCH / HALF_LIFE) for t in range((token + 1) * PATCH)}
            newer = [t for t in fade if observed[0, t] and t - lag >= begin]
            possible = sum(fade[t] for t in newer)
            there = sum(fade[t] for t in newer if observed[0, t - lag])
            if there:
                expected = max((possible / there - 1 - 1e-5) / there, 0) ** 0.5
                assert found[0, token, index].item() == pytest.approx(expected, abs=1e-9)
    assert (found > 0).any() == (share > 0)
