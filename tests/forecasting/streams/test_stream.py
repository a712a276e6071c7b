"""Streams of frames: a stream's forecast is that of one call over all rows, and every row is accounted for."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from segue import UserError, forecast
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.streams.stream import Stream
from segue.state import State
from tests.forecasting.conftest import Mean, day, days, feed, pieces, rows_of

MODEL = SeasonalNaive(season=3, context=64)


@settings(max_examples=60, deadline=None)
@given(
    freq=st.sampled_from(["D", "h", "15min", "W-MON", "B", "MS", "ME", "M", "QS", "3"]),
    cuts=st.lists(st.integers(0, 77), max_size=6),
    shuffle=st.none() | st.integers(0, 100),
    seed=st.integers(0, 20),
    saved=st.integers(0, 6),
)
def test_rows_in_any_pieces_and_order_forecast_as_one_call(tmp_path_factory, freq, cuts, shuffle, seed, saved):
    """Series begin at different times, rows and values are missing, and the memory is saved and loaded on the way."""
    rows = rows_of(freq, seed=seed)
    given_freq = 3 if freq == "3" else freq
    fed = rows.sample(frac=1, random_state=shuffle) if shuffle is not None else rows.sort_values(["ds", "unique_id"])
    for model in (MODEL, Mean(64)):
        stream = Stream(model, freq=given_freq, id_col="unique_id")  # a piece may hold each name once only
        memory = stream.start()
        for number, piece in enumerate(pieces(fed, cuts)):
            memory, _ = stream.update(memory, piece)
            if number == saved:
                path = tmp_path_factory.mktemp("state") / "memory"
                stream.save(memory, path)
                assert stream.load(path) == memory
                memory = stream.load(path)
        expected = forecast(rows, 14, model=model, freq=given_freq, quantiles=0.3)
        assert_frame_equal(stream.forecast(memory, 14, quantiles=0.3), expected, rtol=0, atol=1e-10)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(60, 100), max_size=6), seed=st.integers(0, 20))
def test_what_the_predictor_does_not_read_is_forgotten_and_not_missed(cuts, seed):
    rows = rows_of(seed=seed).sort_values(["ds", "unique_id"])
    model = Mean(context=16)
    memory, reports = feed(Stream(model), pieces(rows, [30, *cuts]))  # the frequency is inferred from the first rows
    assert_frame_equal(Stream(model).forecast(memory, 5), forecast(rows, 5, model=model), rtol=0, atol=1e-10)
    assert memory.steps == 16
    assert not any(report.late or report.repeated or report.too_old for report in reports)


def test_months_keep_the_anchor_that_all_rows_keep():
    """Two months end on their last working day; only the third shows that the last working day is meant."""
    for ends, anchor in (
        (["2025-01-31", "2025-02-28", "2025-03-31", "2025-05-30"], "business end"),
        (["2025-01-31", "2025-02-28", "2025-03-31", "2025-05-31"], "end"),
        (["2025-01-31", "2025-02-28", "2025-03-15", "2025-04-30"], "same"),
        (["2024-09-02", "2024-10-01", "2024-11-01", "2024-12-02"], "business start"),
    ):
        rows = pd.DataFrame({"ds": pd.to_datetime(ends), "y": [1.0, 2.0, 3.0, 4.0]})
        memory, _ = feed(Stream(MODEL, freq="M"), pieces(rows, [2, 3]))
        assert memory.frequency.anchor == anchor
        assert_frame_equal(Stream(MODEL).forecast(memory, 12), forecast(rows, 12, model=MODEL, freq="M"))


def test_times_off_the_grid_are_counted_from_the_first_row_as_in_a_table():
    times = pd.to_datetime(["2025-01-01 00:00", "2025-01-02 02:00", "2025-01-02 22:00", "2025-01-04 01:00"])
    rows = pd.DataFrame({"ds": times, "y": [1.0, 2.0, 3.0, 5.0]})
    memory, _ = feed(Stream(Mean(), freq="D"), pieces(rows, [1, 2, 3]))
    assert_frame_equal(Stream(Mean()).forecast(memory, 3), forecast(rows, 3, model=Mean(), freq="D"))


@pytest.mark.parametrize(("freq", "cuts"), [("D", [24]), ("W", [300, 310]), ("MS", [800]), ("2D", [50, 51, 99])])
def test_rows_within_steps_are_gathered_as_in_a_table(freq, cuts, tmp_path):
    """The first rows decide; each piece begins with a step of its own."""
    times = pd.date_range("2025-01-06 00:00", periods=24 * 70, freq="h")
    rows = pd.DataFrame({"ds": times, "y": np.arange(len(times)) % 24.0})
    stream = Stream(Mean(), freq=freq, duplicates="first")
    memory, _ = feed(stream, pieces(rows, cuts))
    assert memory.gathered
    stream.save(memory, tmp_path / "state")
    expected = forecast(rows, 3, model=Mean(), freq=freq, duplicates="first")
    assert stream.forecast(stream.load(tmp_path / "state"), 3)["ds"].tolist() == expected["ds"].tolist()


def test_a_memory_whose_lanes_are_all_left_out_takes_new_ones():
    """Catches a crash for want of a first time, of rows that are gathered, and in a forecast."""
    times = pd.date_range("2025-01-06", periods=24, freq="10min")
    rows = pd.DataFrame({"ds": times, "y": np.arange(24.0)})
    stream = Stream(Mean(), freq="h", duplicates="mean")
    memory, _ = stream.update(stream.start(), rows)
    nobody = memory.select(np.zeros(1, dtype=bool))
    assert stream.update(nobody, rows)[0] == memory
    with pytest.raises(UserError, match="memory without names and times: update it with rows first"):
        stream.forecast(nobody, 3)


def test_a_stream_counts_no_rows():
    with pytest.raises(UserError, match="^freq rows: a stream counts steps of time"):
        feed(Stream(Mean(), freq="rows"), [days(1, 2)])


def test_a_report_accounts_for_every_row():
    stream = Stream(Mean(context=8))
    memory, first = stream.update(stream.start(), days(10, 11, 12, 14))
    assert (first.new, first.added, first.skipped) == (("a",), {"a": 4}, {"a": 1})
    assert str(first) == "4 added in 1 series, 1 skipped in 1 series, 1 new series"
    arrived = [day(13, 13.0), day(12, 12.0), day(11, 99.0), day(6, 6.0), day(17, 17.0), days(20, name="b")]
    after, report = stream.update(memory, pd.concat(arrived))
    assert (report.new, report.added, report.late) == (("b",), {"a": 1, "b": 1}, {"a": 1})
    assert (report.repeated, report.differing) == ({"a": 2}, {"a": 1})
    assert (report.too_old, report.skipped) == ({"a": 1}, {"a": 2})
    assert str(report) == (
        "2 added in 2 series, 1 late in 1 series, 2 repeated in 1 series, 1 differing in 1 series, "
        "1 too old in 1 series, 2 skipped in 1 series, 1 new series"
    )
    values = np.where(after.state["observed"], after.state["values"], np.nan)
    np.testing.assert_array_equal(values[0], [10, 11, 12, 13, 14, np.nan, np.nan, 17])
    again, report = stream.update(after, pd.concat(arrived))
    assert again == after
    assert (report.added, report.late, report.repeated) == ({}, {}, {"a": 4, "b": 1})


def test_a_row_without_a_value_takes_its_step_and_can_be_filled_later():
    stream = Stream(Mean())
    memory, _ = stream.update(stream.start(), days(1, 2))
    memory, report = stream.update(memory, day(3, None))
    assert (report.added, report.skipped) == ({"a": 1}, {})
    same, report = stream.update(memory, pd.concat([day(3, None), day(2, None)]))
    assert same == memory
    assert (report.repeated, report.differing) == ({"a": 2}, {"a": 1})
    memory, report = stream.update(memory, day(3, 3.0))
    assert report.late == {"a": 1}
    expected = stream.update(stream.start(), days(1, 2, 3))[0]
    assert_frame_equal(stream.forecast(memory, 2), stream.forecast(expected, 2))


def test_neither_update_nor_forecast_changes_a_memory():
    stream = Stream(MODEL)
    memory, _ = stream.update(stream.start(), rows_of())
    copy = {name: array.copy() for name, array in memory.state.items()}
    stream.update(memory, days(400, 401, name="b"))
    stream.forecast(memory, 20)
    assert memory.state == State(copy)


@pytest.mark.parametrize("lanes", [np.array([2, 0]), np.array([True, False, True])])
def test_lanes_picked_out_go_on_by_themselves(lanes):
    rows = rows_of().sort_values("ds")
    stream = Stream(MODEL)
    memory, _ = stream.update(stream.start(), rows[:50])
    rest = rows[rows["unique_id"] != "b"]
    picked, report = stream.update(memory.select(lanes), rows[50:][rows[50:]["unique_id"] != "b"])
    assert report.new == ()
    assert_frame_equal(stream.forecast(picked, 5), forecast(rest, 5, model=MODEL), rtol=0, atol=1e-10)


def test_steps_with_several_rows_follow_duplicates():
    twice = pd.concat([days(1, 2), day(3, 4.0), day(3, 8.0)])
    with pytest.raises(UserError, match="occurs twice in series a; choose `duplicates`"):
        feed(Stream(MODEL), [twice])
    for duplicates, value in (("mean", 6.0), ("first", 4.0), ("last", 8.0)):
        memory, (report,) = feed(Stream(MODEL, duplicates=duplicates), [twice])
        assert memory.state["values"][0, -1] == value
        assert report.added == {"a": 3}


def test_one_row_a_series_is_read_as_the_rows_before():
    """A column in which every value is another would by itself be taken for a number of rows."""
    rows = rows_of(missing=0).rename(columns={"unique_id": "id", "ds": "date"})
    last = rows.groupby("id").tail(1)
    memory, reports = feed(Stream(MODEL), [rows.drop(last.index), last.assign(other=7.0)])
    assert reports[1].added == {"a": 1, "b": 1, "c": 1}
    assert_frame_equal(Stream(MODEL).forecast(memory, 3), forecast(rows, 3, model=MODEL))
    with pytest.raises(UserError, match="id_col id: no such column"):
        feed(Stream(MODEL), [last.drop(columns="id")], memory)


def test_a_column_that_may_name_series_or_number_rows_is_settled_by_the_user():
    once = pd.concat([day(1, 1.0, 1), day(2, 2.0, 2)])
    with pytest.raises(UserError, match="id_col unique_id: may name the series or number the rows; name it by id_col"):
        feed(Stream(MODEL, freq="D"), [once])
    memory, _ = feed(Stream(MODEL, freq="D", id_col="unique_id"), [once])
    assert memory.ids == (1, 2)
    memory, _ = feed(Stream(MODEL, freq="D"), [once.drop(columns="unique_id")])
    assert memory.ids == ("y",)
    with pytest.raises(UserError, match="id_col unique_id: earlier rows had no names of series"):
        feed(Stream(MODEL), [days(3, 4)], memory)


def test_the_step_is_given_or_inferred_from_rows_that_show_it():
    one_each = pd.concat([day(1, 1.0, "a"), day(1, 2.0, "b")])
    with pytest.raises(UserError, match="freq \\(not given\\): no series has two rows to infer it from"):
        feed(Stream(MODEL, id_col="unique_id"), [one_each])
    memory, _ = feed(Stream(MODEL, id_col="unique_id", freq="D"), [one_each, days(3)])
    assert memory.frequency.alias == "D"
    with pytest.raises(UserError, match="freq h: the memory has steps of D; give D"):
        feed(Stream(MODEL, freq="h"), [days(5)], memory)


def test_rows_that_do_not_fit_the_step_are_refused():
    memory, _ = feed(Stream(MODEL), [days(*range(10))])
    hours = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2025-02-01", periods=20, freq="h"), "y": 1.0})
    with pytest.raises(UserError, match="freq D: .* fall on one step"):
        feed(Stream(MODEL), [hours], memory)
    with pytest.raises(UserError, match="freq D: the rows of series b lie 7 steps of D apart"):
        feed(Stream(MODEL), [days(0, 7, 14, 21, name="b")], memory)
    with pytest.raises(UserError, match="freq D: the times are integers; give a whole number"):
        feed(Stream(MODEL), [days(11).assign(ds=[7])], memory)
    after, report = feed(Stream(MODEL), [days(12, 14, 16, 18)], memory)  # here most of the series is daily
    assert report[0].skipped == {"a": 5}
    assert_frame_equal(
        Stream(MODEL).forecast(after, 3), forecast(pd.concat([days(*range(10)), days(12, 14, 16, 18)]), 3, model=MODEL)
    )


def test_mistakes_are_named():
    stream = Stream(MODEL)
    with pytest.raises(UserError, match="memory without names and times: update it with rows first"):
        stream.forecast(stream.start(), 3)
    arrays = stream.update_arrays(stream.start(), [[1.0, 2.0]])
    with pytest.raises(UserError, match="memory of arrays: has no names and times; go on with update_arrays"):
        stream.update(arrays, days(1, 2))
    with pytest.raises(UserError, match="memory without names and times: go on with forecast_arrays"):
        stream.forecast(arrays, 3)
    memory, _ = stream.update(stream.start(), days(1, 2))
    with pytest.raises(UserError, match="horizon 0: give a whole number of at least 1"):
        stream.forecast(memory, 0)
    with pytest.raises(UserError, match="levels 99.0: give a percentage from 1 to 98"):
        stream.forecast(memory, 3, levels=99.0)
    with pytest.raises(UserError, match="time_col Mean: the output has another column of this name"):
        Stream(Mean()).forecast(feed(Stream(Mean()), [days(1, 2).rename(columns={"ds": "Mean"})])[0], 1)


def test_a_night_without_rows_changes_nothing():
    stream = Stream(MODEL)
    rows = days(5, 6, 7)
    memory, _ = stream.update(stream.start(), rows)
    again, report = stream.update(memory, rows[:0])
    assert again is memory
    assert str(report) == "0 added in 0 series"


def test_a_step_given_too_fine_is_refused_as_in_a_table():
    rows = days(*range(30))
    with pytest.raises(UserError, match="freq h: the rows of series a lie 24 steps of h apart"):
        Stream(MODEL, freq="h").update(Stream(MODEL).start(), rows)
    with pytest.raises(UserError, match="freq h: the rows of series a lie 24 steps of h apart"):
        forecast(rows, 3, model=MODEL, freq="h")
