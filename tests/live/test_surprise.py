"""Normal scores of values under quantiles, their inverse, and the score of several lead times."""

from statistics import NormalDist

import numpy as np

from segue import LEVELS
from segue.live.surprise import normal_scores, together, values_at

NORMAL = np.array([NormalDist(5.0, 2.0).inv_cdf(level) for level in LEVELS])


def test_values_of_a_normal_forecast_have_their_normal_score_also_in_the_tails():
    values = 5.0 + 2.0 * np.linspace(-8, 8, 161)
    rows = np.tile(NORMAL, (161, 1))
    np.testing.assert_allclose(normal_scores(rows, values), (values - 5) / 2, atol=1e-9)
    np.testing.assert_allclose(values_at(rows, normal_scores(rows, values)), values, atol=1e-9)


def test_an_atom_is_no_surprise_and_its_edges_are():
    """Sales of which three quarters are zero; and a series that never changed."""
    sales = np.where(np.array(LEVELS) <= 0.75, 0.0, 4.0)
    steady = np.full(len(LEVELS), 7.0)
    rows = np.stack([sales, sales, sales, steady, steady])
    found = normal_scores(rows, np.array([0.0, 4.0, -3.0, 7.0, 7.5]))
    assert found[0] == 0
    assert found[1] == NormalDist().inv_cdf(0.8)
    assert found[2] < -10
    assert found[3] == 0
    assert found[4] == 100


def test_values_off_the_scale_stay_finite():
    rows = np.stack([NORMAL, np.zeros(len(LEVELS)), NORMAL * 1e300])
    assert np.isfinite(normal_scores(rows, np.array([1e308, -1e308, -1e300]))).all()


def test_the_newest_forecast_weighs_twice_and_alone_where_there_is_no_other():
    scores = np.array([[3.0, 6.0], [3.0, 6.0], [-2.0, 4.0]])
    standing = np.array([[True, True], [True, False], [True, True]])
    np.testing.assert_allclose(together(scores, standing), [4.0, 3.0, 0.0], atol=1e-12)
