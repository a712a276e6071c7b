"""Several rows on one step: gathered into the step that they lie in, or refused with what is to be done."""

import numpy as np
import pandas as pd
import pytest

from segue import forecast
from segue.errors import Notice, UserError
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame
from tests.cli.conftest import run


def read(times, values, **options):
    return read_frame(pd.DataFrame({"ds": times, "y": values}), Layout(**options))


def gathered(times, values, **options):
    panel = read(times, values, **options).panel
    return dict(zip(panel.times.astype("datetime64[s]").astype(str).tolist(), panel.values.tolist(), strict=True))


def week(times):
    """100 from Monday to Friday, 10 at the weekend."""
    return np.where(times.weekday < 5, 100.0, 10.0)


def test_hours_belong_to_their_day_and_the_forecast_begins_on_the_next():
    """Catches noon to midnight counted for the following day."""
    hours = pd.date_range("2024-03-04", periods=24 * 21, freq="h")
    frame = pd.DataFrame({"ds": hours, "y": week(hours)})
    ahead = forecast(frame, 7, model="seasonal-naive:7", freq="D", duplicates="mean")
    assert ahead["ds"].astype(str).tolist() == pd.date_range("2024-03-25", periods=7).astype(str).tolist()
    assert ahead["SeasonalNaive"].tolist() == [100] * 5 + [10] * 2


@pytest.mark.parametrize(
    ("own", "begin", "freq", "expected"),
    [
        ("15min", "2024-01-01 00:00", "h", {"2024-01-01T00:00:00": 4, "2024-01-01T01:00:00": 4}),
        ("15min", "2024-01-01 00:30", "h", {"2024-01-01T00:00:00": 2, "2024-01-01T01:00:00": 4}),
        ("D", "2024-01-01", "W", {"2024-01-01T00:00:00": 7, "2024-01-08T00:00:00": 7}),
        ("D", "2024-01-03", "W", {"2024-01-01T00:00:00": 5, "2024-01-08T00:00:00": 7}),
        ("D", "2024-01-03", "W-SUN", {"2023-12-31T00:00:00": 4, "2024-01-07T00:00:00": 7}),
        ("D", "2024-01-31", "MS", {"2024-01-01T00:00:00": 1, "2024-02-01T00:00:00": 29}),
        ("D", "2024-01-31", "ME", {"2024-01-31T00:00:00": 1, "2024-02-29T00:00:00": 29}),
        ("MS", "2023-12-01", "QS", {"2023-10-01T00:00:00": 1, "2024-01-01T00:00:00": 3}),
        ("MS", "2023-12-01", "QS-FEB", {"2023-11-01T00:00:00": 2, "2024-02-01T00:00:00": 3}),
        ("MS", "2023-12-01", "YE-JUN", {"2024-06-30T00:00:00": 7, "2025-06-30T00:00:00": 12}),
        ("12h", "2024-01-04 12:00", "Mon,Thu", {"2024-01-04T00:00:00": 7, "2024-01-08T00:00:00": 6}),
        ("D", "2024-01-10", "1,15", {"2024-01-01T00:00:00": 5, "2024-01-15T00:00:00": 17}),
    ],
)
def test_steps_are_those_of_the_calendar(own, begin, freq, expected):
    times = pd.date_range(begin, periods=80, freq=own)
    found = gathered(times, np.ones(80), freq=freq, duplicates="sum")
    assert dict(list(found.items())[:2]) == expected
    assert sum(found.values()) == 80


def test_partial_steps_are_named():
    hours = pd.date_range("2024-03-04 12:00", periods=24 * 5, freq="h")
    with pytest.warns(Notice) as caught:
        forecast(pd.DataFrame({"ds": hours, "y": 1.0}), 2, model="seasonal-naive:1", freq="D", duplicates="sum")
    assert [str(each.message) for each in caught] == [
        "the first step, 2024-03-04, has 12 of about 24 rows",
        "the last step, 2024-03-09, has 12 of about 24 rows",
    ]
    assert read(hours[12:-12], np.ones(96), freq="D", duplicates="sum").notes == ()


def test_jitter_of_seconds_goes_to_the_nearest_step():
    times = pd.to_datetime(["2024-01-01 00:00:00", "2024-01-01 00:59:57", "2024-01-01 02:00:02", "2024-01-01 02:59:59"])
    for options in ({}, {"freq": "h"}, {"freq": "h", "duplicates": "mean"}):
        assert read(times, np.arange(4.0), **options).panel.steps.tolist() == [0, 1, 2, 3]


def test_a_clock_of_its_own_is_kept_where_days_are_whole():
    times = pd.to_datetime(["2024-01-01 06:00", "2024-01-02 06:00", "2024-01-02 06:00", "2024-01-03 06:00"])
    panel = read(times, [1.0, 2.0, 4.0, 5.0], freq="D", duplicates="sum").panel
    assert panel.values.tolist() == [1, 6, 5]
    assert panel.future(1).astype(str).tolist() == [["2024-01-04T06:00:00.000000"]]


def test_the_message_counts_steps_and_series_and_names_both_remedies():
    twice = pd.DataFrame({"ds": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-02"]), "y": 1.0})
    with pytest.raises(UserError, match=r"occurs twice in series y \(2 times have several rows\); choose `duplicates`"):
        read_frame(twice, Layout())
    both = pd.concat([twice.assign(id="a"), twice.assign(id="b")])
    with pytest.raises(UserError, match=r"series a \(4 times have several rows, in 2 series\); .* `id_col`$"):
        read_frame(both, Layout())
    hours = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=48, freq="h"), "y": 1.0})
    with pytest.raises(UserError, match=r"^freq D: 2024-01-01 and 2024-01-01 01:00:00 .* \(2 steps .*id_col"):
        read_frame(hours, Layout(freq="D"))


def test_sums_of_missing_values_are_missing():
    panel = read([1, 1, 2, 2, 3], [np.nan, 2.0, np.nan, np.nan, 3.0], duplicates="sum").panel
    np.testing.assert_array_equal(panel.values, [2, np.nan, 3])


def test_the_command_gathers(tmp_path):
    times = pd.date_range("2024-01-01", periods=96, freq="15min")
    pd.DataFrame({"when": times, "kWh": 0.25}).to_csv(tmp_path / "in.csv", index=False)
    run(tmp_path / "in.csv", "--freq", "h", "--duplicates", "sum", "--horizon", 2, "--model", "seasonal-naive:1",
        "--output", tmp_path / "out.csv")  # fmt: skip
    ahead = pd.read_csv(tmp_path / "out.csv")
    assert ahead["when"].tolist() == ["2024-01-02 00:00:00", "2024-01-02 01:00:00"]
    assert ahead["SeasonalNaive"].tolist() == [1, 1]
