"""Local days that are stamped in UTC are detected, and other clocks are left alone."""

import numpy as np
import pandas as pd
import pytest

from segue.forecasting.table.times.midnights import MIDNIGHT_NOTE, local_midnights
from tests.forecasting.table.times.conftest import reading


def in_utc(days, zone):
    return days.tz_localize(zone).tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


@pytest.mark.parametrize(
    ("zone", "freq", "periods"),
    [("Europe/Berlin", "D", 90), ("Europe/London", "W", 60), ("America/Los_Angeles", "D", 700),
     ("Pacific/Auckland", "D", 400),     ("Australia/Sydney", "MS", 30), ("Europe/Berlin", "B", 200)],
)  # fmt: skip
def test_shifts_lead_back_to_local_midnights(zone, freq, periods):
    days = pd.date_range("2023-02-15", periods=periods, freq=freq)
    times = in_utc(days, zone)
    shifts = local_midnights(times)
    np.testing.assert_array_equal(times + shifts, days.to_numpy())
    text = pd.Series(times).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert reading(text).notes == (MIDNIGHT_NOTE,)


def test_business_days_of_a_winter_are_sunday_to_thursday_evenings():
    days = pd.date_range("2024-01-01", periods=30, freq="B")
    np.testing.assert_array_equal(in_utc(days, "Europe/Berlin") + local_midnights(in_utc(days, "Europe/Berlin")), days)


@pytest.mark.parametrize(
    "times",
    [pd.date_range("2023-01-01", periods=99, freq="h"), pd.date_range("2023-01-01", periods=99, freq="D"),
     pd.date_range("2023-01-01 23:00", periods=99, freq="D"), pd.date_range("2023-01-02", periods=99, freq="B"),
     pd.to_datetime(["2023-06-01 22:00", "2023-06-02 23:00", "2023-06-03 22:00"]), pd.to_datetime(["2023-06-01"])],
)  # fmt: skip
def test_other_clocks_hide_nothing(times):
    assert local_midnights(times.to_numpy().astype("datetime64[us]")) is None
    assert reading(times).notes == ()


def test_integers_and_missing_times_hide_nothing():
    assert local_midnights(np.arange(9)) is None
    assert local_midnights(np.array(["NaT", "2024-01-01"], "datetime64[us]")) is None
