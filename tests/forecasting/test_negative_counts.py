"""Counts are never forecast to be negative, and a user can give limits that no quantile passes."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import segue
from segue.errors import Notice, UserError

HOURS = pd.date_range("2024-03-01", periods=24 * 20, freq="h")
DAY = np.maximum(0, np.sin(2 * np.pi * (HOURS.hour - 6) / 24)) ** 3
"""When people are in a street: hardly any by night."""


def counts(seed=0):
    random = np.random.default_rng(seed)
    return random.poisson(5 + 900 * DAY * random.gamma(2, 0.5, len(HOURS)))


def quantiles(frame, **options):
    result = segue.forecast(frame, 48, levels=(80, 98), **options)
    rows = result if isinstance(result, pd.DataFrame) else pd.DataFrame(result.to_dict(as_series=False))
    return rows.filter(like="NanoTST").to_numpy()


@pytest.mark.parametrize("model", ["nanotst", "nanotst-small"])
def test_people_in_a_street_are_never_negative(model):
    frame = pd.DataFrame({"ds": HOURS, "y": counts()})
    assert quantiles(frame, model=model).min() == 0
    assert quantiles(frame.assign(y=frame["y"] + 0.5), model=model).min() < 0  # the model alone knows of no floor


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"ds": HOURS, "y": counts(1).astype(str)}),
        pd.DataFrame({"ds": HOURS, "y": pd.Series(counts(2)).astype("float32").mask(HOURS.hour == 3)}),
        pl.DataFrame({"ds": HOURS.to_numpy(), "y": counts(3).astype(np.int32)}),
        pd.DataFrame({"ds": HOURS.tolist() * 2, "id": ["a"] * 480 + ["b"] * 480, "y": [*counts(4), *counts(5)]}),
    ],
    ids=["text", "gaps", "polars", "two series"],
)
def test_counts_of_any_type_have_the_floor(frame):
    assert np.nanmin(quantiles(frame)) >= 0


def test_limits_hold_for_every_model_and_are_reported_where_values_pass_them():
    frame = pd.DataFrame({"ds": range(8), "y": [1.5, 2, -3, 4, 1.5, 2, -3, 4]})
    with pytest.warns(Notice, match="^2 of 8 values lie below `floor` 0, down to -3$"):
        result = segue.forecast(frame, 4, model="seasonal-naive:4", floor=0)
    assert result["SeasonalNaive"].tolist() == [1.5, 2, 0, 4]
    assert result.filter(like="lo").to_numpy().min() == 0
    with pytest.warns(Notice, match="^2 of 8 values lie above `cap` 3, up to 4$"):
        assert segue.forecast(frame, 4, model="seasonal-naive:4", cap=3)["SeasonalNaive"].tolist() == [1.5, 2, -3, 3]
    with pytest.warns(Notice, match="floor"):
        tested = segue.backtest(frame, 2, 1, models="seasonal-naive:4", floor=0)
    assert tested.forecasts["SeasonalNaive-4"].tolist() == [0, 4]
    stream = segue.Stream("seasonal-naive:4")
    memory, _ = stream.update(stream.start(), frame)
    assert stream.forecast(memory, 4, floor=0, cap=3)["SeasonalNaive"].tolist() == [1.5, 2, 0, 3]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"floor": 5}, r"^floor 5: all values of the table lie below it \(-3 to 4\); give another limit$"),
        ({"cap": -4}, r"^cap -4: all values of the table lie above it \(-3 to 4\); give another limit$"),
        ({"floor": 2, "cap": 1}, r"^floor 2: give one that is at most `cap` \(1\)$"),
        ({"cap": float("nan")}, "^cap nan: give a number$"),
    ],
)
def test_limits_that_leave_nothing_are_refused(limits, message):
    frame = pd.DataFrame({"ds": range(4), "y": [1.5, 2, -3, 4]})
    with pytest.raises(UserError, match=message):
        segue.forecast(frame, 4, model="seasonal-naive", **limits)
