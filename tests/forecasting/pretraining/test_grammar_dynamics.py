"""Dynamics against closed forms: the autocorrelation of a stochastic cycle, and the half-life of a displacement."""

import math

import pytest
import torch
from torch import Generator

from segue.forecasting.pretraining.grammar import dynamics
from segue.forecasting.pretraining.grammar.draws import normal
from segue.forecasting.pretraining.grammar.filters import fading_sum, linear_scan


@pytest.fixture
def generator():
    return Generator().manual_seed(0)


def test_a_stochastic_cycle_has_the_autocorrelation_of_its_recursion(generator):
    # rho[k] = a rho[k - 1] - r^2 rho[k - 2], with rho[1] = a / (1 + r^2) (Yule, 1927)
    period, memory = torch.full((3000, 1), 24.0), torch.full((3000, 1), 40.0)
    drawn = dynamics.resonance(period, memory, normal(generator, 3000, 800))[:, :400]
    radius = math.exp(-1 / 40)
    linear = 2 * radius * math.cos(2 * math.pi / 24)
    rho = [1.0, linear / (1 + radius**2)]
    for _ in range(60):
        rho.append(linear * rho[-1] - radius**2 * rho[-2])
    for begin in (0, 200):  # stationary from the first step
        power = drawn[:, begin].square().mean()
        for lag in (1, 6, 12, 24, 48):
            measured = (drawn[:, begin] * drawn[:, begin + lag]).mean() / power
            assert measured.item() == pytest.approx(rho[lag], abs=0.06)


def test_a_fading_sum_is_the_scan_of_a_constant_gain(generator):
    keep = torch.rand(20, 1, generator=generator, dtype=torch.float64)
    drive = torch.randn(20, 333, generator=generator, dtype=torch.float64)
    before = drive.clone()
    result = fading_sum(keep, drive)
    assert torch.equal(drive, before)
    assert torch.allclose(result, linear_scan(keep.expand_as(drive), drive), rtol=1e-12)
    assert fading_sum(keep[:1], torch.ones(1, 1, dtype=torch.float64)).item() == 1


def test_the_past_of_dynamics_determines_much_of_their_next_step(generator):
    # a linear fit of order 8 explains most of the next value in most series; of white noise it would explain nothing
    drawn = dynamics.dynamics(generator, 200, 600).double()
    explained = []
    for row in drawn:
        windows = (row - row.mean()).unfold(0, 9, 1)
        past, following = windows[:, :8], windows[:, 8:]
        fit = torch.linalg.lstsq(past.T @ past + 1e-6 * torch.eye(8, dtype=torch.float64), past.T @ following).solution
        explained.append(1 - ((following - past @ fit).square().mean() / following.square().mean()).item())
    assert sorted(explained)[40] > 0.3
    assert sorted(explained)[100] > 0.8
