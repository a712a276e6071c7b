"""The check beside a forecast: it speaks where a naive forecast is ahead, and is silent on noise and random walks."""

import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from segue import LEVELS, Forecast, SeasonalNaive
from segue.forecasting.evaluation.check import MOST_SERIES, check
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame


@dataclasses.dataclass
class Mean:
    """The mean of the last 28 values, which sees no season; it counts the lanes it gets."""

    name: str = "Mean"
    context: int = 28
    fingerprint: str = "mean"
    lanes: int = 0

    def predict(self, history, horizon):
        self.lanes += len(history)
        return Forecast(np.full((len(history), horizon, len(LEVELS)), history.values.mean(1)[:, None, None]))


def table(values, step="D", ids=None):
    """A reading of series `(series, time)`."""
    values = np.atleast_2d(values)
    series, time = values.shape
    frame = pd.DataFrame({
        "unique_id": np.repeat([f"s{i}" for i in range(series)] if ids is None else ids, time),
        "ds": np.tile(pd.date_range("2015-01-01", periods=time, freq=step), series),
        "y": values.ravel(),
    })  # fmt: skip
    return read_frame(frame, Layout(freq=step))


def test_a_clean_year_of_days_seen_twice_is_reported():
    days = np.arange(731)
    found = check(table(np.sin(2 * np.pi * days / 365.25)), Mean(), 30)
    assert (found.verdict.rival, found.verdict.windows, found.horizon) == ("SeasonalNaive-365", 12, 30)
    assert found.warning.startswith("SeasonalNaive-365 had 9")
    assert found.warning.endswith(
        "% less error than Mean in 12 of 12 windows of 30 steps, more than the spread; compare by `segue backtest`, or "
        "use `model` seasonal-naive:365"
    )


def test_a_horizon_for_which_the_history_is_short_is_checked_on_its_first_steps():
    days = np.arange(800)
    found = check(table(np.sin(2 * np.pi * days / 365.25)), Mean(), 365)
    assert (found.verdict.windows, found.horizon) == (3, 133)
    assert found.verdict.beaten


def test_noise_and_walks_are_no_reason_to_speak():
    """The false alarms of `benchmarks/tables/verdicts.py` are of NanoTST; these are of a mean and of the last value."""
    random = np.random.default_rng(1)
    for length, horizon in ((60, 7), (150, 14), (400, 30)):
        noise = random.normal(size=(20, length))
        for values, model in ((noise, Mean()), (noise.cumsum(axis=1), SeasonalNaive(1))):
            found = [check(table(one), model, horizon) for one in values]
            assert sum(one.verdict.beaten for one in found) <= 1


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], np.full(300, 5.0), [1.0] + [np.nan] * 50])
def test_nothing_is_said_of_what_is_short_or_constant(values):
    found = check(table(np.array(values)), Mean(), 3)
    assert found is None or found.warning is None


def test_a_table_without_any_value_has_no_check():
    assert check(table(np.full(30, np.nan)), Mean(), 3) is None


def test_at_most_64_series_are_checked_and_always_the_same():
    random = np.random.default_rng(0)
    values = np.tile(np.arange(7.0), 20) + 0.1 * random.normal(size=(200, 140))
    model = Mean()
    found = check(table(values), model, 7)
    assert (found.verdict.series, found.verdict.windows, model.lanes) == (MOST_SERIES, 3 * MOST_SERIES, 3 * MOST_SERIES)
    assert found.verdict.beaten
    assert "in 192 of 192 windows and 64 of 64 series of 7 steps" in found.warning
    order = random.permutation(200)
    same = check(table(values[order], ids=[f"s{i}" for i in order]), Mean(), 7)
    assert same.verdict == found.verdict


def test_the_choice_of_series_is_the_same_in_every_process():
    """Catches Python's own hash, which differs from process to process."""
    program = "from segue.forecasting.evaluation.check import _hash\nprint(_hash('shop 7').hex())"
    runs = {subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout for _ in range(2)}
    assert len(runs) == 1


def test_a_series_that_is_shorter_than_most_is_left_out():
    long = np.tile(np.arange(7.0), 20)
    values = np.stack([long, long, np.where(np.arange(140) < 135, np.nan, long)])
    assert check(table(values), Mean(), 7).verdict.series == 2


def test_a_long_horizon_takes_fewer_lanes():
    model = Mean()
    found = check(table(np.tile(np.arange(24.0), (80, 100)), "h"), model, 288)
    assert found.horizon == 288
    assert model.lanes <= 24


def test_a_long_past_costs_no_more_than_its_end():
    """Catches a check that lays out a million values for each window."""
    values = np.tile(np.arange(24.0), 2000) + np.random.default_rng(0).normal(size=48_000)
    whole, end = (check(table(part, "h"), Mean(), 24) for part in (values, values[-20_000:]))
    assert whole.verdict == end.verdict
