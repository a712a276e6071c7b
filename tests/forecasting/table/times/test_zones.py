"""Offsets and zones behind a clock: the local clock is kept."""

import pandas as pd
import pytest

from segue.forecasting.table.times.read import looks_like_times
from tests.forecasting.table.times.conftest import next_times, read


@pytest.mark.parametrize(
    "zone", ["+00", "-05", "+0530", "+05:30", "Z", " Z", " UTC", " GMT+1", " UTC+01:00", " CET", " Europe/Berlin",
             "+01:00[Europe/Berlin]", " -0500 EST", " +0100 (Central European Time)", "\u221203:00"]
)  # fmt: skip
def test_offsets_are_dropped(zone):
    """Catches the offset of two digits that PostgreSQL writes, which raised a TypeError."""
    texts = [f"2024-01-01 {hour:02}:00:00{zone}" for hour in range(20)]
    assert read(texts)[5] == "2024-01-01 05:00:00"
    assert next_times(texts)[0] == "2024-01-01 20:00:00"
    assert read([f"1/31/2024 11:00 PM{zone}"]) == ["2024-01-31 23:00:00"]


@pytest.mark.parametrize(
    ("text", "time"),
    [("2024-01-01T10+02", "2024-01-01 10:00:00"), ("2024-01-01 12:00 AM +00:00", "2024-01-01"),
     ("Mon Jan 01 10:00:00 +0000 2024", "2024-01-01 10:00:00"), ("Mon Jan 1 10:00:00 CET 2024", "2024-01-01 10:00:00"),
     ("Mon Jan 01 2024 10:00:00 GMT+0100 (Central European Standard Time)", "2024-01-01 10:00:00"),
     ("01/Jan/2024:10:00:00 +0000", "2024-01-01 10:00:00"), ("2024-01-01Z", "2024-01-01"),
     ("2024-01-01+01:00", "2024-01-01"), ("20240101T100000Z", "2024-01-01 10:00:00")],
)  # fmt: skip
def test_other_forms_with_offsets(text, time):
    assert read([text]) == [time]


def test_each_row_keeps_its_clock():
    assert read(["2024-07-01T02:00:00Z", "2024-07-01T03:00:00+02:00"])[1] == "2024-07-01 03:00:00"
    moments = pd.Series(
        [pd.Timestamp("2024-01-01", tz="Europe/Berlin"), pd.Timestamp("2024-07-01", tz="UTC")], dtype=object
    )
    assert read(moments) == ["2024-01-01", "2024-07-01"]


def test_an_offset_in_another_column_is_no_trouble():
    column = pd.Series([f"2024-01-{day:02} 03:00:00.12+02" for day in range(1, 29)])
    assert looks_like_times(column)
