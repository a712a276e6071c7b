"""Scores in which every series counts once, what decides the others, and comparisons by them, on known answers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasting.against import against, beaten, overall
from benchmarks.forecasting.bootstrap import intervals
from benchmarks.forecasting.deciding import largest, shares
from benchmarks.forecasting.scaled import geometric_mean, log_ratios, scaled_ratio
from benchmarks.forecasting.scores import series_scores, set_scores
from benchmarks.forecasting.sets import DataSet, Task
from benchmarks.forecasting.whole import by_kind
from segue.forecasting.predictor import LEVELS

NAN = float("nan")
DAILY = DataSet("some", "daily", horizon=5, season=7)


@pytest.fixture
def task() -> Task:
    """One window of each of three series."""
    draw = np.random.default_rng(0)
    return Task(DAILY, ["a", "b", "c"], [draw.normal(10, 3, 40) for _ in range(3)], draw.normal(10, 3, (3, 5)))


@pytest.fixture
def quantiles() -> np.ndarray:
    return np.sort(np.random.default_rng(1).normal(10, 3, (3, 5, len(LEVELS))), axis=-1)


def test_of_a_point_forecast_the_scaled_loss_is_mase_and_wql_is_nd(task, quantiles):
    """Catches a lost factor of two, a loss of all steps for that of one, and a sum for a mean over deciles."""
    point = np.repeat(quantiles[..., [LEVELS.index(0.5)]], len(LEVELS), axis=-1)
    found = series_scores(task, point)
    np.testing.assert_allclose(found["scaled_loss"], found["mase"], rtol=1e-12)
    scores = set_scores(found)
    assert scores["nd"] == pytest.approx(np.abs(task.actual - point[..., 0]).sum() / np.abs(task.actual).sum())
    assert scores["wql_nd"] == pytest.approx(1)
    assert scores["scaled_loss"] == pytest.approx(np.prod(found["mase"]) ** (1 / 3))


def test_the_scaled_loss_knows_no_unit_and_wql_does(task, quantiles):
    """One series in other units, with another zero: no scaled loss moves, but WQL becomes that of this one series."""
    before = series_scores(task, quantiles)
    moved = [lambda x: x, lambda x: x, lambda x: 1e6 * x + 5e6]
    histories = [move(history) for move, history in zip(moved, task.histories, strict=True)]
    actual = np.stack([move(row) for move, row in zip(moved, task.actual, strict=True)])
    other = np.stack([move(row) for move, row in zip(moved, quantiles, strict=True)])
    after = series_scores(replace(task, histories=histories, actual=actual), other)
    np.testing.assert_allclose(after["scaled_loss"], before["scaled_loss"], rtol=1e-9)
    alone = after["loss"][2] / after["size"][2]
    assert set_scores(after)["wql"] == pytest.approx(alone, rel=1e-5)
    assert set_scores(before)["wql"] != pytest.approx(alone, rel=1e-2)


def test_a_series_without_a_unit_or_without_a_loss_is_left_out(task, quantiles):
    """A constant past has no unit; a loss of zero has no logarithm. Catches a mean of zero, and one that is NaN."""
    task = replace(task, histories=[np.full(40, 3.0), *task.histories[1:]])
    scores = series_scores(task, quantiles)
    assert np.isnan(scores["scaled_loss"][0])
    assert geometric_mean(pd.Series([NAN, 0.0, 2.0, 8.0])) == pytest.approx(4)
    exact = scores.assign(loss=[1.0, 0.0, 6.0])
    second = scores.assign(loss=[2.0, 5.0, 3.0])
    np.testing.assert_array_equal(log_ratios(exact, second)["log_ratio"], [NAN, NAN, np.log(2)])
    assert scaled_ratio(exact, second) == pytest.approx(2)
    assert np.isnan(scaled_ratio(exact[:2], second))


def test_whole_numbers_lie_on_the_bounds_of_their_bands_or_strictly_within():
    """Bands from 1 to 3 with actual values 1, 2, 3, 4: three inside, one strictly. A fraction in the past of the other
    series makes it no series of whole numbers."""
    dataset = DataSet("some", "daily", horizon=4, season=1)
    histories = [np.arange(9.0), np.array([*range(8), 0.5])]
    task = Task(dataset, ["a", "b"], histories, np.array([[1.0, 2, 3, 4]] * 2))
    levels = np.array([1.0 if level < 0.5 else 3.0 if level > 0.5 else 2.0 for level in LEVELS])
    scores = series_scores(task, np.broadcast_to(levels, (2, 4, len(LEVELS))))
    assert scores["whole"].tolist() == [True, False]
    assert scores[["inside80", "strictly80"]].to_numpy().tolist() == [[3, 1], [3, 1]]
    rows = pd.DataFrame({"set": ["some"], "horizon": 4, "frequency": "daily"})
    found = by_kind(rows, scores.assign(set="some", horizon=4, model="ours"), least=1).set_index("set")
    assert found.index.tolist() == ["daily, whole numbers", "daily, other numbers"]
    assert found.loc["daily, whole numbers", ["coverage80", "strictly80"]].tolist() == [0.75, 0.25]
    assert by_kind(rows, scores.assign(set="some", horizon=4, model="ours"), least=2).empty


def test_the_shares_of_a_set_sum_to_one_and_the_largest_comes_first():
    scores = pd.DataFrame({"series": [*"abcd"], "loss": [1.0, 5, 4, 0], "size": [1.0, 1, 1, 1], "scaled_loss": 1.0})
    found = shares(scores)
    assert found[["loss_share", "size_share"]].sum().tolist() == pytest.approx([1, 1])
    assert largest(scores, 2)[["series", "loss_share", "together"]].to_numpy().tolist() == [
        ["b", 0.5, 0.5],
        ["c", 0.4, 0.9],
    ]


def test_the_interval_of_a_set_is_that_of_its_series():
    """MASE has the interval of a mean; WQL / ND is sure where each series has the same. Catches draws of values, draws
    of loss and error that differ, and an interval from one series."""
    draw = np.random.default_rng(0)
    error = draw.gamma(4, size=900)
    scores = pd.DataFrame({"mase": error, "error": error, "loss": 0.8 * error, "size": 1.0})
    found = intervals(scores)
    half = 1.96 * error.std() / 30
    assert found["mase_low"] == pytest.approx(error.mean() - half, abs=0.1 * half)
    assert found["mase_high"] == pytest.approx(error.mean() + half, abs=0.1 * half)
    assert [found["wql_nd_low"], found["wql_nd_high"]] == pytest.approx([0.8, 0.8])
    assert found["wql_low"] == pytest.approx(0.8 * found["mase_low"])
    scores.loc[0, "mase"] = NAN
    assert np.isfinite(list(intervals(scores).values())).all()
    assert np.isnan(list(intervals(scores[:1]).values())).all()


def losses(**tasks: np.ndarray) -> pd.DataFrame:
    """Scores of one model on sets at horizon 1."""
    parts = (
        pd.DataFrame(
            {"set": name, "horizon": 1, "series": range(len(loss)), "loss": loss, "size": np.arange(len(loss))}
        )
        for name, loss in tasks.items()
    )
    return pd.concat(parts, ignore_index=True).assign(model="ours", unit=1.0)


@pytest.fixture
def ours() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return losses(x=draw.gamma(2, size=30), y=draw.gamma(2, size=20))


def test_a_model_against_itself_is_one_and_better_on_no_task(ours):
    found = against(ours, [ours.assign(model="same")], draws=50)
    assert overall(found).loc["same"].tolist() == [2, 0, 1, 1, 1]
    assert found["series"].tolist() == [30, 20]
    assert beaten(found).empty


def test_ratios_are_geometric_over_series_then_over_tasks(ours):
    """On x half of ours on one series in two, on y twice ours: 1 / sqrt 2 and 2, though y has fewer series. Catches a
    mean over all series, an arithmetic mean, and the two models exchanged."""
    factor = np.where(ours["set"] == "y", 0.5, np.where(ours["series"] % 2, 2.0, 1.0))
    found = against(ours, [ours.assign(model="other", loss=factor * ours["loss"])], draws=200)
    assert found["ratio"].tolist() == pytest.approx([2**-0.5, 2])
    whole = overall(found).loc["other"]
    assert whole[["tasks", "better", "ratio"]].tolist() == pytest.approx([2, 1, 2**0.25])
    assert whole["low"] < whole["ratio"] < whole["high"]
    assert found.loc[1, ["low", "high"]].tolist() == pytest.approx([2, 2])


def test_a_task_is_named_with_the_best_of_all_others(ours):
    """Catches the worst of the others, the average of them, and a loss that is 5 % higher."""
    factors = {"fair": {"x": 0.95, "y": 0.85}, "best": {"x": 1.2, "y": 0.5}}
    others = [ours.assign(model=name, loss=ours["loss"] * ours["set"].map(by)) for name, by in factors.items()]
    named = beaten(against(ours, others, draws=50))
    assert named[["set", "best"]].to_numpy().tolist() == [["y", "best"]]
    assert named["ratio"].tolist() == pytest.approx([2])


def test_scores_of_other_windows_are_no_comparison(ours):
    """The cached files of both views have the same sets and series; sizes tell the windows apart."""
    official = ours.assign(model="other", size=ours["size"] * 1.01, loss=1.0)
    right = ours.assign(model="other", size=ours["size"].astype(np.float32))
    found = against(ours, [official, right], draws=20)
    assert found["ratio"].tolist() == [1, 1]
    assert against(ours, [official], draws=20).empty
