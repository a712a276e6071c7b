"""Times as text: which forms are read, how days and months are told apart, and what is refused."""

import pandas as pd
import pytest

from segue.errors import Notice, UserError
from segue.forecasting.table.times.read import has_clock, looks_like_times
from tests.forecasting.table.times.conftest import next_times, read, reading, written


@pytest.mark.parametrize(
    ("text", "time"),
    [("2024-01-31", "2024-01-31"), ("2024/1/5", "2024-01-05"), ("2024. 1. 5.", "2024-01-05"),
     ("2024年1月5日", "2024-01-05"), ("2024:01:02 10:00:00", "2024-01-02 10:00:00"),
     ("31.1.2024 9.05", "2024-01-31 09:05:00"),
     ("31.01.2024 09.05.30", "2024-01-31 09:05:30"), ("1/31/24 9:05 pm", "2024-01-31 21:05:00"),
     ("12/31/1999 12:00:00 AM", "1999-12-31"), ("2024-01-31 24:00", "2024-02-01"),
     ("2024-01-31 09:05:30,125", "2024-01-31 09:05:30.125"), ("20240131T090530", "2024-01-31 09:05:30"),
     ("20240131 0905", "2024-01-31 09:05:00"), ("2024-01-31-09.05.30.000000", "2024-01-31 09:05:30"),
     ("31 Jan 2024 9h05", "2024-01-31 09:05:00"), ("1. Jan. 2024", "2024-01-01"), ("January 1st, 2024", "2024-01-01"),
     ("2024-Jan-31", "2024-01-31"), ("31JAN2024:09:05:00", "2024-01-31 09:05:00"), ("Wed 13/03/2024", "2024-03-13"),
     ("Mon Jan  1 09:05:00 2024", "2024-01-01 09:05:00"), ("Mon, 01 Jan 2024 09:05:00 +0000", "2024-01-01 09:05:00"),
     ("Jan 2024", "2024-01-01"), ("2024 February", "2024-02-01"), ("2.2024", "2024-02-01"), ("02/2024", "2024-02-01"),
     ("2024M02", "2024-02-01"), ("2024-M02", "2024-02-01"), ("2024-060", "2024-02-29"), ("02/95", "1995-02-01"),
     ("2024-W03", "2024-01-15"), ("2022W44", "2022-10-31"), ("2024-W03-2", "2024-01-16"), ("W03 2024", "2024-01-15"),
     ("2024 week 3", "2024-01-15"), ("KW 3/2024", "2024-01-15"), ("2020-W53", "2020-12-28"), ("Q3 2015", "2015-07-01"),
     ("2015 Q3", "2015-07-01"), ("2015-Q3", "2015-07-01"), ("3Q15", "2015-07-01"), ("Q3'15", "2015-07-01"),
     ("2015-H2", "2015-07-01"), ("1500-01-01", "1500-01-01"), ("2500-01-01 01:00", "2500-01-01 01:00:00")],
)  # fmt: skip
def test_forms_of_text(text, time):
    assert read([text]) == [time]
    assert looks_like_times(pd.Series([text])) is (text != "2.2024")  # a number by its looks


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("10:30", "a clock needs a date; name both columns with `time_col`"), ("Monday", "it holds no date"),
     ("Jan 31", "it may lack a year"), ("31 Jan", "it may lack a year"), ("31.12.", "it may lack a year"),
     ("Mrz 2024", "write months in English or as numbers"), ("4 de enero de 2024", "write months in English"),
     ("2024-02-30", "there is no such time"), ("2024-W53", "there is no such time"), ("Q5 2015", "name the format"),
     ("Tue 2024-01-01", "there is no such time"), ("2024-01-01 25:00", "there is no such time"),
     ("hello", "name the format"), ("0001-01-15", "no such time.*`time_format`"), ("inf", "drop the row")],
)  # fmt: skip
def test_text_that_is_no_time_is_refused_with_a_remedy(text, remedy):
    with pytest.raises(UserError, match=f"^time_col time: cannot read '{text}' in row 1 as a time; .*{remedy}"):
        read([text])


def test_a_column_has_one_form():
    assert read(["2024-01-01", "2024-01-01 00:05:00", "2024-01-01T00:10"])[2] == "2024-01-01 00:10:00"
    with pytest.raises(UserError, match=r"cannot read '3\.1\.2024' in row 3 .* others look like '2024-01-01'"):
        read(["2024-01-01", "2024-01-02", "3.1.2024"])
    with pytest.raises(UserError, match="row 1 holds 9999-12-31, which stands for no date; drop the row"):
        read(["9999-12-31", "2024-01-01"])


def test_days_and_months_are_distinguished_by_what_makes_sense_or_is_regular():
    assert read(["1/31/24", "2/1/24"]) == ["2024-01-31", "2024-02-01"]
    assert read(["31.1.2024", "1.2.2024"]) == ["2024-01-31", "2024-02-01"]
    assert read(["11/02/2024 23:00", "12/02/2024 0:00", "12/02/2024 1:00"])[1] == "2024-02-12 00:00:00"
    # months, first day; read the other way they would be twelve days a year, each year anew
    months, texts = written("2020-01-01", 30, "MS", "%d/%m/%Y")
    assert read(texts) == months
    with pytest.raises(UserError, match=r"ambiguous; give `time_format`: '%m/%d/%Y' or '%d/%m/%Y' for 01/02/2024"):
        read(["01/02/2024", "02/02/2024", "03/02/2024"])
    assert read(["01/02/2024", "02/02/2024"], form="%d/%m/%Y") == ["2024-02-01", "2024-02-02"]


def test_fiscal_years_are_no_months():
    """Catches 2000/01 to 2011/12 read as January 2001 to December 2012, a step of 13 months."""
    for form in ("{}/{:02}", "{}-{:02}", "FY {}/{:02}", "{}\u2013{:02}"):
        years = reading([form.format(year, (year + 1) % 100) for year in range(1995, 2012)])
        assert years.times.tolist() == list(range(1995, 2012))
        assert "are read as the year in which they begin" in years.notes[0]
    assert read([f"{year}/{year + 1}" for year in range(2000, 2004)]) == ["2000", "2001", "2002", "2003"]
    assert read(["FY98", "FY99", "FY00"]) == ["1998", "1999", "2000"]
    assert read(["2000/01", "2000/02", "2000/03"])[2] == "2000-03-01"
    with pytest.warns(Notice, match="the year in which they begin"):
        assert next_times([f"{year}/{(year + 1) % 100:02}" for year in range(2000, 2012)]) == ["2012", "2013"]


@pytest.mark.parametrize(
    "form", ["{:%Y-%m-%d}/{:%Y-%m-%d}", "{:%Y-%m-%d} - {:%Y-%m-%d}", "{:%d/%m/%Y} to {:%d/%m/%Y}",
             "[{:%Y-%m-%d}, {:%Y-%m-%d})", "{:%d.%m.%Y %H:%M} - {:%d.%m.%Y %H:%M}", "{:%b %d, %Y} \u2013 {:%b %d, %Y}"]
)  # fmt: skip
def test_ranges_are_read_as_their_beginning(form):
    weeks = pd.date_range("2023-01-02", periods=12, freq="7D")
    texts = [form.format(week, week + pd.Timedelta(days=6)) for week in weeks]
    assert read(texts) == weeks.astype(str).tolist()
    assert next_times(texts) == ["2023-03-27", "2023-04-03"]


def test_ranges_that_overlap_are_refused():
    with pytest.raises(UserError, match="cannot read '2023-01-02/2023-01-08' in row 1 .* overlaps the next one"):
        read(["2023-01-02/2023-01-08", "2023-01-05/2023-01-15"])


def test_months_of_spreadsheets_are_not_days_of_the_year_1():
    assert read(["Jan-15", "Feb-15", "Dec-19"]) == ["2015-01-01", "2015-02-01", "2019-12-01"]
    assert read(["Nov 98", "December 98"]) == ["1998-11-01", "1998-12-01"]
    for lost in (["15-Jan", "16-Jan"], ["Jan 29", "Jan 30"], ["Jan-30", "Jan-31"], ["Jan 15", "Feb 15"]):
        with pytest.raises(UserError, match=f"cannot read '{lost[0]}' in row 1 .* `time_format`"):
            read(lost)
    assert read(["15-Jan", "15-Feb"], form="%y-%b") == ["2015-01-01", "2015-02-01"]
    assert read(["65-Jan", "65-Feb"]) == ["1965-01-01", "1965-02-01"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["2024-01-01", "2024-01-02"], True), (["Jan 2024", "Feb 2024"], True), (["2024-01-01", None, "NA"], True),
     (["Jan-15", "Feb-15"], True), (["1/1/24"], True), (["03/04/2025", "03/05/2025"], True), (["H1", "H2"], False),
     (["NW", "SE"], False), (["may", "sat"], False), (["shop 2024", "shop 2025"], False), ([2024, 2025], False),
     (["2020.25", "1999.12"], False), (["1,234"], False), (["$1,037"], False), (["10:30"], False), (["12S2"], False),
     (["2024-01-01 03:00:00.12+02"], True), ([[1], [2]], False), ([{}], False), ([None], False), ([b"2024"], False),
     ([1 + 2j], False), ([True], False)],
)  # fmt: skip
def test_which_columns_look_like_times(values, expected):
    assert looks_like_times(pd.Series(values)) is expected


def test_clocks_are_seen_in_text_and_timestamps():
    assert has_clock(pd.Series(["2024-01-01 05:00"]))
    assert not has_clock(pd.Series(["2024-01-01"]))
    assert has_clock(pd.Series(pd.to_datetime(["2024-01-01 05:00"])))
    assert not has_clock(pd.Series(pd.to_datetime(["2024-01-01"])))
