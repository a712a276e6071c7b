"""`time_format`: it is applied to text as it stands, and a format that is none is refused."""

import pandas as pd
import pytest

from segue.errors import UserError
from segue.forecasting.table.times.read import reads_with_format
from tests.forecasting.table.times.conftest import next_times, read


@pytest.mark.parametrize(
    ("texts", "form", "time"),
    [(["080101"], "%y%m%d", "2008-01-01"), ([80101], "%y%m%d", "2008-01-01"), (["03012017"], "%d%m%Y", "2017-01-03"),
     ([3012017], "%d%m%Y", "2017-01-03"), (["2020.10"], "%Y.%m", "2020-10-01"),
     (["1.2.2024"], "%d.%m.%Y", "2024-02-01"),
     (["01.02.2024"], "%-d.%-m.%Y", "2024-02-01"), (["2022-W05"], "%G-W%V", "2022-01-31"),
     (["2022-W05"], "%Y-W%V", "2022-01-31"), (["2022-W05"], "%Y-W%W", "2022-01-31"),
     (["2022-W05"], "%Y-W%U", "2022-01-30"),
     (["2022-W05-2"], "%G-W%V-%u", "2022-02-01"), (["2022-05-0"], "%Y-%W-%w", "2022-02-06"),
     (["Q3 2015"], "Q%q %Y", "2015-07-01"),
     (["1704067200"], "%s", "2024-01-01"), (["2024-060"], "%Y-%j", "2024-02-29"),
     (["Mon 01 Jan 2024"], "%a %d %b %Y", "2024-01-01"),
     (["2024-01-01 05:00:00+00"], "%Y-%m-%d %H:%M:%S%z", "2024-01-01 05:00:00"),
     (["2024-01-01 05:00 CET"], "%Y-%m-%d %H:%M %Z", "2024-01-01 05:00:00"),
     (["01/02/2024 12:30 AM"], "%d/%m/%Y %I:%M %p", "2024-02-01 00:30:00"),
     (["2024-01-01T24:00"], "%FT%R", "2024-01-02"),
     (["0987-01-01"], "%Y-%m-%d", "987-01-01"), (["a(b)2024"], "a(b)%Y", "2024-01-01"),
     (["%F 2024"], "%%F %Y", "2024-01-01")],
)  # fmt: skip
def test_formats(texts, form, time):
    assert read(texts, form=form) == [time]
    assert reads_with_format(pd.Series(texts), form)


@pytest.mark.parametrize(
    ("form", "fault"),
    [("%d.%m.%Y %", "a lone %"), ("%d.%m.%Y %i", "%i is not a directive"), ("%Y-%m-%d/%Y-%m-%d", "names %Y twice"),
     ("%d.%m.%Y %I:%M", "no %p"), ("%H:%M", "names no year"), ("", "names no year"), ("%d.%m.", "names no year")],
)  # fmt: skip
def test_formats_that_are_none_are_refused_in_one_line(form, fault):
    with pytest.raises(UserError, match=f"^time_format .*{fault}"):
        read(["01.01.2024"], form=form)
    with pytest.raises(UserError, match=f"^time_format .*{fault}"):
        reads_with_format(pd.Series(["01.01.2024"]), form)


@pytest.mark.parametrize(
    ("texts", "form"),
    [(["1012024", "01022024"], "%d%m%Y"), (["112024"], "%d%m%Y"), (["2021011"], "%Y%m%d"), (["2024-02-30"], "%Y-%m-%d"),
     (["2024-01-01", "1.2.2024"], "%Y-%m-%d"), (["2020.09", "2020.1"], "%Y.%m")],
)  # fmt: skip
def test_text_with_too_few_digits_never_shifts(texts, form):
    with pytest.raises(UserError, match="cannot read"):
        read(texts, form=form)


def test_clocks_without_a_mark_beside_a_date():
    days = ["2024-01-01"] * 3
    for clocks in (["0000", "0030", "1200"], [0, 30, 1200]):
        expected = ["2024-01-01 00:00:00", "2024-01-01 00:30:00", "2024-01-01 12:00:00"]
        assert read(days, clocks, form="%Y-%m-%d %H%M") == expected
        assert read(days, clocks) == expected
    hours = [f"{hour:02}00" for hour in range(1, 10)]
    following = next_times({"date": ["2024-01-01"] * 9, "hhmm": hours}, time_format="%Y-%m-%d %H%M")
    assert following == ["2024-01-01 10:00:00", "2024-01-01 11:00:00"]


def test_words_for_numbers():
    assert read(["45292.5"], form="excel") == ["2024-01-01 12:00:00"]
    assert read([20240101, 20240102], form="count") == ["20240101", "20240102"]
    for column, form in ((["x"], "count"), ([1.5], "count"), ([10**18], "epoch-s")):
        with pytest.raises(UserError, match=form):
            read(column, form=form)
    with pytest.raises(UserError, match=r"^time_format %Y\.%m: the numbers of time have lost their zeros"):
        read([2020.01, 2020.1], form="%Y.%m")
