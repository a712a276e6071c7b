"""Times without a fixed step: read where the next times are certain, else named and refused with a remedy."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from segue import forecast
from segue.errors import Notice, UserError
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame
from tests.cli.conftest import run

DAYS = pd.date_range("2024-01-01", periods=420)


def read(times, **options):
    return read_frame(pd.DataFrame({"ds": times, "y": np.arange(float(len(times)))}), Layout(**options)).panel


def clocks(*hours, days=30):
    stamps = [day + pd.Timedelta(hour, "h") for day in DAYS[:days] for hour in hours]
    return pd.DatetimeIndex(stamps)


@pytest.mark.parametrize(
    ("which", "alias", "season"),
    [
        (DAYS.weekday.isin([0, 2, 4]), "Mon,Wed,Fri", 3),
        (DAYS.weekday.isin([1, 4]), "Tue,Fri", 2),
        (DAYS.weekday.isin([5, 6]), "Sat,Sun", 2),
        (DAYS.weekday.isin([6, 0, 1, 2, 3]), "Sun-Thu", 5),
        (DAYS.weekday != 6, "Mon-Sat", 6),
        (DAYS.weekday < 5, "B", 5),
        (DAYS.day.isin([1, 15]), "SMS", 24),
        (DAYS.day.isin([15]) | DAYS.is_month_end, "SME", 24),
        (DAYS.day.isin([1, 11, 21]), "1,11,21", 36),
    ],
)
@pytest.mark.parametrize("clock", ["0h", "9h"])
def test_calendars_of_days_go_on_with_their_own_days(which, alias, season, clock):
    times = DAYS[which] + pd.Timedelta(clock)
    kept = np.delete(times[:-4], [7, 20, 21])  # a holiday and a holiday of two rows
    panel = read(kept)
    assert (panel.frequency.alias, panel.season) == (alias, season)
    assert panel.future(4)[0].tolist() == times[-4:].to_pydatetime().tolist()
    assert panel.steps.tolist() == np.delete(np.arange(len(times) - 4), [7, 20, 21]).tolist()
    again = read(kept, freq=alias)
    assert again.frequency == panel.frequency


def test_one_weekday_of_every_month():
    fridays = DAYS[DAYS.weekday == 4]
    third = fridays[(fridays.day > 14) & (fridays.day < 22)]
    assert read(third[:-1]).frequency.alias == "WOM-3FRI"
    assert read(third[:-1]).future(1)[0].tolist() == [third[-1].to_pydatetime()]
    last = fridays[(fridays + pd.Timedelta("7D")).month != fridays.month]
    assert read(last[:-1]).future(1)[0].tolist() == [last[-1].to_pydatetime()]


def test_daily_rows_with_some_missing_stay_daily():
    for missing in ([6], [6, 13], [2, 3, 9, 11]):
        assert read(np.delete(DAYS[:20].to_numpy(), missing)).frequency.alias == "D"


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (DAYS[np.cumsum([0, *[28, 28, 35] * 4])], "weeks of 4, 4 and 5"),
        (DAYS[np.cumsum([0, *[28, 35, 28] * 4])], "weeks of 4, 4 and 5"),
        (DAYS[np.round(29.53 * np.arange(14)).astype(int)], "months of the moon"),
        (DAYS[np.cumsum(np.random.default_rng(0).integers(1, 12, 60))], "of the gaps"),
        (clocks(8, 18), "most days have 2 rows"),
        (DAYS[[0, 2, 4, 7]], "they are on Mon,Wed,Fri"),
        (DAYS[[0, 2, 5]], "no common step"),
    ],
)
def test_what_keeps_no_step_is_named_and_can_be_numbered(times, words):
    with pytest.raises(UserError, match=rf"^freq \(not given\): .*({words}).*`freq` rows to number the rows$"):
        read(times)
    assert read(times, freq="rows").future(2)[0].tolist() == [len(times), len(times) + 1]


HOURS = pd.date_range("2024-01-01", periods=24 * 35, freq="h")
HALVES = pd.date_range("2024-01-01", periods=48 * 35, freq="30min")


@pytest.mark.parametrize(
    ("times", "words", "season"),
    [
        (HALVES[(HALVES.weekday < 5) & (HALVES.hour * 60 + HALVES.minute >= 570) & (HALVES.hour < 16)],
         "09:30 to 15:30 on Mon-Fri, and steps of 30min", 13),
        (HOURS[(HOURS.hour >= 8) & (HOURS.hour < 20)], "08:00 to 19:00 every day", 12),
        (HOURS[(HOURS.hour >= 5) | (HOURS.hour == 0)], "05:00 to 00:00 every day", 20),
        (HOURS[HOURS.weekday < 5], "all hours of the day with a break in every week, on Mon-Fri", 24),
        (clocks(8, 14, 20), "08:00 to 20:00 every day", 3),
    ],
)  # fmt: skip
def test_opening_hours_are_named_and_numbered_rows_have_their_season(times, words, season):
    with pytest.raises(UserError, match=rf"the rows stand at {words}.* `freq` rows to number the rows, or `freq`"):
        read(times)
    assert read(times, freq="rows").season == season


def test_hours_around_the_clock_are_no_opening_hours():
    rng = np.random.default_rng(0)
    assert read(np.sort(rng.choice(HOURS, 700, replace=False))).frequency.alias == "h"
    assert read(HOURS[:24].append(HOURS[30:54])).frequency.alias == "h"  # one outage
    assert read(HOURS[HOURS.hour != 3]).frequency.alias == "h"  # an hour of maintenance
    assert read(HOURS[(HOURS.hour > 7) & (HOURS.hour < 20)], freq="h").frequency.alias == "h"  # asked for


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_numbered_rows_continue_in_the_order_of_their_times(kind):
    times = DAYS[[9, 0, 1, 5]].to_pydatetime().tolist()
    with pytest.warns(Notice, match="numbered from 0 in the order of their times"):
        ahead = forecast(kind({"ds": times, "y": [4.0, 1, 2, 3]}), 3, model="seasonal-naive:2", freq="rows")
    assert ahead["ds"].to_list() == [4, 5, 6]
    assert ahead["SeasonalNaive"].to_list() == [3, 4, 3]


def test_times_of_jitter_have_the_step_of_the_clock():
    jitter = pd.to_timedelta(np.random.default_rng(0).normal(0, 1, 300).round(3), unit="s")
    assert read(pd.date_range("2024-01-01", periods=300, freq="5min") + jitter).frequency.alias == "5min"


def test_a_clock_change_keeps_the_step():
    local = pd.date_range("2024-03-29", periods=12, freq="6h", tz="UTC").tz_convert("Europe/Berlin").tz_localize(None)
    assert read(local).frequency.alias == "6h"


def test_days_go_on_at_the_hour_of_the_last_row():
    """Local midnights written in UTC are at 23:00 in winter and at 22:00 in summer."""
    local = pd.date_range("2024-03-20", periods=20, tz="Europe/Berlin").tz_convert("UTC").tz_localize(None)
    assert read(local).future(1).astype(str).tolist() == [["2024-04-08T22:00:00.000000"]]
    working = local[local.weekday.isin([6, 0, 1, 2, 3])]
    assert read(working).future(2)[0].astype("datetime64[s]").astype(str).tolist() == [
        "2024-04-08T22:00:00", "2024-04-09T22:00:00",
    ]  # fmt: skip


def test_the_command_reads_weekdays_and_numbers_rows(tmp_path):
    path = tmp_path / "in.csv"
    pd.DataFrame({"day": DAYS[DAYS.weekday.isin([0, 3])][:30], "y": range(30)}).to_csv(path, index=False, sep=";")
    base = (path, "--horizon", 2, "--model", "seasonal-naive:2", "--output", tmp_path / "out.csv")
    for freq in ((), ("--freq", "Mon,Thu"), ("--freq", "thursday,monday")):
        run(*base, *freq)
        assert pd.read_csv(tmp_path / "out.csv")["day"].tolist() == ["2024-04-15", "2024-04-18"]
    run(*base, "--freq", "rows")
    assert pd.read_csv(tmp_path / "out.csv")["day"].tolist() == [30, 31]
