"""The gate: quantiles move with the mixture of naive forecasts that the network chooses."""

import math

import pytest
import torch
from torch import Tensor

from segue.forecasting.nanotst.config import CANDIDATES
from segue.forecasting.nanotst.gate import Gate
from segue.forecasting.predictor import LEVELS
from segue.heads.quantiles import Quantiles
from tests.forecasting.nanotst.conftest import noise

WIDTH, PATCH = 8, 3


def given(seed: int = 0) -> tuple[Tensor, Tensor, Quantiles]:
    """Hidden vectors, candidates up to a thousand units away, and ordered distances, of two lanes of five patches."""
    hidden = noise(2 * 5 * WIDTH, seed).view(2, 5, WIDTH)
    candidates = 300 * noise(2 * 5 * PATCH * CANDIDATES, seed + 1).view(2, 5, PATCH, CANDIDATES)
    candidates[..., 0] = 0
    distances = 2 * noise(2 * 5 * PATCH * len(LEVELS), seed + 2).view(2, 5, PATCH, len(LEVELS)).sort(-1).values
    return hidden, candidates, Quantiles(distances, LEVELS)


def trust(gate: Gate, step: int, candidate: int) -> None:
    """Gives one candidate at one step all of the weight."""
    with torch.no_grad():
        gate.weigh.bias.view(PATCH, CANDIDATES)[step] = -1000.0
        gate.weigh.bias.view(PATCH, CANDIDATES)[step, candidate] = 1000.0


def test_a_new_gate_mixes_by_biases_and_distances_whatever_the_network_says():
    """The reference has e^3 times the weight of one beside it, .69 of all; one at a distance d loses asinh(d)."""
    gate = Gate(WIDTH, PATCH).double()
    hidden, candidates, distances = given()
    share = math.exp(3) / (math.exp(3) + CANDIDATES - 1)
    assert share == pytest.approx(0.69, abs=0.01)
    odds = (-candidates.abs().asinh()).exp() * torch.tensor([math.exp(3)] + [1.0] * (CANDIDATES - 1)).double()
    path = (odds * candidates).sum(-1, keepdim=True) / odds.sum(-1, keepdim=True)
    expected = (path + distances.values.sinh()).asinh()
    for vectors in (hidden, 50 * hidden):
        moved = gate(vectors, candidates, distances)
        torch.testing.assert_close(moved.values, expected, rtol=1e-9, atol=1e-9)
        assert moved.levels == LEVELS


@pytest.mark.parametrize("candidate", range(CANDIDATES))
def test_all_weight_on_one_candidate_centres_the_quantiles_there(candidate):
    gate = Gate(WIDTH, PATCH).double()
    trust(gate, 1, candidate)
    hidden, candidates, _ = given()
    at_zero = Quantiles(torch.zeros(2, 5, PATCH, len(LEVELS)).double(), LEVELS)
    moved = gate(hidden, candidates, at_zero).values
    expected = candidates[:, :, 1, candidate, None].asinh().expand(-1, -1, len(LEVELS))
    torch.testing.assert_close(moved[:, :, 1], expected, rtol=1e-12, atol=1e-12)


def test_the_mixture_is_that_of_the_softmax_of_the_networks_logits_less_distances():
    gate = Gate(WIDTH, PATCH).double()
    with torch.no_grad():
        gate.weigh.weight.copy_(noise(gate.weigh.weight.numel(), 5).view_as(gate.weigh.weight))
    hidden, candidates, distances = given()
    moved = gate(hidden, candidates, distances).values
    for lane in range(2):
        for token in range(5):
            for step in range(PATCH):
                rows = slice(step * CANDIDATES, (step + 1) * CANDIDATES)
                logits = gate.weigh.weight[rows] @ hidden[lane, token] + gate.weigh.bias[rows]
                logits = logits - gate.power * candidates[lane, token, step].abs().asinh()
                weights = logits.exp() / logits.exp().sum()
                path = (weights * candidates[lane, token, step]).sum()
                expected = (path + distances.values[lane, token, step].sinh()).asinh()
                torch.testing.assert_close(moved[lane, token, step], expected, rtol=1e-9, atol=1e-9)


def test_a_forecast_far_away_moves_nothing_however_many_errors_it_is_away():
    """Weights fall as fast as distances grow, so each naive forecast moves the path by less than e^-3 units."""
    gate = Gate(WIDTH, PATCH).double()
    hidden, candidates, _ = given()
    at_zero = Quantiles(torch.zeros(2, 5, PATCH, 1).double(), (0.5,))
    for factor in (1.0, 10.0, 1000.0):
        moved = gate(hidden, factor * candidates, at_zero).values.sinh()
        assert moved.abs().max() < CANDIDATES * math.exp(-3)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_the_order_of_quantiles_is_kept(precision):
    """The distances of quantiles are far below the path, where single precision could swap them."""
    gate = Gate(WIDTH, PATCH).to(precision)
    hidden, candidates, distances = given()
    narrow = Quantiles((1e-4 * distances.values).to(precision), LEVELS)
    wide = Quantiles((5 * distances.values).to(precision), LEVELS)
    for part in (narrow, wide):
        moved = gate(hidden.to(precision), candidates.to(precision), part).values
        assert (moved.diff(dim=-1) >= 0).all()
        assert moved.isfinite().all()


def test_a_distance_counts_up_to_eight_squashed_units():
    gate = Gate(WIDTH, PATCH).double()
    trust(gate, 0, 0)
    hidden, candidates, _ = given()
    far = torch.tensor([-50.0, -8.0, 8.0, 50.0]).double().expand(2, 5, PATCH, 4)
    moved = gate(hidden, candidates, Quantiles(far, (0.1, 0.2, 0.8, 0.9))).values[0, 0, 0]
    assert moved.tolist() == pytest.approx([-8.0, -8.0, 8.0, 8.0], abs=1e-9)


def test_gradients_reach_the_weights_of_the_gate_and_the_distances():
    gate = Gate(WIDTH, PATCH).double()
    hidden, candidates, distances = given()
    values = distances.values.requires_grad_()
    gate(hidden, candidates, Quantiles(values, LEVELS)).values.sum().backward()
    assert gate.weigh.weight.grad is not None
    assert (gate.weigh.weight.grad.abs().amax(1) > 0).all()
    assert (values.grad > 0).all()
