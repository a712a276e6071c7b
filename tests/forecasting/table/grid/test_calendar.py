"""Times and frequencies: what is inferred from the data, what a name means, and which times come next."""

import numpy as np
import pandas as pd
import pytest

from segue.errors import UserError
from segue.forecasting.table.grid.calendar import infer_frequency
from segue.forecasting.table.grid.names import frequency_of


def stamps(times):
    return np.asarray(times, dtype="datetime64[us]")


def inferred(times):
    times = stamps(times) if np.asarray(times).dtype.kind != "i" else np.asarray(times)
    return infer_frequency(times, np.stack([times[:-1], times[1:]], axis=1))


def after(frequency, times, horizon):
    return frequency.after(times, np.array([0, len(times)]), horizon)[0]


@pytest.mark.parametrize(
    ("alias", "season"),
    [("5min", 288), ("15min", 96), ("h", 24), ("D", 7), ("B", 5), ("W", 52), ("MS", 12), ("ME", 12), ("BMS", 12),
     ("BME", 12), ("QS", 4), ("QE", 4), ("YS", 1), ("YE", 1), ("6h", 4), ("4W", 1), ("10s", 360), ("2MS", 6)],
)  # fmt: skip
def test_frequency_survives_gaps_and_goes_on_as_pandas_does(alias, season):
    # a third of the rows is missing, yet most steps are still single ones
    whole = pd.date_range("2019-03-01", periods=63, freq=alias)
    kept = np.delete(whole.to_numpy(), np.arange(5, 57, 5))
    frequency = inferred(kept)
    assert (frequency.alias, round(frequency.seasons[0]) if frequency.seasons else 1) == (alias, season)
    expected = pd.date_range(whole[-1], periods=5, freq=whole.freq)[1:].to_numpy().astype("datetime64[us]")
    np.testing.assert_array_equal(after(frequency, stamps(kept), 4), expected)
    steps = frequency.steps(np.repeat(stamps(kept[:1]), len(kept)), stamps(kept))
    np.testing.assert_array_equal(steps, np.delete(np.arange(63), np.arange(5, 57, 5)))


@pytest.mark.parametrize(
    ("alias", "seasons"),
    [("10s", (360, 8640)), ("min", (1440, 10080)), ("15min", (96, 672)), ("h", (24, 168, 8766)), ("6h", (4, 28, 1461)),
     ("D", (7, 365.25)), ("B", (5, 260.89)), ("W", (52.18,)), ("MS", (12,)), ("2ME", (6,)), ("QS", (4,)), ("YS", ()),
     ("2D", ()), ("7min", ()), ("4W", ()), ("SMS", (24,))],
)  # fmt: skip
def test_seasons_are_those_of_the_calendar_and_the_customary_one_comes_first(alias, seasons):
    """Hours: a day, a week, a year of 365.25 days. What does not divide the customary season has none."""
    frequency = frequency_of(alias, stamps(["2024-01-01", "2024-01-08"]))
    assert frequency.seasons == pytest.approx(seasons, abs=5e-3)


def test_integers_have_no_season():
    assert frequency_of(24, np.array([0, 24])).seasons == ()


def test_short_series_of_months_are_not_taken_for_days():
    assert inferred(["2023-02-01", "2023-03-01"]).alias == "MS"
    assert inferred(["2024-01-31", "2024-02-29"]).alias == "ME"
    assert inferred(["2024-01-20", "2024-02-17"]).alias == "4W"
    with pytest.raises(
        UserError, match="^freq \\(not given\\): no series has two rows to infer it from; give the step"
    ):
        inferred(["2024-01-01"])


def test_months_keep_the_latest_day_where_it_exists():
    times = stamps(["2023-11-30T06:00", "2023-12-30T06:00", "2024-01-30T06:00"])
    assert after(inferred(times), times, 2).astype(str).tolist() == [
        "2024-02-29T06:00:00.000000", "2024-03-30T06:00:00.000000",
    ]  # fmt: skip
    # a short month at the end, or at the beginning, does not shorten those that follow
    late = stamps(["2024-02-29", "2024-03-30", "2024-04-30", "2025-01-30", "2025-02-28"])
    assert after(inferred(late), late, 2).astype("datetime64[D]").astype(str).tolist() == ["2025-03-30", "2025-04-30"]


def test_rows_without_a_common_step_are_refused():
    """Catches a step that two of a hundred gaps happen to share."""
    with pytest.raises(
        UserError, match=r"^freq \(not given\): the rows have no common step \(the most common, 5min, has 25% of"
    ):
        inferred(["2024-01-01T00:00", "2024-01-01T00:05", "2024-01-01T00:17", "2024-01-01T01:40", "2024-01-02T09:00"])
    with pytest.raises(UserError, match="give a whole number, or `freq` rows to number the rows$"):
        inferred([0, 1, 3, 7])
    assert inferred([0, 1, 3]).alias == "1"


def test_business_days_are_guessed_only_where_a_weekend_is_skipped():
    assert inferred(["2025-01-06", "2025-01-07", "2025-01-09", "2025-01-10"]).alias == "D"
    assert inferred(["2025-01-08", "2025-01-09", "2025-01-10", "2025-01-13"]).alias == "B"
    assert inferred(["2025-01-10", "2025-01-13", "2025-01-14", "2025-01-15", "2025-01-18", "2025-01-19"]).alias == "D"


def test_times_off_the_grid_do_not_shift_the_future():
    times = stamps(["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:07"])
    assert after(frequency_of("h", times), times, 1).astype(str).tolist() == ["2024-01-01T03:00:00.000000"]
    saturday = stamps(["2025-01-09", "2025-01-11"])
    assert after(frequency_of("B", saturday), saturday, 1).astype("datetime64[D]").astype(str) == ["2025-01-13"]


@pytest.mark.parametrize(
    ("old", "new"), [("H", "h"), ("T", "min"), ("15T", "15min"), ("S", "s"), ("L", "ms"), ("d", "D"), ("W-SUN", "W")]
)
def test_old_names_of_fixed_steps_mean_the_new_ones(old, new):
    times = stamps(["2024-01-01", "2024-01-08"])
    assert frequency_of(old, times) == frequency_of(new, times)
    assert frequency_of(old, times).alias == new


@pytest.mark.parametrize(
    "names", [("M", "ME", "MS", "BM"), ("Q", "QE", "QS-OCT", "QE-DEC"), ("A", "Y", "YE", "AS-JAN")]
)
def test_names_of_months_take_the_day_from_the_data(names):
    starts, ends = stamps(["2024-01-01", "2024-04-01"]), stamps(["2024-01-31", "2024-04-30"])
    for times, anchor in ((starts, "start"), (ends, "end")):
        assert {frequency_of(name, times).anchor for name in names} == {anchor}
        assert len({frequency_of(name, times) for name in names}) == 1


def test_composed_and_other_frequencies_of_pandas():
    times = stamps(["2024-01-01T09:00"])
    assert frequency_of("1h30min", times).alias == "90min"
    month_half = frequency_of("SMS", times)
    assert after(month_half, stamps(["2024-01-15"]), 2).astype(str).tolist() == [
        "2024-02-01T00:00:00.000000", "2024-02-15T00:00:00.000000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "alias", ["fortnight", "", "0D", "-1h", "5", "x y", "W-SNU", "QS-FBE", "h-FOO", "MS-FEB", "1500ns", "100ns"]
)
def test_unknown_frequencies_are_refused(alias):
    with pytest.raises(UserError, match="^freq "):
        frequency_of(alias, stamps(["2024-01-01"]))


def test_frequency_of_integers_is_an_integer():
    assert after(frequency_of("3", np.array([1, 4])), np.array([1, 4]), 2).tolist() == [7, 10]
    with pytest.raises(UserError, match="^freq D: the times are integers; give a whole number"):
        frequency_of("D", np.array([1, 4]))
