"""Rarity: no look ahead, no dependence on unit or lane, one score of an event, and rates that hold."""

import numpy as np
import pytest

from segue.live.rarity import HISTORY, SHAPES, judge, of_series

LANES, TIME = 4, 700


@pytest.fixture(scope="module")
def series() -> tuple[np.ndarray, np.ndarray]:
    """Noise with heavy tails around a day, and p-values that know its size."""
    draw = np.random.default_rng(0)
    noise = draw.standard_t(4, (LANES, TIME))
    values = 5 + 2 * np.sin(2 * np.pi * np.arange(TIME) / 48) + noise
    return values, draw.uniform(size=(LANES, TIME))


@pytest.fixture(scope="module")
def scores(series) -> np.ndarray:
    return of_series(*series)


def test_the_future_changes_no_score(series, scores):
    """Catches a usual range, or a peak, that a later value enters."""
    values, p = (array[:, :400].copy() for array in series)
    np.testing.assert_array_equal(of_series(values, p), scores[:, :400])


def test_a_lane_alone_has_the_scores_that_it_has_among_others(series, scores):
    """Catches arrays that are mixed up between lanes, and missing values that count."""
    values, p = series
    np.testing.assert_array_equal(of_series(values[[2]], p[[2]])[0], scores[2])
    late = np.concatenate([np.full((1, 100), np.nan), values[[2]]], axis=1)
    shifted = of_series(late, np.concatenate([np.full((1, 100), np.nan), p[[2]]], axis=1))
    assert not shifted[0, :100].any()
    np.testing.assert_array_equal(shifted[0, 100:], scores[2])


def test_the_unit_and_the_direction_do_not_matter(series, scores):
    """Score of -3 y + 7 = score of y, but for rounding."""
    values, p = series
    np.testing.assert_allclose(of_series(7 - 3 * values, p), scores, rtol=1e-6)


def test_an_event_scores_once_and_at_its_begin():
    """A level that the series never had, for 60 values: it is an event when the mean of the last 3 values says so."""
    values = np.random.default_rng(1).normal(size=(1, TIME))
    values[0, 500:560] += 40.0
    found = np.flatnonzero(of_series(values, np.full_like(values, 0.5))[0] >= 0.999)
    assert [row for row in found if 500 <= row < 650] in ([500], [501], [502])


def test_surprise_alone_is_an_event():
    """A value within the usual range that every forecast missed. Catches a share that mutes the p-value."""
    values, p = np.random.default_rng(2).normal(size=(2, 1, TIME))
    p = np.exp(-np.abs(p))
    p[0, 600] = 1e-30
    assert of_series(values, p)[0, 600] >= 0.999


def test_ordinary_series_have_few_events():
    """400,000 values of noise: 0.999 is reached once in 1,000 values at most. Catches a rate that grows with time."""
    draw = np.random.default_rng(3)
    values, p = draw.normal(size=(400, 1000)), draw.uniform(size=(400, 1000))
    rate = 1000 * (of_series(values, p)[:, 500:] >= 0.999).mean()
    assert 0.05 < rate < 1.0


def test_judge_writes_only_the_lanes_that_it_is_given_and_takes_few_bytes():
    """Catches a lane that is touched although nothing came for it."""
    small = {name: np.zeros((3, *shape), kind) for name, (shape, kind) in SHAPES.items()}
    assert sum(array[0].nbytes for array in small.values()) <= 200
    picked = np.array([2, 0])
    for step in range(60):
        judge(
            small, picked, np.array([1.0 * step, 2.0]), np.array([0.5, 0.5]), lambda due: np.ones((len(due), HISTORY))
        )
    assert small["rarity.values"].tolist() == [60, 0, 60]
    assert not any(array[1].any() for array in small.values())
