"""Joint paths and totals: known correlations, exact marginals, the same paths in any table."""

import numpy as np
import pandas as pd
import pytest

import segue
from segue.errors import UserError
from segue.forecasting.answers.between import correlation
from segue.forecasting.answers.dependence import estimate_dependence
from segue.forecasting.answers.paths import join_paths, noise_of
from segue.forecasting.predictor import LEVELS

NO_SEASON = np.zeros((1, 1))


def noise(*shape):
    return np.random.default_rng(7).standard_normal(shape)


def frame(series=3, steps=80):
    values = noise(series, steps).cumsum(axis=1)
    times = np.tile(pd.date_range("2024-01-01", periods=steps), series)
    return pd.DataFrame({"unique_id": np.repeat(list("abcdef")[:series], steps), "ds": times, "y": values.ravel()})


def simulated(table, **options):
    return segue.simulate(table, 10, paths=50, model="ar", **options)


def test_the_errors_of_a_random_walk_hang_together_as_theory_says():
    """corr(e_i, e_j) = sqrt(i / j); catches psi weights in the wrong order or not scaled."""
    walk = noise(1, 2000).cumsum(axis=1)
    found = estimate_dependence(walk, np.ones(walk.shape, bool), NO_SEASON, 6).correlation()[0]
    i, j = np.meshgrid(np.arange(1, 7), np.arange(1, 7), indexing="ij")
    np.testing.assert_allclose(found, np.sqrt(np.minimum(i, j) / np.maximum(i, j)), atol=0.05)


def test_a_season_is_no_dependence():
    """White noise on a cycle has independent errors; without the season the cycle would be taken for persistence."""
    cycle = 10 * np.sin(2 * np.pi * np.arange(1200) / 12) + noise(1, 1200)
    found = estimate_dependence(cycle, np.ones(cycle.shape, bool), np.array([[12.0]]), 6).correlation()[0]
    np.testing.assert_allclose(found, np.eye(6), atol=0.12)


def test_lanes_do_not_depend_on_their_neighbours():
    values, observed = noise(3, 300), np.ones((3, 300), bool)
    observed[1, :200], observed[2, 250] = False, False
    values[~observed] = 0.0
    together = estimate_dependence(values, observed, np.full((3, 1), 7.0), 5)
    alone = estimate_dependence(values[1:2, 200:], observed[1:2, 200:], np.full((1, 1), 7.0), 5)
    np.testing.assert_array_equal(together.response[1:2], alone.response)
    np.testing.assert_array_equal(together.shocks[1:2, 200:], alone.shocks)


def test_the_marginals_of_paths_are_the_quantiles():
    """The k-th smallest of m values is the quantile of level (k - 1/2) / m, also beyond 1 and 99 % for a normal."""
    from statistics import NormalDist

    normal = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
    paths = join_paths(np.broadcast_to(normal, (1, 4, 17)).copy(), noise(1, 1000, 4))
    ordered = np.sort(paths, axis=1)[0, :, 0]
    wanted = (np.arange(1000) + 0.5) / 1000
    inside = (wanted > LEVELS[0]) & (wanted < LEVELS[-1])
    np.testing.assert_allclose(ordered[inside], np.interp(wanted[inside], LEVELS, normal), atol=1e-12)
    tails = [NormalDist().inv_cdf(level) for level in wanted[~inside]]
    np.testing.assert_allclose(ordered[~inside], tails, atol=1e-12)


def test_a_series_has_the_same_paths_alone_and_in_any_order():
    whole = simulated(frame())
    alone = simulated(frame().query("unique_id == 'b'"))
    turned = simulated(frame().iloc[::-1])
    pd.testing.assert_frame_equal(whole.query("unique_id == 'b'").reset_index(drop=True), alone, rtol=1e-12)
    pd.testing.assert_frame_equal(whole, turned)
    assert not simulated(frame(), seed=1).equals(whole)
    assert (noise_of(0, "a", 5, 3) != noise_of(0, "b", 5, 3)).all()


def test_steps_of_paths_are_the_columns_of_the_result():
    result = simulated(frame())
    assert list(result.columns) == ["unique_id", "path", "ds", "AR"]
    assert len(result) == 3 * 50 * 10
    assert result["path"].tolist()[:11] == [0] * 10 + [1]


def test_the_total_of_a_random_walk_has_the_width_that_theory_says():
    """The variance of the sum of ten steps is 385; added quantiles are a fifth too wide, independent steps half."""
    table = frame(1, 2000)
    result = segue.forecast(table, 10, model="ar", per="horizon")
    width = float((result["AR-hi-80"] - result["AR-lo-80"]).iloc[0]) / 2 / 1.2816
    assert width == pytest.approx(np.sqrt(385), rel=0.12)
    assert result["steps"].tolist() == [10]


@pytest.mark.parametrize(("steps", "period"), [("QE", "Q"), ("MS", "M"), ("QS-OCT", "Q-SEP")])
def test_totals_take_the_names_of_times_for_periods(steps, period):
    named, plain = (segue.forecast(frame(1), 60, model="ar", per=per) for per in (steps, period))
    pd.testing.assert_frame_equal(named, plain)


@pytest.mark.parametrize(("per", "firsts"), [("YS-APR", ["01-01", "04-01", "04-01"]), ("QS-FEB", ["01-01", "02-01"])])
def test_totals_begin_in_the_month_that_names_their_steps(per, firsts):
    """Catches years from May: pandas names a period after its last month, and steps after their first."""
    months = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=48, freq="MS"), "y": np.arange(48.0) % 12})
    result = segue.forecast(months, 24, model="seasonal-naive:12", per=per)
    assert result["ds"].dt.strftime("%m-%d").tolist()[: len(firsts)] == firsts


def test_the_name_of_a_column_of_totals_is_refused_over_series_too():
    """Catches `steps` of the user, names or times, that the number of steps replaces in silence."""
    table = frame(2).assign(steps="x")
    with pytest.raises(UserError, match="id_col steps: the output has another column of this name"):
        segue.forecast(table, 3, model="ar", id_col=["steps", "unique_id"], over="steps")
    with pytest.raises(UserError, match="time_col steps: the output has another column of this name"):
        segue.forecast(frame(2).rename(columns={"ds": "steps"}), 3, model="ar", time_col="steps", over="all")


def test_an_id_of_half_a_pair_of_utf_16_has_paths():
    odd = frame(1).assign(unique_id=pd.Series(["a\udcff"] * 80, dtype=object))
    assert np.isfinite(simulated(odd)["AR"]).all()


def test_totals_per_week_begin_on_mondays():
    result = segue.forecast(frame(2), 10, model="ar", per="W", how="mean")
    assert result["ds"].dt.strftime("%d").tolist() == ["21", "25"] * 2  # the last value is of 20 March 2024
    assert result["steps"].tolist() == [4, 6] * 2


def test_a_total_over_series_knows_that_they_move_together():
    """Two series of the same shocks: their sum is twice as wide as one; independent ones 1.41 times."""
    shocks = noise(1, 1500)
    both = np.concatenate([shocks, shocks + 0.1 * noise(1, 1500)]) + np.array([[0.0], [5.0]])
    table = pd.DataFrame({"unique_id": np.repeat(["a", "b"], 1500), "ds": np.tile(range(1500), 2), "y": both.ravel()})
    width = {}
    for over in (None, "all"):
        result = segue.forecast(table, 3, model="ar", per="horizon", how="sum", over=over)
        width[over] = float((result["AR-hi-80"] - result["AR-lo-80"]).iloc[0])
    assert width["all"] / width[None] == pytest.approx(2, rel=0.1)
    found = correlation(noise(2, 1500) * np.array([[1.0], [3.0]]))
    np.testing.assert_allclose(found, np.eye(2), atol=0.05)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"per": "X"}, "per X: give a pandas frequency"),
        ({"per": "2W"}, "per 2W: give a single period such as W, M or Q, or horizon"),
        ({"per": "W", "how": "most"}, "how most: choose one of sum, mean, min, max"),
        ({"how": "sum"}, "how sum: give `per`, `over` or both, too"),
        ({"seed": 0}, "seed 0: give `per`, `over` or both, too"),
        ({"over": "region"}, "over region: give all"),
    ],
)
def test_what_is_no_total_gets_one_line(options, line):
    with pytest.raises(UserError, match=line):
        segue.forecast(frame(), 3, model="ar", **options)


@pytest.mark.parametrize(("name", "given"), [("paths", 1), ("paths", 0), ("seed", -1)])
def test_paths_and_seeds_are_whole_numbers(name, given):
    with pytest.raises(UserError, match=f"{name} {given}: give a whole number of at least"):
        segue.simulate(frame(), 3, model="ar", **{name: given})
