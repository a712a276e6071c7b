"""Calibrated p-values: uniform where nothing happens, rare beyond what has come, and not blinded by an anomaly."""

import numpy as np
import pytest

from segue.live.calibration import BOUND, EDGES, Curve, learnt


def fresh(lanes):
    return np.zeros((lanes, len(EDGES)), np.float32), np.zeros(lanes, np.float32)


def run(sizes, state=None):
    """P-values of scores (lanes, values) one after the other, and the state after them."""
    counts, spent = fresh(len(sizes)) if state is None else state
    p = np.empty(sizes.shape)
    for value in range(sizes.shape[1]):
        curve = Curve.of(counts)
        p[:, value] = curve.p_values(sizes[:, value])
        counts, spent = learnt(counts, spent, sizes[:, value], p[:, value], curve.sizes(BOUND))
    return p, (counts, spent)


def scores(kind, lanes=40, values=2000, seed=0):
    random = np.random.default_rng(seed)
    drawn = {
        "normal": random.normal(size=(lanes, values)),
        "wide": 3 * random.normal(size=(lanes, values)),
        "student": random.standard_t(3, size=(lanes, values)),
    }
    return np.abs(drawn[kind])


@pytest.mark.parametrize("kind", ["normal", "wide", "student"])
def test_p_values_are_uniform_whatever_the_scores_are(kind):
    """Also of a model whose bands are a third as wide as they should be, and of heavy tails."""
    p = run(scores(kind))[0][:, 1000:]
    for level in (0.5, 0.1, 0.03, 0.01):
        assert abs((p < level).mean() / level - 1) < 0.2, level
    assert 0.1 < (p < 0.001).mean() / 0.001 < 3


def test_p_values_fall_with_the_score_and_never_reach_zero():
    counts, _ = run(scores("normal", 3, 300))[1]
    curve, sizes = Curve.of(counts), np.linspace(0, 100, 500)
    p = np.stack([curve.p_values(np.full(3, size)) for size in sizes])
    assert (np.diff(p, axis=0) <= 0).all()
    assert (p > 0).all()
    assert p.max() <= 1
    assert (p[-1] < 1e-6).all()


def test_the_bound_has_its_p_value():
    counts, _ = run(scores("student", 20, 700))[1]
    curve = Curve.of(counts)
    np.testing.assert_allclose(curve.p_values(curve.sizes(BOUND)), BOUND, rtol=1e-9)


def test_an_anomaly_does_not_blind_the_next_one():
    """After a hundred anomalies, one more is still one in several hundred, and ordinary scores keep their p-values."""
    state = run(scores("normal", 10, 1500))[1]
    before = Curve.of(state[0]).p_values(np.ones(10))
    p, after = run(np.full((10, 100), 20.0), state)
    assert (p < 0.004).all()
    np.testing.assert_allclose(Curve.of(after[0]).p_values(np.ones(10)), before, rtol=0.25)


def test_lanes_together_or_alone_have_the_same_bits():
    sizes = scores("student", 7, 200)
    together = run(sizes)[0]
    alone = np.concatenate([run(sizes[[lane]])[0] for lane in range(7)])
    np.testing.assert_array_equal(together, alone)


def test_a_p_value_is_above_zero_however_far_out_a_score_lies():
    """Scores of one size leave a tail that falls at once: catches a p-value of zero."""
    counts = np.zeros((2, len(EDGES)), dtype=np.float32)
    counts[0, 0] = 1e6
    sizes = np.array([100.0, 100.0])
    with np.errstate(all="raise", under="ignore"):
        p = Curve.of(counts).p_values(sizes)
    assert ((p > 0) & (p < 1e-3)).all()


@pytest.mark.parametrize("size", [5.0, 20.0, 100.0])
def test_a_score_that_comes_every_tenth_time_is_usual(size):
    """Many scores of one size: catches a tail that begins behind them, where there is nothing."""
    sizes = scores("normal", 5, 1500)
    sizes[:, ::10] = size
    p = run(sizes)[0][:, 1000:]
    assert (p[:, ::10] > 0.005).all()  # what exceeds the credit is taken at the bound, 0.01, so it stays near to that
