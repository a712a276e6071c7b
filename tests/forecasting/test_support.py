"""Quantiles are brought to what a series can be, and left alone where nothing shows what that is."""

import numpy as np
import pytest

from segue.forecasting.predictor import predict_lanes
from segue.forecasting.support import within_support
from tests.forecasting.conftest import LastValue

QUANTILES = np.array([[[-0.4, 0.2, 0.6, 2.4, 7.3]]])
SALES = [0, 0, 3, 0, 1, 0, 0, 2, 0, 0, 1, 4]
LEVEL = [7, 9, 8, 7, 9, 9, 8, 8, 7, 9]
PRICES = [1.1, 0.3, 2.7, 0.4, 1.9, 3.2]
REST_THEN_REAL = [0.0, 0.0, 0.0, 0.31, 0.0, 2.77, 1.234, 0.91]


def kept(values, quantiles=QUANTILES, observed=None):
    values = np.array([values], dtype=float)
    observed = np.ones_like(values, dtype=bool) if observed is None else np.array([observed])
    return within_support(quantiles, values, observed)[0, 0].tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (SALES, [0, 0, 1, 2, 7]),
        (REST_THEN_REAL, [0, 0.2, 0.6, 2.4, 7.3]),
        (LEVEL, [0, 0, 1, 2, 7]),  # counts, but the least of them is no floor, as another comes more often
        (PRICES, QUANTILES.ravel().tolist()),  # tenths, but not repeated: chance
        ([5.0, 5.0, 5.0, 5.0], [5, 5, 5, 5, 7.3]),  # a constant that may grow
        ([2.0], [0, 0.2, 0.6, 2.4, 7.3]),  # a count
    ],
)
def test_quantiles_become_what_the_series_can_be(values, expected):
    assert kept(values) == pytest.approx(expected)


def test_what_is_not_observed_has_no_say():
    """Catches padding taken for a series that rests at zero, and a lane without a value."""
    padded = [0.0] * 8 + PRICES
    assert kept(padded, observed=[False] * 8 + [True] * 6) == pytest.approx(QUANTILES.ravel().tolist())
    assert kept(PRICES, observed=[False] * 6) == pytest.approx(QUANTILES.ravel().tolist())


@pytest.mark.parametrize(("unit", "offset"), [(0.01, 0.0), (3.7, -40.0), (1e-9, 1e-3), (1e12, 1e15)])
def test_no_unit_has_a_say(unit, offset):
    """Catches a rule that knows zero or whole numbers by name."""
    moved = kept([unit * value + offset for value in SALES], unit * QUANTILES + offset)
    assert moved == pytest.approx([unit * value + offset for value in (0, 0, 1, 2, 7)], rel=1e-12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5, 3, 9, 120, 44, 7], [0, 0.2, 0.6, 2.4, 7.3]),  # counts; neither frequent nor on a lattice
        ([3.0, 8.0, 13.0, 8.0, 3.0, 13.0], [3, 3, 3, 3, 8]),  # packs of five: the least value of the lattice above zero
        ([5, 3, -9, 120, 44, 7], QUANTILES.ravel().tolist()),  # one of them is negative
        ([5, 3, 9.5, 120, 44, 7], QUANTILES.ravel().tolist()),  # one of them is not whole
        ([2.0**60, 2.0**61], QUANTILES.ravel().tolist()),  # too large to have a fraction, so they show no count
    ],
)
def test_counts_have_a_floor_at_zero(values, expected):
    """The exception from the law of scale: whole numbers that are never negative."""
    assert kept(values) == pytest.approx(expected)
    assert kept([*values, -1.5], observed=[True] * len(values) + [False]) == pytest.approx(expected)


@pytest.mark.parametrize(("offset", "expected"), [(5000.0, 4999.6), (-5000.0, -5000.4)])
def test_no_floor_has_a_say_far_from_it(offset, expected):
    values = [offset + step for step in (3.0, 1.0, 4.0, 1.0, 5.0, 9.0)]
    assert kept(values, QUANTILES + offset)[0] == pytest.approx(expected)


class Keeping(LastValue):
    """A predictor that asks for it."""

    keeps_support = True


def test_a_predictor_that_keeps_to_it_forecasts_whole_sales_and_the_same_of_all_else():
    """Also where the last steps are missing, which are forecast with the future."""
    walk = np.random.default_rng(0).normal(size=24).cumsum()
    values = np.stack([np.array(SALES * 2, dtype=float), walk])
    observed = np.ones_like(values, dtype=bool)
    observed[0, -2:] = False
    seasons = np.zeros((2, 0))
    before, after = (predict_lanes(kind(), values, observed, seasons, 10).quantiles for kind in (LastValue, Keeping))
    assert np.array_equal(after[1], before[1])
    assert np.array_equal(after[0], np.maximum(np.round(before[0]), 0))
    assert not np.array_equal(after[0], before[0])


def test_a_quantile_on_the_edge_between_two_counts_is_the_same_with_any_rounding_error():
    """Half-way goes up, also where the last bits of the network, which may differ by batch, put it just below."""
    for error in (-1e-6, -1e-12, 0.0, 1e-12, 1e-6):
        edges = np.array([[[0.5 + error, 1.5 + error, 2.5 + error]]])
        assert kept(SALES, edges) == [1, 2, 3]
