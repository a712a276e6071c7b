"""What no grid can hold, series that do not fit a table, and series that end early."""

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from segue.errors import UserError
from segue.forecasting.table.grid.names import frequency_of
from segue.forecasting.table.grid.panel import make_panel
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame


def panel_of(series, **options):
    """A panel of the times of each series, its notes and what was skipped."""
    codes = np.repeat(np.arange(len(series)), [len(times) for times in series.values()])
    times = np.concatenate([np.asarray(times, dtype="datetime64[us]") for times in series.values()])
    ids = nw.new_series("unique_id", list(series), nw.String, backend="pandas")
    return make_panel(ids, codes, times, np.arange(float(len(times))), Layout(**options))


@pytest.mark.parametrize(
    "freq",
    ["1" * 20, "1" * 20 + "D", "0D", "-1D", "1e9D", "9" * 18 + "D", "9" * 18 + "MS", "99999999999h", "ns", "0.1us",
     "nan", "NaT", "D\0", "²D", "1,1", "0,15", "1,32", "Mon,Foo", "Mon-", ",", "-", "REQ", "FY5253", "bh", "cbh",
     "2SMX", "D D"],
)  # fmt: skip
def test_any_text_of_a_frequency_is_read_or_refused_in_a_line(freq):
    with pytest.raises(UserError, match="^freq ") as caught:
        frequency_of(freq, np.array(["2024-01-01"], dtype="datetime64[us]"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("freq", ["us", "ms", "s", "min", "WOM-3FRI", "LWOM-FRI", "2B", "5000YS", "9999W"])
def test_times_of_centuries_are_refused_or_read(freq):
    """Catches grids of billions of steps, and times beyond what pandas holds in nanoseconds."""
    frame = pd.DataFrame({"ds": np.array(["1600-01-01", "9990-01-01"], dtype="datetime64[us]"), "y": [1.0, 2.0]})
    with pytest.raises(UserError):
        read_frame(frame, Layout(freq=freq)).panel.future(12)


def test_forecasts_beyond_nanoseconds_are_in_microseconds():
    frame = pd.DataFrame({"ds": pd.to_datetime(["2260-01-01", "2261-01-01", "2262-01-01"]), "y": 1.0})
    assert str(read_frame(frame, Layout()).future(2, {"m": np.zeros((1, 2))})["ds"].iloc[-1])[:4] == "2264"


def test_integers_at_the_ends_of_64_bits():
    ids, codes = nw.new_series("unique_id", ["a"], nw.String, backend="pandas"), np.zeros(2, dtype=np.int64)
    with pytest.raises(UserError, match="too wide a range"):
        make_panel(ids, codes, np.array([-(2**63), 2**63 - 1]), np.ones(2), Layout())
    with pytest.raises(UserError, match="^horizon 3: .*64 bits"):
        make_panel(ids, codes, np.array([2**63 - 3, 2**63 - 2]), np.ones(2), Layout())[0].future(3)


def test_an_outlier_in_time_makes_no_grid_of_billions():
    with pytest.raises(UserError, match="^freq s: series a has 4 rows on 6,311,433,601 steps"):
        panel_of({"a": ["1900-01-01T00:00:00", "1900-01-01T00:00:01", "1900-01-01T00:00:02", "2100-01-01"]})


def test_the_step_of_single_rows_has_to_be_given():
    with pytest.raises(UserError, match=r"^freq \(not given\): no series has two rows to infer it from"):
        panel_of({"a": ["2024-01-01"], "b": ["2024-01-01"]})
    panel, _, _ = panel_of({"a": ["2024-01-01"], "b": ["2024-01-02"]}, freq="D")
    assert panel.future(1).astype("datetime64[D]").astype(str).tolist() == [["2024-01-02"], ["2024-01-03"]]


DAYS = pd.date_range("2024-01-01", periods=30).to_numpy()


def test_series_that_do_not_fit_are_left_out_with_their_reason():
    good = {f"s{index:02}": DAYS for index in range(30)}
    bad = {
        "twice": np.append(DAYS, DAYS[3]),
        "weekly": DAYS[::7],
        "events": DAYS[0] + np.arange(0, 900, 37) ** 2 * 10**9,
    }
    for name, times in bad.items():
        with pytest.raises(UserError, match=name):
            panel_of({**good, name: times})
    panel, _, skipped = panel_of({**good, **bad}, skip_bad=True)
    assert panel.ids.to_list() == list(good)
    assert sorted(skipped) == [30, 31, 32]
    assert "share a step" in skipped[30]
    assert skipped[31] == "its rows lie 7 steps of D apart"
    assert (panel.frequency.alias, panel.starts[-1]) == ("D", 900)


def test_the_step_of_most_series_counts_where_all_together_have_none():
    rng = np.random.default_rng(0)
    good = {f"s{index}": DAYS for index in range(4)}
    bad = {name: DAYS[0] + np.sort(rng.integers(0, 10**9, 90)) * 2_000_000 for name in ("x", "z")}
    with pytest.raises(UserError, match="no common step"):
        panel_of({**good, **bad})
    panel, _, skipped = panel_of({**good, **bad}, skip_bad=True)
    assert panel.ids.to_list() == list(good)
    assert {index: "no common step" in reason for index, reason in skipped.items()} == {4: True, 5: True}


def test_series_that_end_early_are_named():
    _, notes, _ = panel_of({"a": DAYS, "b": DAYS[:20], "c": DAYS[:29]})
    assert notes == (
        "1 of 3 series ends before 2024-01-30, the last time of the table: b; "
        "its forecast begins after its own last row",
    )
    assert panel_of({"a": DAYS, "b": DAYS})[1] == ()


def test_a_year_typed_wrongly_is_a_note_on_the_gap_before_it():
    frame = pd.DataFrame({"ds": [*pd.date_range("2024-01-01", periods=9), pd.Timestamp("2042-01-10")], "y": 1.0})
    (note,) = read_frame(frame, Layout()).notes
    assert note.startswith("series y has no row for 6,575 steps between 2024-01-09 and 2042-01-10; one of these times ")
    assert read_frame(frame.iloc[[0, 1, 2, 8]], Layout()).notes == ()
