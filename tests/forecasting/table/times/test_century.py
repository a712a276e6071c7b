"""Two-digit years: the century follows from the order of the rows and from today."""

import numpy as np
import pytest

from segue.errors import UserError
from tests.forecasting.table.times.conftest import next_times, read, written


@pytest.mark.parametrize(
    ("start", "periods", "freq", "form"),
    [("1965-01-01", 96, "MS", "%b-%y"), ("1949-01-01", 48, "MS", "%b-%y"), ("1960-01-01", 156, "MS", "%b-%y"),
     ("1970-01-01", 21, "YS", "%d-%b-%y"), ("2015-01-01", 60, "MS", "%b-%y"), ("1998-01-01", 60, "MS", "%b %y"),
     ("1968-02-01", 60, "D", "%d.%m.%y"), ("1950-01-01", 60, "YS", "%y-%b-%d"), ("1990-01-01", 400, "MS", "%d/%m/%y"),
     ("2024-03-01", 40, "D", "%y-%m-%d"), ("1965-01-01", 60, "D", "%m/%d/%y"), ("2026-01-01", 18, "MS", "%b-%y"),
     ("1999-11-28", 60, "D", "%y%m%d")],
)  # fmt: skip
def test_rows_in_order_decide_the_century(start, periods, freq, form):
    """Catches Jan-65 to Dec-72 split at 1969, so that 2065 to 2068 come last, and 1949 to 1952 in the future."""
    times, texts = written(start, periods, freq, form)
    assert read(texts) == times
    assert read(texts[::-1]) == times[::-1]
    assert read(texts * 3) == times * 3  # three series, one after another
    assert read(texts, form=form) == times


def test_the_forecast_goes_on_in_the_century_of_the_rows():
    _, texts = written("1965-01-01", 96, "MS", "%b-%y")
    assert next_times(texts) == ["1973-01-01", "1973-02-01"]


def test_a_century_that_the_rows_leave_open_is_refused():
    _, texts = written("1960-01-01", 700, "MS", "%b-%y")
    shuffled = np.random.default_rng(0).permutation(texts).tolist()
    for column in (["Jan-60", "Jan-15"], shuffled, written("2020-01-01", 120, "MS", "%b-%y")[1]):
        for form in (None, "%b-%y"):
            with pytest.raises(UserError, match=f"cannot read '{column[0]}' in row 1 .* write years with four digits"):
                read(column, form=form)


def test_two_digits_three_times_need_a_format():
    _, texts = written("2024-03-01", 20, "D", "%y-%m-%d")
    with pytest.raises(UserError, match="give `time_format`: '%d-%m-%y' or '%y-%m-%d' for 24-03-01"):
        read(texts)
    assert read(texts, form="%y-%m-%d")[19] == "2024-03-20"
