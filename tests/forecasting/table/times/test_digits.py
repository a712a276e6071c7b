"""Numbers as times: dates in digits, epochs, serial days, parts of a year, and counts of steps."""

import numpy as np
import pandas as pd
import pytest

from segue.errors import Notice, UserError
from tests.forecasting.table.times.conftest import next_times, read, reading, written


@pytest.mark.parametrize(
    ("form", "start", "freq"),
    [("%Y%m%d%H", "2024-01-01", "h"), ("%Y%m%d%H%M", "2024-01-01", "15min"), ("%Y%m%d%H%M%S", "2024-01-01", "h"),
     ("%Y%m%d", "2024-01-01", "D"), ("%Y%m", "2019-05-01", "MS"), ("%d%m%Y", "2023-12-20", "D"),
     ("%m%d%Y", "2023-12-20", "D"), ("%y%m%d", "2023-12-20", "D"), ("%G%V", "2023-01-02", "7D"),
     ("%Y%j", "2023-12-20", "D"), ("%y%m%d%H%M", "2024-01-01", "h"), ("%d%m%Y%H%M", "2024-01-01", "h")],
)  # fmt: skip
def test_dates_in_digits_are_no_counts(form, start, freq):
    """Catches a step of 10,000 between hours of fourteen digits, and 2024010724 after 23 o'clock."""
    times, texts = written(start, 60, freq, form)
    assert read(texts) == times
    assert read([int(text) for text in texts]) == times  # without leading zeros
    assert read([float(text) for text in texts]) == times


def test_the_hour_after_23_is_midnight():
    _, texts = written("2024-01-01", 48, "h", "%Y%m%d%H")
    assert next_times([int(text) for text in texts]) == ["2024-01-03 00:00:00", "2024-01-03 01:00:00"]


def test_quarters_and_months_without_a_zero():
    quarters = [20231, 20232, 20233, 20234, 20241]
    assert read(quarters)[-2:] == ["2023-10-01", "2024-01-01"]
    assert read(quarters[:4], names=("quarter",))[3] == "2023-10-01"
    with pytest.raises(UserError, match="give `time_format`: '%Y%q', or 'count' for a count of steps"):
        read(quarters[:4], names=("ds",))
    assert read(quarters[:4], form="%Y%q")[3] == "2023-10-01"
    assert read([20239, 202310, 202311, 202312, 20241])[3:] == ["2023-12-01", "2024-01-01"]


@pytest.mark.parametrize(("unit", "size"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_epochs_are_read_with_a_notice(unit, size):
    hours = [1_704_067_200 * size + hour * 3600 * size for hour in range(30)]
    found = reading(hours)
    assert found.times.astype(str).tolist()[1] == "2024-01-01 01:00:00"
    assert "seconds since 1970, in UTC; give `time_format` count" in found.notes[0]
    assert read(hours, form="count")[0] == str(hours[0])
    assert read(hours, form=f"epoch-{unit}")[1] == "2024-01-01 01:00:00"
    with pytest.warns(Notice, match="since 1970"):
        assert next_times(hours)[0] == "2024-01-02 06:00:00"


def test_fractions_of_seconds_are_kept_to_the_microsecond():
    """Catches rows of one millisecond that become one time."""
    expected = ["2023-11-14 22:13:20.000250", "2023-11-14 22:13:20.000750"]
    assert read(["1700000000.00025", "1700000000.00075"]) == expected
    assert read(["1700000000000.25", "1700000000000.75"]) == expected
    assert read(["1700000000.00025", "1700000000.00075"], form="epoch-s") == expected


def test_serial_days_are_read_where_the_column_is_named_like_a_date():
    days = np.arange(45_292, 45_322)
    assert read(days, names=("date",))[0] == "2024-01-01"
    assert read(days + 0.5, names=("date",))[0] == "2024-01-01 12:00:00"
    with pytest.raises(UserError, match="give `time_format`: 'excel', or 'count'"):
        read(days, names=("jour",))
    assert read(days, names=("x",), form="count")[0] == "45292"
    assert read(days, names=("x",), form="excel")[0] == "2024-01-01"
    for numbers, word in ((days - 25_569, "epoch-d"), (np.arange(473_352, 473_400), "epoch-h")):
        with pytest.raises(UserError, match=f"give `time_format`: '{word}', or 'count'"):
            read(numbers, names=("timestamp",))
        assert read(numbers, form=word)[0].startswith("2024-01-01")


@pytest.mark.parametrize(
    "counts", [[1, 2, 3], [0, 1, 2], [1990, 1991], [-1, 0, 1], [*range(100_001, 100_050)], [*range(1, 90_000, 1000)],
               [1.0, 2.0]]
)  # fmt: skip
def test_counts_of_steps_stay_numbers(counts):
    assert read(counts) == [str(int(count)) for count in counts]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [([240101, 240102, 240103], "give `time_format`: '%y%m%d'"), ([2024001, 2024002], "'%Y%j', or 'count'"),
     ([1012024, 2012024], "'%d%m%Y' or '%m%d%Y'"), ([20240131, 20240230, 20240302], "'20240230' in row 2 "),
     ([638396640000000000, 638397504000000000], "not times in a known unit"), ([10**25], "smaller whole numbers"),
     (["0000", "0100", "0200"], "a clock needs a date"), ([1.5, 2.5], "time_format"), ([np.inf, 1.0], "drop the row"),
     ([2020.1, 2020.2], "give dates instead"), ([2020.0, 2020.013], "give dates instead"),
     ([1.0, np.nan], "empty in row 2")],
)  # fmt: skip
def test_numbers_with_two_readings_or_none_are_refused(numbers, message):
    with pytest.raises(UserError, match=message):
        read(numbers, names=("ds",))


def test_one_reading_of_eight_digits():
    assert read([27092004]) == ["2004-09-27"]
    assert read([27092004, 28092004])[1] == "2004-09-28"
    assert read([20240131, 20240201]) == ["2024-01-31", "2024-02-01"]
    assert read([194912, 195001]) == ["1949-12-01", "1950-01-01"]


def test_parts_of_a_year_and_months_behind_a_point():
    months = pd.date_range("1949-01-01", periods=30, freq="MS").astype(str).tolist()
    assert read([round(1949 + month / 12, 3) for month in range(30)]) == months
    assert read(["2020.0", "2020.25", "2020.5"])[2] == "2020-07-01"
    assert read(["2020.01", "2020.02", "2020.12"])[2] == "2020-12-01"
    assert read(["2020.1", "2020.2", "2020.10"])[2] == "2020-10-01"
    assert read([2020.09, 2020.1, 2020.11])[1] == "2020-10-01"  # a spreadsheet lost the zero of 2020.10


@pytest.mark.parametrize(
    "numbers",
    [
        [*range(2201, 2213), *range(2301, 2313)],  # months
        [*range(2250, 2253), *range(2301, 2310)],  # weeks
        [*range(24360, 24367), *range(25001, 25005)],  # days of the year
        [*range(202201, 202214), *range(202301, 202314)],  # 13 periods
    ],
)
def test_parts_of_years_are_no_counts(numbers):
    with pytest.raises(UserError, match="give `time_format`"):
        read(numbers)


@pytest.mark.parametrize("form", ["{}-{}", "{}-0{}", "{}/{}"])
def test_numbers_that_may_be_quarters_are_refused(form):
    with pytest.raises(UserError, match="no number beside the years exceeds 4; write quarters as 2015-Q1"):
        read([form.format(year, part) for year in (2015, 2016) for part in range(1, 5)])
