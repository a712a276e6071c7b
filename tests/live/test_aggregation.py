"""Bernstein online aggregation, beside its bound and closed forms."""

import numpy as np
import pytest

from segue.live.aggregation import Regrets, mixture, play

EVEN = np.full(4, 0.25)


def nothing(*shape: int) -> Regrets:
    return Regrets(*(np.zeros(shape) for _ in range(3)))


def run(losses: np.ndarray, prior: np.ndarray = EVEN) -> tuple[np.ndarray, np.ndarray]:
    """Plays (rounds, experts) losses; returns the losses of the mixture and the last weights."""
    regrets, own = nothing(losses.shape[1]), np.zeros(len(losses))
    for t, loss in enumerate(losses):
        own[t] = mixture(regrets, prior) @ loss
        regrets = play(regrets, prior, own[t] - loss)
    return own, mixture(regrets, prior)


def test_before_any_difference_the_first_expert_has_all_weight():
    once = play(nothing(2, 4), EVEN, np.zeros((2, 4)))
    np.testing.assert_array_equal(mixture(once, EVEN), np.eye(4)[[0, 0]])


def test_the_first_round_in_closed_form():
    """One round with excesses +-1: the rate is 1/2 by the bound, and each gain (1 -+ 1/2) / 2 in size."""
    prior = np.array([0.5, 0.5])
    weights = mixture(play(nothing(2), prior, np.array([1.0, -1.0])), prior)
    raised = np.exp(0.5 * np.array([0.25, -0.75]))
    np.testing.assert_allclose(weights, raised / raised.sum(), rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_the_regret_stays_within_the_bound(seed):
    """Catches a rate that is too large or too small by an order, on random, switching and hostile losses."""
    random = np.random.default_rng(seed)
    losses = random.random((2_000, 4)) + random.random(4) / 5
    if seed % 2:
        losses[1_000:] = losses[1_000:, ::-1]
    own, _ = run(losses)
    excess = own[:, None] - losses
    square = (excess**2).sum(0)
    bound = 4 * np.sqrt(square * np.log(4)) + 8 * np.abs(excess).max() * np.log(4)
    assert (excess.sum(0) <= bound).all()


def test_a_hostile_sequence_cannot_win():
    """Each round the expert with the most weight loses; catches weights that follow the leader."""
    regrets, excesses = nothing(4), []
    for _ in range(3_000):
        weights = mixture(regrets, EVEN)
        loss = np.eye(4)[weights.argmax()]
        excesses.append(weights @ loss - loss)
        regrets = play(regrets, EVEN, excesses[-1])
    square = (np.array(excesses) ** 2).sum(0)
    assert (np.sum(excesses, axis=0) <= 4 * np.sqrt(square * np.log(4)) + 8 * np.log(4)).all()


def test_the_best_expert_gets_the_weight():
    losses = np.random.default_rng(0).normal(size=(1_500, 4)) / 2 + np.array([0.3, 0.0, 0.3, 0.3])
    _, weights = run(losses)
    assert weights[1] > 0.95


@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_the_unit_of_the_losses_does_not_matter(unit):
    losses = np.random.default_rng(1).normal(size=(50, 4))
    np.testing.assert_allclose(run(unit * losses)[1], run(losses)[1], rtol=1e-9)


def test_groups_are_independent():
    random = np.random.default_rng(2)
    both, alone = nothing(2, 4), nothing(4)
    for _ in range(20):
        excess = random.normal(size=(2, 4))
        both, alone = play(both, EVEN, excess), play(alone, EVEN, excess[1])
    np.testing.assert_array_equal(mixture(both, EVEN)[1], mixture(alone, EVEN))
