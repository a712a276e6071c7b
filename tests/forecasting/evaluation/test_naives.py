"""The naive forecasts that `naive` stands for: one for each season that the history holds twice, and the last value."""

import numpy as np
import pandas as pd
import pytest

from segue import backtest
from segue.forecasting.evaluation.naives import naive_seasons
from segue.forecasting.evaluation.origins import roll
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame


def seasons(step, length, horizon=7, windows=5):
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=length, freq=step), "y": np.arange(float(length))})
    return naive_seasons(roll(read_frame(frame, Layout()).panel, horizon, windows, horizon))


@pytest.mark.parametrize(
    ("step", "length", "expected"),
    [
        ("D", 800, (7, 365, 1)),
        ("D", 729, (7, 1)),  # two years of days less one
        ("h", 400, (24, 168, 1)),
        ("5min", 288 * 15, (288, 2016, 1)),
        ("MS", 60, (12, 1)),
        ("YS", 60, (1,)),
    ],
)
def test_seasons_that_the_history_holds_twice(step, length, expected):
    assert seasons(step, length) == expected


def test_a_season_that_few_windows_have_seen_is_left_out():
    """1,000 days hold a year twice, but four of five windows of 150 days begin within the first year or so."""
    assert seasons("D", 1000, 150) == (7, 365, 1)  # origins at 250, 400, 550, 700, 850
    assert seasons("D", 731, 140) == (7, 1)  # origins at 31, 171, 311, 451, 591


def test_naive_forecasts_are_those_of_python_and_the_calendar():
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=800, freq="D"), "y": np.arange(800.0) % 365})
    result = backtest(frame, 10, 3, models=["seasonal-naive:365", "naive"])
    assert result.overall["model"].tolist() == ["SeasonalNaive-365", "SeasonalNaive-7", "Naive"]
    assert result.overall["mae"][0] == 0


def test_a_year_of_hours_is_repeated_and_not_the_last_value():
    """Catches a context that is shorter than the season."""
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=2 * 8766 + 48, freq="h")})
    frame["y"] = np.arange(len(frame)) % 8766 * 1.0
    result = backtest(frame, 24, 2, models=["naive"])
    assert result.overall.set_index("model")["mae"]["SeasonalNaive-8766"] == 0
