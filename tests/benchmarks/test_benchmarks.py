"""The instrument: windows, scores, standard errors, means over sets and the bootstrap, each against a known answer."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasting.bootstrap import compare
from benchmarks.forecasting.competitors import Competitor, quantiles_of
from benchmarks.forecasting.groups import RATIOS, miscovered, summaries
from benchmarks.forecasting.published import published
from benchmarks.forecasting.scores import clustered, series_scores, set_scores
from benchmarks.forecasting.sets import SHORTEST, DataSet, Task, cuts, load_task
from segue.forecasting.evaluation.metrics import interval_score, mase, weighted_quantile_loss
from segue.forecasting.predictor import LEVELS

NAN = float("nan")
WEEKLY = DataSet("some", "daily", horizon=5, season=7, windows=3, stride=10)


@pytest.fixture
def task() -> Task:
    """Three windows of two series; one history is shorter than the season, one value is missing."""
    draw = np.random.default_rng(0)
    actual = draw.normal(10, 3, (3, 5))
    actual[1, 2] = NAN
    return Task(WEEKLY, ["a", "a", "b"], [draw.normal(10, 3, n) for n in (40, 30, 6)], actual)


@pytest.fixture
def quantiles() -> np.ndarray:
    return np.sort(np.random.default_rng(1).normal(10, 3, (3, 5, len(LEVELS))), axis=-1)


def test_series_scores_are_those_of_the_library(task, quantiles):
    """Catches a mean over windows instead of series, a lost season, deciles mixed up with the other levels, and a
    missing value that counts; a history within one season is scaled by its steps."""
    found = series_scores(task, quantiles).set_index("series")
    median = quantiles[..., LEVELS.index(0.5)]
    lanes = [
        mase(task.actual[[i]], median[[i]], task.histories[i][None], season)[0] for i, season in enumerate((7, 7, 1))
    ]
    np.testing.assert_allclose(found["mase"], [np.mean(lanes[:2]), lanes[2]], rtol=1e-12)
    deciles = quantiles[..., [LEVELS.index(round(0.1 * n, 1)) for n in range(1, 10)]]
    assert set_scores(found)["wql"] == pytest.approx(weighted_quantile_loss(task.actual, deciles), rel=1e-12)
    assert found["values"].tolist() == [9, 5]


def test_an_interval_score_is_in_units_of_the_seasonal_naive_error(task, quantiles):
    """By hand for the last series: its score over its mean step. Catches a scale of the set, or a wrong pair."""
    found = series_scores(task, quantiles).set_index("series").loc["b"]
    lower, upper = (quantiles[[2]][..., LEVELS.index(level)] for level in (0.1, 0.9))
    expected = interval_score(task.actual[[2]], lower, upper, 80)[0] / np.abs(np.diff(task.histories[2])).mean()
    assert found["winkler80"] == pytest.approx(expected, rel=1e-12)
    inside = ((lower <= task.actual[2]) & (task.actual[2] <= upper)).sum()
    assert found["inside80"] == inside


def test_levels_that_a_model_lacks_are_unknown_and_a_lost_forecast_is_no_score(task, quantiles):
    """Catches a 95 % interval that covers nothing because it was never given, and a NaN that a mean skips."""
    quantiles[..., [LEVELS.index(0.025), LEVELS.index(0.975)]] = NAN
    scores = set_scores(series_scores(task, quantiles))
    assert np.isnan([scores["coverage95"], scores["winkler95"]]).all()
    assert np.isfinite([scores["coverage80"], scores["winkler80"], scores["mase"]]).all()
    quantiles[0, 0, LEVELS.index(0.5)] = NAN
    with pytest.raises(ValueError, match="is NaN"):
        series_scores(task, quantiles)


def test_where_a_competitor_fails_seasonal_naive_stands_in(task):
    """Catches a window that counts for nobody, and levels that the competitor never gives taken from another."""
    never = LEVELS.index(0.025)

    def forecast(histories: list[np.ndarray], dataset: DataSet) -> np.ndarray:
        found = np.full((len(histories), dataset.horizon, len(LEVELS)), 7.0)
        found[2], found[..., never] = NAN, NAN
        return found

    found, failed = quantiles_of(Competitor("none", forecast), task)
    assert failed == 1
    assert np.isnan(found[..., never]).all()
    assert (found[:2, :, LEVELS.index(0.5)] == 7).all()
    np.testing.assert_array_equal(found[2, :, LEVELS.index(0.5)], task.histories[2][-1])  # shorter than a season


def test_the_standard_error_is_that_of_the_series_not_of_their_values():
    """Series of equal length: the standard error of the mean of their shares. Series that are all or nothing have the
    error of so many coins, however many values each has; values taken for independent would give a tenth of it."""
    hits, counts = np.array([8.0, 5.0, 9.0, 10.0]), np.full(4, 10)
    share, error = clustered(hits, counts)
    assert (share, error) == pytest.approx((0.8, np.std(hits / 10, ddof=1) / 2))
    coins = np.tile([0.0, 100.0], 50)
    assert clustered(coins, np.full(100, 100))[1] == pytest.approx(0.5 / np.sqrt(99))
    assert np.isnan(clustered(np.array([3.0]), np.array([4]))[1])


def test_windows_end_before_the_official_test_or_lie_within_it():
    """Catches a choice made on values of the official test, and an official row of more windows than the tables'."""
    assert cuts(WEEKLY, "validation", length=100, test=40) == [55, 45, 35]
    assert cuts(WEEKLY, "official", length=100, test=18) == [95, 85]
    tables = DataSet("some", "daily", 5, 7, windows=3, stride=10, comparable=True)
    assert cuts(tables, "official", length=100, test=40) == [95]
    assert cuts(tables, "validation", length=100, test=40) == [55, 45, 35]
    assert cuts(WEEKLY, "validation", length=SHORTEST + 5, test=0) == [SHORTEST]
    assert cuts(WEEKLY, "official", length=100, test=4) == []


def test_a_task_is_cut_from_its_file(tmp_path):
    """Catches the target within the history, series mixed up, and missing values at the wrong end."""
    pytest.importorskip("pyarrow")
    values = {"a": [NAN, *range(1, 30)], "b": [*range(100, 120), NAN, 121.0]}
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "y": y, "split": ["train"] * (len(y) - 5) + ["test"] * 5})
        for name, y in values.items()
    )
    frame.to_parquet(tmp_path / "some.parquet")
    official = load_task(tmp_path, WEEKLY, "official")
    assert official.series == ["some/a", "some/b"]
    np.testing.assert_array_equal(official.histories[0], np.arange(1, 25))
    np.testing.assert_array_equal(official.actual, [np.arange(25, 30), [117, 118, 119, NAN, 121]])
    validation = load_task(tmp_path, WEEKLY, "validation")
    np.testing.assert_array_equal(validation.actual[0], np.arange(20, 25))
    values, observed, seasons = official.lanes(np.array([1, 0]), context=20)
    np.testing.assert_array_equal(values[0], [0, 0, 0, *range(100, 117)])
    assert observed.sum(axis=1).tolist() == [17, 20]
    assert seasons.tolist() == [[7, 365.25], [7, 365.25]]


def scores_of(mase: dict[str, np.ndarray]) -> pd.DataFrame:
    """Series scores of sets at one horizon, the loss being twice the error."""
    parts = (
        pd.DataFrame({"set": name, "horizon": 1, "series": range(len(errors)), "mase": errors, "loss": 2 * errors})
        for name, errors in mase.items()
    )
    return pd.concat(parts, ignore_index=True).assign(size=1.0)


def test_a_model_against_itself_is_one_without_doubt():
    """Catches draws that differ between the two models; by a factor in all series, it is that factor, as surely."""
    draw = np.random.default_rng(0)
    ours = scores_of({"x": draw.gamma(2, size=30), "y": draw.gamma(2, size=20)})
    same = compare(ours, ours, draws=50)
    np.testing.assert_array_equal(same[["ratio", "low", "high"]], 1)
    double = compare(ours.assign(mase=2 * ours["mase"], loss=2 * ours["loss"]), ours, draws=50)
    np.testing.assert_allclose(double[["ratio", "low", "high"]], 2, rtol=1e-12)


def test_the_bootstrap_draws_sets():
    """Two sets, one half as good and one twice: a set drawn twice is one draw in four, so the interval reaches both,
    though each has a thousand series that agree. Draws of series alone would be sure of 1."""
    ours = scores_of({"x": np.full(1000, 2.0), "y": np.full(1000, 0.5)})
    theirs = scores_of({"x": np.ones(1000), "y": np.ones(1000)})
    found = compare(ours, theirs, draws=200).loc["mase"]
    assert found[["ratio", "low", "high"]].tolist() == pytest.approx([1, 0.5, 2])


def test_means_are_geometric_and_only_of_models_that_have_all_sets():
    """Catches an arithmetic mean, and a model that looks good because a hard set is missing."""
    row = {"frequency": "daily", "horizon": 5, "comparable": False, "series": 1, "windows": 1}
    rows = pd.DataFrame(
        [
            {"set": "x", "model": "ours", **row, **dict.fromkeys(RATIOS, 0.5), "ms_per_series": 1.0, "peak_mb": 2.0},
            {"set": "y", "model": "ours", **row, **dict.fromkeys(RATIOS, 2.0), "ms_per_series": 3.0, "peak_mb": 1.0},
            {"set": "x", "model": "theirs", **row, **dict.fromkeys(RATIOS, 0.1)},
        ]
    )
    series = pd.DataFrame(
        {"set": ["x", "y"], "horizon": 5, "model": "ours", "series": ["a", "a"], "values": [10, 30]}
        | {f"inside{level}": [10.0, 15.0] for level in (50, 80, 95, 98)}
    )
    found = summaries(rows, series)
    assert found["model"].unique().tolist() == ["ours"]
    development = found[found["set"] == "development sets"].iloc[0]
    assert development[RATIOS].tolist() == pytest.approx([1] * len(RATIOS))
    assert development[["ms_per_series", "peak_mb", "coverage80"]].tolist() == [2, 2, 25 / 40]


def test_published_rows_give_the_published_marks():
    """Geometric means known from elsewhere; catches a row mistyped, lost, or of another set."""
    table = published().set_index("model")
    seven = table[~table["set"].isin(["exchange_rate", "etth"])]
    means = np.exp(np.log(seven[["mase_ratio", "wql_ratio"]]).groupby("model").mean())
    np.testing.assert_allclose(means.loc["published tirex"], [0.782, 0.590], atol=5e-4)
    np.testing.assert_allclose(means.loc["published chronos-bolt-small"], [0.897, 0.635], atol=1e-3)
    assert (table.groupby("model").size() == 9).all()


def test_coverage_is_off_by_five_points_and_two_standard_errors():
    """Catches too much taken for enough, chance taken for a fault, and few series taken for many."""
    shares = {"a": (0.76, 0.95), "b": (0.74, 0.95), "c": (0.86, 0.95), "d": (0.74, 0.95), "e": (0.8, 0.89)}
    errors = {"a": 0.001, "b": 0.001, "c": 0.001, "d": 0.04, "e": 0.001}
    rows = [
        {"set": name, "series": 150, "coverage80": at80, "coverage95": at95}
        | {f"coverage{level}_se": errors[name] for level in (80, 95)}
        for name, (at80, at95) in shares.items()
    ]
    means = pd.DataFrame([*rows, rows[1] | {"set": "few", "series": 149}])
    assert miscovered(means)["set"].tolist() == ["b", "c", "e"]
