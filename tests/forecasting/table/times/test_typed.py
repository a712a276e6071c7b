"""Columns of a DataFrame: timestamps of any unit and zone, dates, periods, categories; and what is no time."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from segue.errors import UserError
from segue.forecasting.table.times.read import looks_like_times
from tests.forecasting.table.times.conftest import read, reading

DAYS = ["2024-01-01", "2024-01-02"]


@pytest.mark.parametrize(
    "column",
    [pd.to_datetime(DAYS), pd.to_datetime(DAYS).tz_localize("Europe/Berlin"), np.array(DAYS, "datetime64[s]"),
     [dt.date(2024, 1, 1), dt.date(2024, 1, 2)], [dt.datetime(2024, 1, 1), dt.date(2024, 1, 2)],
     pd.Series(DAYS, dtype="category"), pd.Series(DAYS, dtype="string"), pd.period_range(DAYS[0], periods=2, freq="D"),
     pd.Series([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], dtype=pd.ArrowDtype(pa.date32())),
     pd.Series(pd.to_datetime(DAYS), dtype=pd.ArrowDtype(pa.timestamp("ms", "UTC"))),
     pl.Series([dt.date(2024, 1, 1), dt.date(2024, 1, 2)]).to_pandas(), pd.Series([20240101, 20240102], dtype="Int64"),
     [Decimal(20240101), Decimal(20240102)]],
)  # fmt: skip
def test_types_of_one_meaning(column):
    assert read(column) == DAYS


def test_periods_become_their_beginning():
    assert read(pd.period_range("2024-01-01", periods=2, freq="W"))[1] == "2024-01-08"
    assert read(pd.period_range("2024Q1", periods=2, freq="Q"))[1] == "2024-04-01"


def test_times_beyond_nanoseconds():
    ancient = np.array(["1000-01-01", "2999-01-01"], "datetime64[s]")
    assert read(ancient) == ["1000-01-01", "2999-01-01"]
    assert reading(["1500-01-01"]).times.dtype == "datetime64[us]"
    assert reading(["1900-01-01"]).times.dtype == "datetime64[ns]"
    for endless in (np.array(["9999-12-31"], "datetime64[s]"), np.array(["20000-01-01"], "datetime64[s]")):
        with pytest.raises(UserError, match="which stands for no date; drop the row"):
            read(endless)


def test_missing_times_are_nat():
    for missing in (None, float("nan"), pd.NaT, "NA", ""):
        assert read(["2024-01-01", missing]) == ["2024-01-01", "NaT"]
    assert read(pd.Categorical([20240101, None])) == ["2024-01-01", "NaT"]


@pytest.mark.parametrize("cells", [[7, None], [True, None]])
def test_categories_with_missing_cells_are_no_times(cells):
    """Catches a crash on any column of whole categories, as codes of shops are, of which one is missing."""
    assert not looks_like_times(pd.Series(cells, dtype="category"))


@pytest.mark.parametrize(
    "column", [[dt.time(1)], pd.to_timedelta([1], unit="h"), [True], [1 + 2j], [b"2024-01-01"], [[1]], [{}],
               [pd.Interval(0, 1)], pd.Series([dt.time(1)], dtype=pd.ArrowDtype(pa.time64("us"))), [object()]]
)  # fmt: skip
def test_what_is_no_time_is_refused(column):
    with pytest.raises(UserError, match="^time_col time: .* not a? ?times?"):
        read(column)


def test_times_spread_over_columns():
    expected = ["2024-01-01 22:00:00", "2024-01-01 23:00:00"]
    assert read(["2024-01-01"] * 2, [22, 23], names=("day", "hr")) == expected
    assert read(["2024-01-01"] * 2, ["22", "23"], names=("day", "hr")) == expected
    assert read(["2024-01-01"] * 2, [22, 23], names=("tag", "stunde")) == expected
    assert read(["2024-01-01"] * 2, ["22:00", "23:00"]) == expected
    assert read(pd.to_datetime(["2024-01-01"] * 2), [dt.time(22), dt.time(23)]) == expected
    assert read(["01/13/2024"] * 2, ["22.00.00", "23.00.00"]) == [time.replace("01-01", "01-13") for time in expected]
    assert read([2024] * 2, [1] * 2, [1] * 2, [22, 23], names=("Year", "month", "day", "hour")) == expected
    assert read([1] * 2, ["2024"] * 2, ["01"] * 2, [22, 23], names=("day", "year", "month", "hour")) == expected
    assert read([2024, 2024], [2, 3], names=("year", "quarter")) == ["2024-04-01", "2024-07-01"]
    assert read([2020, 2020], [1, 53], names=("year", "week")) == ["2019-12-30", "2020-12-28"]
    assert read([2024, 2024], ["Jan", "Feb"], names=("year", "month")) == ["2024-01-01", "2024-02-01"]
    assert read(["2024-01-01"] * 2, [1, 24], names=("day", "hour"))[1] == "2024-01-02 00:00:00"


def test_a_week_beside_a_whole_date_changes_no_day():
    """Catches Sundays that become the Mondays of their weeks."""
    columns = [2024, 2024], [1, 1], [7, 14], [1, 2]
    assert read(*columns, names=("year", "month", "day", "week")) == ["2024-01-07", "2024-01-14"]


def test_a_week_lies_in_the_month_beside_it():
    """Catches the last days of December that become January of the same year, because their week is the next year's."""
    columns = [2024, 2024], [1, 2], [5, 5]  # from 29 January to 4 February
    assert read(*columns, names=("year", "month", "week")) == ["2024-01-29"] * 2
    with pytest.raises(UserError, match="^time_col year,month,week: cannot read '2024 12 1' in row 2 as a time"):
        read([2024, 2024], [12, 12], [52, 1], names=("year", "month", "week"))


@pytest.mark.parametrize(
    ("columns", "names", "message"),
    [([[2024, 2024], [2, 2], [29, 30]], ("year", "month", "day"), "cannot read '2024 2 30' in row 2"),
     ([["2024-01-01"] * 2, [24, 25]], ("day", "hour"), "row 2 of hour holds 25; give 0 to 24"),
     ([[1, 2], [1, 2]], ("t", "hour"), "numbers and hours alone are not a date"),
     ([[2024], [1], [2]], ("year", "month", "mon"), "names one part of the time twice"),
     ([[2024], [1], [7]], ("year", "week", "day"), "^time_col year,week,day: a day beside a week needs a month")],
)  # fmt: skip
def test_columns_that_make_no_time_are_refused(columns, names, message):
    with pytest.raises(UserError, match=message):
        read(*columns, names=names)
