"""Seasonal copies are exact, go back to what was observed only, and their errors are those of seasonal naive."""

import pytest
import torch

from segue.forecasting.nanotst.cycles import Cycle
from segue.forecasting.nanotst.past import Past, past_of
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.seasonal import copy_errors, last_cycle, residuals, seasonal_copies
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


def test_cycles_that_were_not_seen_whole_do_not_count():
    """Half a cycle has another mean, and its first half no place to copy the second from."""
    past = past_of(*lanes(torch.arange(36).double()))
    copies = seasonal_copies(past, everywhere(past, 24))
    assert copies.last[0, 0].tolist() == [11.0] * PATCH  # the newest value, while no cycle is whole
    assert copies.last[0, 1].tolist() == list(range(12))
    assert copies.last[0, 2].tolist() == list(range(12, 24))
    assert copies.drift[0].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_the_error_of_copies_is_that_of_seasonal_naive_over_the_last_256_steps(precision, tolerance):
    values = wave(480, 10) + 0.3 * noise(480)
    observed = torch.rand(1, 480, generator=torch.Generator().manual_seed(1)) < 0.9
    past = past_of(*to_patches(values[None], observed, PATCH))
    lengths = (torch.tensor([[3, 10, 10, 7] * 10]), torch.tensor([[60, 0, 1, 31] * 10]))
    cycles = tuple(Cycle(length, length.double()) for length in lengths)
    known = torch.where(observed[0], values, torch.nan)
    for cycle, error in zip(cycles, copy_errors(past, cycles, precision), strict=True):
        residual = residuals(past, cycle)
        for token, lag in enumerate(cycle.length[0].tolist()):
            if not lag:  # no cycle, and no copies to be wrong
                assert error[0, token] == torch.inf
                assert (residual[0, token] == 0).all()
                continue
            seen = known[: (token + 1) * PATCH]
            gaps = torch.cat([torch.full((lag,), torch.nan), seen[lag:] - seen[:-lag]])[-len(seen) :]
            expected = gaps[-256:].abs().nanmean().nan_to_num(torch.inf).item()
            assert error[0, token].item() == pytest.approx(expected, rel=tolerance), token
            torch.testing.assert_close(residual[0, token], gaps[-PATCH:].nan_to_num(0.0), rtol=0, atol=1e-12)


def test_patches_without_a_value_count_for_no_time():
    """The error stays what it was at the newest value, however long the future is."""
    patches, observed = lanes(wave(360, 10) + 0.3 * noise(360))
    observed[:, 25:] = False
    past = past_of(patches, observed)
    error, _ = copy_errors(past, (everywhere(past, 10), everywhere(past, 20)), torch.float64)
    assert (error[0, 25:] == error[0, 24]).all()
    assert error[0, 24] != error[0, 23]
