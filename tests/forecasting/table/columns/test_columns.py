"""The roles of columns: what is asked for instead of guessed, and what settles it."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from segue import forecast
from segue.errors import Notice, UserError
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

MODEL = "seasonal-naive:7"
DAYS = pd.date_range("2024-03-01", periods=14)
WAVE = [10 + day % 7 for day in range(14)]


def table(**columns):
    return pd.DataFrame({"date": DAYS, **columns})


def roles(frame, **options):
    return read_frame(frame, Layout(**options)).columns


@pytest.mark.parametrize(
    "amount",
    [
        [f"${1000 + 37 * (day % 7):,}" for day in range(14)],
        [f"{60 + day % 7}%" for day in range(14)],
        [f"{900 + 37 * (day % 7):,}".replace(",", ".") + " €" for day in range(14)],
        [f"{1.5 * day} kWh" for day in range(14)],
        ["n/a", *[f"({day}.50)" for day in range(13)]],
    ],
    ids=["dollars", "per cent", "euros", "units", "accounts"],
)
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_digits_in_text_are_candidates_for_the_target(amount, kind):
    frame = kind({"date": DAYS, "staff": [7] * 14, "amount": amount})
    with pytest.raises(
        UserError, match=r"^target_col \(not given\): could be staff, amount; name it with `target_col`"
    ):
        read_frame(frame, Layout())
    assert roles(frame, target_col="amount").targets == ("amount",)
    lone = kind({"date": DAYS, "amount": amount, "flag": [True, False] * 7})
    assert roles(lone).targets == ("amount",)


@pytest.mark.parametrize(
    "names",
    [
        ["temperature", "humidity"] * 7,
        ["north"] * 7 + ["south"] * 7,
        ["a"] * 12 + ["b", "c"],
        pd.Categorical(["x", "y"] * 7),
        ["7 north", "8 south"] * 7,
        ["north", None, "south", "north"] * 3 + ["a", "b"],
    ],
    ids=["in turn", "in blocks", "few", "categories", "with digits", "with gaps"],
)
def test_text_that_repeats_may_name_the_series(names):
    frame = table(shop=names, sales=WAVE)
    asked = r"^id_col \(not given\): could be shop; name it with `id_col`, or several "
    with pytest.raises(UserError, match=asked):
        read_frame(frame, Layout())
    for nobody in ("none", "", ()):
        assert roles(frame, id_col=nobody).ids == ()
    if not frame["shop"].isna().any():
        assert roles(frame, id_col="shop", freq="2D" if names[0] != names[1] else "D").ids == ("shop",)


@pytest.mark.parametrize(
    "words",
    [
        ["kept"] * 14,
        [f"row {day}" for day in range(14)],
        list(DAYS.day_name()),
        list(DAYS.strftime("%a")),
        ["true", "False"] * 7,
        [True, False] * 7,
        ["late", None, None, None, None, "late", "early", *[None] * 7],
        list(DAYS.strftime("%Y-%m-%d")),
        [[1]] * 14,
    ],
    ids=["constant", "distinct", "weekdays", "short weekdays", "words of truth", "truth", "remarks", "dates", "lists"],
)
def test_other_text_names_no_series(words):
    assert roles(table(words=words, sales=WAVE), time_col="date", target_col="sales").ids == ()


@pytest.mark.parametrize("name", ["weather", "Status", "day_of_week", "Bemerkung"])
def test_columns_of_remarks_name_no_series(name):
    assert roles(table(**{name: ["a", "b"] * 7}, sales=WAVE)).ids == ()


def test_numbers_that_the_column_calls_a_key_may_name_the_series():
    with pytest.raises(UserError, match=r"^id_col .*could be sensor_id; "):
        read_frame(table(sensor_id=[1, 2] * 7, value=WAVE), Layout())
    assert roles(table(level=[1, 2] * 7, value=WAVE)).ids == ()


def test_a_constant_id_hides_no_other():
    with pytest.raises(UserError, match=r"^id_col .*could be shop; "):
        read_frame(table(series="sales", shop=["a", "b"] * 7, y=WAVE), Layout())


def test_names_that_occur_once_are_series_of_one_row_and_numbers_of_rows_are_none():
    once = pd.DataFrame({"unique_id": ["a", "b", "c"], "ds": DAYS[:3], "y": [1.0, 2.0, 3.0]})
    result = forecast(once, 1, model=MODEL, freq="D")
    assert result["unique_id"].tolist() == ["a", "b", "c"]
    assert result["SeasonalNaive"].tolist() == [1, 2, 3]
    assert roles(once.assign(unique_id=[1, 2, 3])).ids == ()
    assert roles(once.assign(unique_id=["01", "02", "03"])).ids == ()
    assert roles(once.assign(unique_id=["01", "02", "03"]), id_col="unique_id", freq="D").ids == ("unique_id",)


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        ("all", ("sales_a", "sales_b", "cost")),
        ("sales_*", ("sales_a", "sales_b")),
        ("cost,sales_?", ("sales_a", "sales_b", "cost")),
        (["sales_[b-z]", "cost"], ("sales_b", "cost")),
        ("sales_b", ("sales_b",)),
    ],
)
def test_targets_by_pattern(given, targets):
    frame = table(id=["p", "q"] * 7, sales_a=WAVE, sales_b=[f"{value},5" for value in WAVE], sales_c="words", cost=1.5)
    frame["date"] = np.repeat(DAYS[:7], 2)
    found = roles(frame, target_col=given)
    assert found == roles(frame, target_col=list(targets))
    assert found.targets == targets
    assert found.ids == ("id",)


def test_patterns_that_match_nothing_and_names_with_brackets():
    with pytest.raises(UserError, match=r"^target_col q\*: no column of numbers matches; there are date, kW\[h\]$"):
        read_frame(pd.DataFrame({"date": DAYS, "kW[h]": WAVE}), Layout(target_col="q*"))
    assert roles(pd.DataFrame({"date": DAYS, "kW[h]": WAVE}), target_col="kW[h]").targets == ("kW[h]",)


def test_the_format_names_the_column_of_times():
    frame = pd.DataFrame({"code": ["0103"] * 14, "when": DAYS.strftime("%Y|%d|%m"), "y": WAVE})
    assert roles(frame, time_format="%Y|%d|%m").times == ("when",)


@pytest.mark.parametrize("name", ["a\0b", "\x1b[31mred", "a\nb", "\u202eab"])
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_names_that_a_terminal_would_obey_are_escaped(name, kind):
    frame = kind({"ds": DAYS, name: WAVE, "other": WAVE})
    with pytest.raises(UserError, match="could be") as caught:
        read_frame(frame, Layout())
    assert str(caught.value).isprintable()
    assert roles(frame, target_col=[name]).targets == (name,)


@pytest.mark.parametrize(
    ("frame", "hint"),
    [
        ({"day": ["2024-01-01"] * 3, "at": ["10:00", "11:00", "12:00"], "y": [1, 2, 3]}, "could be day or day,at;"),
        ({"day": ["2024-01-01"] * 3, "at": ["9:00 AM", "10:00 AM", "1:00 PM"], "y": [1, 2, 3]}, "day or day,at;"),
        ({"day": ["2024-01-01"] * 3, "hhmm": ["0900", "1000", "1100"], "y": [1, 2, 3]}, "could be day or day,hhmm;"),
    ],
)
def test_a_clock_beside_a_date_is_asked_for(frame, hint):
    with pytest.raises(UserError, match=hint):
        forecast(pd.DataFrame(frame), 2, model="seasonal-naive")


def test_years_with_quarters_or_weeks_are_times():
    quarters = pd.DataFrame({"year": [2023, 2023, 2024], "quarter": ["Q3", "Q4", "Q1"], "y": [1, 2, 3]})
    weeks = pd.DataFrame({"year": [2023, 2023, 2024], "week": [51, 52, 1], "y": [1, 2, 3]})
    for frame, time in ((quarters, "2024-04-01"), (weeks, "2024-01-08")):
        assert forecast(frame, 1, model="seasonal-naive")["ds"].tolist() == [pd.Timestamp(time)]


def test_names_that_differ_in_blanks_are_a_note():
    frame = pd.DataFrame({"unique_id": ["a", "a", "a ", "a "], "ds": [1, 2, 1, 2], "y": 1.0})
    with pytest.warns(Notice, match="series 'a' and 'a ' differ in blanks alone"):
        assert len(forecast(frame, 1, model="seasonal-naive")) == 2


def test_numbers_that_name_things_are_asked_for():
    frame = pd.DataFrame({"store": [1, 1, 2, 2], "ds": pd.date_range("2024-01-01", periods=4), "y": [5, 6, 50, 60]})
    with pytest.raises(UserError, match="could be store; name it with `id_col`"):
        forecast(frame, 1, model="seasonal-naive")


def test_min_is_no_minute_without_an_hour():
    frame = pd.DataFrame({"year": 2023, "month": [1, 2, 3], "min": [3, 4, 5], "y": [5, 6, 7]})
    result = forecast(frame, 1, target_col="y", model="seasonal-naive")
    assert result["ds"].tolist() == [pd.Timestamp("2023-04-01")]


def test_dates_in_digits_need_no_name_of_a_column():
    frame = pd.DataFrame({"MESS_DATUM": range(2024010100, 2024010112), "TT": 1.0})
    assert forecast(frame, 1, model="seasonal-naive")["MESS_DATUM"].tolist() == [pd.Timestamp("2024-01-01 12:00")]
