"""The instrument of stability: forecasts that move by a known amount, and what is left out."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasting.sets import DataSet, Task
from benchmarks.forecasting.stability import moves, shares, summary
from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.forecasting.registry import load_predictor

SET = DataSet("some", "daily", horizon=5, season=7)


class Moving:
    """Forecasts the number of values seen times `step`, at every step ahead, with an 80 % band of `width`."""

    name, context, fingerprint = "Moving", 1000, "moving"

    def __init__(self, step: float, width: float) -> None:
        self.step, self.width = step, width

    def predict(self, history: History, horizon: int) -> Forecast:
        count = history.observed.sum(1)[:, None, None]
        return Forecast(
            np.broadcast_to(self.step * count + self.width * quantiles(), (len(count), horizon, len(LEVELS)))
        )


def quantiles() -> np.ndarray:
    """From -5/8 at level 0 to 5/8 at level 1: the 80 % band is one wide."""
    return 1.25 * (np.array(LEVELS) - 0.5)


def task(surprise: float, count: int = 20, step: float = 3.0) -> Task:
    """Two windows of so many values, whose new value is `surprise` above what `Moving` forecasts."""
    actual = np.full((2, 5), step * count + surprise)
    return Task(SET, ["a", "b"], [np.zeros(count), np.zeros(count)], actual)


def test_a_known_move_over_a_known_divisor():
    """Catches a full width for half of it, the surprise of another step, and steps that are compared with others."""
    found = moves(Moving(3.0, 4.0), task(surprise=7.0))
    assert found["lane"].tolist() == pytest.approx([3 / (2 + 7)] * 2, rel=1e-12)
    np.testing.assert_allclose(np.stack(found["step"]), 3 / 9, rtol=1e-12)
    assert np.stack(found["step"]).shape == (2, 4)
    assert moves(Moving(0.0, 4.0), task(surprise=7.0))["lane"].tolist() == [0, 0]


def test_the_same_future_is_compared():
    """Seasonal naive forecasts differ from step to step, but those of one future step repeat one past value."""
    cycle = np.tile(np.arange(7.0), 6)
    lanes = Task(SET, ["a"], [cycle[:30] + 0.1 * np.random.default_rng(0).normal(size=30)], cycle[None, 30:35])
    assert moves(load_predictor("seasonal-naive"), lanes)["lane"].tolist() == [0]


def test_lanes_without_width_or_new_value_are_counted_and_left_out():
    lanes = task(surprise=1.0)
    lanes.actual[0, 0] = np.nan
    found = summary(pd.concat([moves(Moving(3.0, 0.0), lanes), moves(Moving(3.0, 4.0), lanes)])).set_index("set")
    assert found.loc["all", ["origins", "no_value", "no_width"]].tolist() == [1, 2, 1]
    assert found.loc["all", ["lane_50", "lane_99.9", "step_50", "step_99"]].tolist() == pytest.approx([1.0] * 4)


def test_origins_are_shared_among_sets():
    assert shares([1000, 20, 500, 40], 200) == [70, 20, 70, 40]
    assert shares([3, 2], 10) == [3, 2]
    assert sum(shares([100, 100, 100], 200)) == 200
