"""One running series, and scores of single instances: what the adapters of other libraries share."""

import numpy as np
import pytest

from segue.adapters.scorer import Scorer
from segue.adapters.single import SingleSeries
from segue.errors import UserError
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.live.watch import Watch

MODEL = "seasonal-naive:7"


def series(time: int, seed: int = 0) -> np.ndarray:
    t = np.arange(time)
    return 20 + 5 * np.sin(2 * np.pi * t / 7) + np.random.default_rng(seed).normal(size=time)


def fed(values: np.ndarray, learn: bool) -> SingleSeries:
    single = SingleSeries(SeasonalNaive(1, context=140), (7.0, 28.0), learn=learn, refresh=7)
    for value in values:
        single.append(value)
    return single


def test_without_learning_the_forecast_is_that_of_the_model():
    values = series(100)
    expected = np.full(9, values[-1])
    np.testing.assert_array_equal(fed(values, learn=False).forecast(9), expected)
    assert np.isnan(SingleSeries(MODEL, (), learn=True, refresh=5).forecast(2)).all()


def test_learning_begins_with_the_model_and_then_beats_it():
    """Catches a learner that never learns, and one that had seen the future."""
    values = series(700)
    np.testing.assert_array_equal(fed(values[:7], learn=True).forecast(7), np.full(7, values[6]))
    single, errors = fed(values[:400], learn=True), []
    for end in range(400, 693):
        future = values[end : end + 7]
        errors.append([np.abs(single.forecast(7) - future).mean(), np.abs(values[end - 1] - future).mean()])
        single.append(values[end])
    own, naive = np.mean(errors, axis=0)
    assert own < 0.5 * naive


def test_an_infinite_value_is_refused():
    """Catches NaN for every forecast that reads it."""
    single = fed(series(20), learn=False)
    with pytest.raises(UserError, match="^y inf: is infinite; give NaN if it is missing"):
        single.append(np.inf)
    assert np.isfinite(single.forecast(2)).all()


def test_a_gap_beyond_the_context_teaches_nothing():
    """Catches a value after the gap that a forecast from before it is compared with, at another lead time."""
    single = fed(np.append(series(300), np.full(147, np.nan)), learn=True)
    learnt = single._state
    single.append(1000.0)
    for name, array in learnt.items():
        np.testing.assert_array_equal(single._state[name], array)


def test_forecasting_changes_nothing():
    values = series(200)
    asked, quiet = fed(values[:150], learn=True), fed(values[:150], learn=True)
    for value in values[150:]:
        asked.forecast(3)
        asked.append(value)
        quiet.append(value)
    np.testing.assert_array_equal(asked.forecast(11), quiet.forecast(11))


def test_scores_are_those_of_a_watch_in_whatever_order_they_are_asked():
    """Score then take, take and score, and scores of instances that never come; a wrong one must leave no trace."""
    values = series(260)
    values[250] += 40
    watch = Watch(MODEL, freq=1, refresh=10, warm_up=40)
    expected = [watch.observe(["a"], [step], [value]).score[0] for step, value in enumerate(values)]
    usual, other = Scorer(MODEL, 10, 40, learn=True), Scorer(MODEL, 10, 40, learn=True)
    found = []
    for step, value in enumerate(values):
        found.append((usual.score({"a": value}), other.take_and_score({"a": value})))
        usual.take({"a": value})
        if step % 50 == 0:
            usual.score({"a": 1e6})
            other.score({"a": -1e6})
    np.testing.assert_array_equal(np.array(found), np.stack([expected, expected], axis=1))
    assert max(expected) == expected[250] > 0.98


def test_the_score_of_several_features_counts_them():
    """Bonferroni: the smallest p-value times the number of features; a feature that is absent is missing."""
    values = np.stack([series(200, seed) for seed in range(3)], axis=1)
    watches = [Watch(MODEL, freq=1, refresh=10, warm_up=40) for _ in range(3)]
    scorer = Scorer(MODEL, 10, 40, learn=True)
    for step, row in enumerate(values):
        p = [watch.observe([0], [step], [value]).p[0] for watch, value in zip(watches, row, strict=True)]
        score = scorer.take_and_score({str(name): value for name, value in enumerate(row)})
        assert score == pytest.approx(1 - min(1.0, 3 * np.nanmin(p)) if not np.isnan(p).all() else 0.0)
    assert scorer.take_and_score({}) == 0.0
    assert 0 <= scorer.take_and_score({"1": 20.0}) <= 1
