"""Seasonal copies are exact, and go back to what was observed only."""

import pytest
import torch

from segue.forecasting.nanotst.cycles import Cycle
from segue.forecasting.nanotst.past import Past, past_of
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.seasonal import last_cycle, seasonal_copies
from tests.forecasting.nanotst.conftest import PATCH, lanes, noise, wave


def everywhere(past: Past, length: int) -> Cycle:
    """A cycle of so many steps at every patch."""
    lengths = torch.full_like(past.newest_of_patch, length)
    return Cycle(lengths, lengths.double())


@pytest.mark.parametrize("hidden", [0, 1, 3])
def test_a_copy_goes_whole_cycles_back_from_the_last_observed_value(hidden):
    """Steps that are themselves to be predicted must never be read."""
    values = torch.arange(96).double()
    patches, observed = lanes(values)
    observed[:, 8 - hidden :] = False
    length, newest = 10, 96 - hidden * PATCH - 1
    past = past_of(patches, observed)
    copies = seasonal_copies(past, everywhere(past, length))
    for step in range(PATCH):
        source = 96 + step - length
        while source > newest:
            source -= length
        assert copies.last[0, -1, step] == values[source]
        assert copies.mean_of_four[0, -1, step].item() == pytest.approx(
            values[source].item(), abs=1e-9
        )  # on a straight line
        assert copies.mean_of_eight[0, -1, step].item() == pytest.approx(values[source].item(), abs=1e-9)
    assert copies.drift[0, -1].item() == pytest.approx(length)
    assert torch.equal(last_cycle(past, everywhere(past, length)), copies.last)


def test_a_mean_of_four_cycles_is_the_mean_of_the_last_four_on_the_level_of_the_last():
    values = wave(120, 10) + 0.3 * noise(120) + torch.arange(120).double().square() / 100
    past = past_of(*lanes(values))
    copies = seasonal_copies(past, everywhere(past, 10))
    cycles = values[-40:].view(4, 10).flip(0)
    departures = cycles - cycles.mean(1, keepdim=True)
    expected = (departures.mean(0) + cycles[0].mean() - values[0])[torch.arange(PATCH) % 10]
    torch.testing.assert_close(copies.mean_of_four[0, -1], expected, rtol=0, atol=1e-10)
    eight = values[-80:].view(8, 10).flip(0)
    expected += (eight - eight.mean(1, keepdim=True)).mean(0)[torch.arange(PATCH) % 10]
    expected -= departures.mean(0)[torch.arange(PATCH) % 10]
    torch.testing.assert_close(copies.mean_of_eight[0, -1], expected, rtol=0, atol=1e-10)
    assert copies.drift[0, -1].item() == pytest.approx((cycles[0].mean() - cycles[1].mean()).item())


def test_a_missing_value_is_copied_from_the_cycle_before():
    values = 100 * (torch.arange(120) // 10) + torch.arange(120.0) % 10
    observed = torch.ones(1, 120, dtype=torch.bool)
    observed[0, [112, 113, 103]] = False
    past = past_of(*to_patches(values[None], observed, PATCH))
    copies = seasonal_copies(past, everywhere(past, 10))
    assert copies.last[0, -1, :5].tolist() == [1100, 1101, 1002, 903, 1104]
    assert torch.equal(last_cycle(past, everywhere(past, 10)), copies.last)


def test_a_value_that_no_cycle_has_is_copied_from_the_step_before_it():
    """The newest value of the lane lies anywhere in the cycle, so it errs by as much as the cycle is high."""
    observed = torch.ones(1, 24, dtype=torch.bool)
    observed[0, [3, 4, 15, 16]] = False  # of a cycle of 12 seen twice
    values = torch.arange(24.0) % 12
    past = past_of(*to_patches(values[None], observed, PATCH))
    copies = seasonal_copies(past, everywhere(past, 12))
    assert copies.last[0, -1].tolist() == [0, 1, 2, 2, 2, 5, 6, 7, 8, 9, 10, 11]


def test_cycles_that_were_not_seen_whole_do_not_count():
    """Half a cycle has another mean, and its first half no place to copy the second from."""
    past = past_of(*lanes(torch.arange(36).double()))
    copies = seasonal_copies(past, everywhere(past, 24))
    assert copies.last[0, 0].tolist() == [11.0] * PATCH  # the newest value, while no cycle is whole
    assert copies.last[0, 1].tolist() == list(range(12))
    assert copies.last[0, 2].tolist() == list(range(12, 24))
    assert copies.drift[0].tolist() == [0.0, 0.0, 0.0]


def test_a_copy_of_the_other_cycle_needs_no_first_one():
    """`last_cycle` is read of the other cycle too, which may be longer or shorter, or absent."""
    past = past_of(*lanes(wave(120, 10) + noise(120)))
    for length in (1, 5, 30, 60):
        found = last_cycle(past, everywhere(past, length))
        back = -(-torch.arange(1, PATCH + 1) // length) * length
        expected = past.held[0, 120 + torch.arange(PATCH) - back]
        torch.testing.assert_close(found[0, -1], expected, rtol=0, atol=1e-12)
    assert (last_cycle(past, everywhere(past, 61))[0, 4] == past.last[0, 4]).all()  # of 60 steps none is whole


def test_copies_in_single_precision_differ_by_the_last_place_of_the_largest_value():
    values = wave(480, 10) + 0.3 * noise(480)
    observed = torch.rand(1, 480, generator=torch.Generator().manual_seed(1)) < 0.9
    past = past_of(*to_patches(1e200 * values[None], observed, PATCH))
    double, single = (seasonal_copies(past, everywhere(past, 10), kind) for kind in (torch.float64, torch.float32))
    for name in ("last", "mean_of_four", "mean_of_eight", "drift"):
        found, expected = getattr(single, name), getattr(double, name)
        assert found.dtype == torch.float64
        torch.testing.assert_close(found, expected, rtol=0, atol=4e-7 * past.held.abs().max().item(), msg=name)
    assert torch.equal(last_cycle(past, everywhere(past, 10), torch.float32), single.last)
