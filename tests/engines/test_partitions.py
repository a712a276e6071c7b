"""The callable that engines map over parts: parts = whole, to the bit, in other processes as well."""

import multiprocessing
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pandas.testing import assert_frame_equal

import segue
from segue import UserError
from segue.engines import backtest_partitions, forecast_partitions
from segue.engines.workers import predictor_of
from tests.engines.conftest import COLUMNS, FREQ, HORIZON, MODEL, assert_same_rows, table, whole, work


def parts(frame, count):
    """The rows of a frame in parts of whole series."""
    return [part for _, part in frame.groupby(frame["shop"] % count)]


def gathered(frames):
    return pd.concat(list(frames), ignore_index=True)


def in_process(given):
    """Runs in another process: what it is given was pickled."""
    own, part = given
    return gathered(own(iter([part]))), predictor_of(MODEL, own.threads).threads


def test_parts_in_other_processes_equal_the_whole(frame, expected):
    """The claim of all engines. Catches a seed, a scale or a batch that a forecast shares with others."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results = pool.map(in_process, [(work(threads=1), part) for part in parts(frame, 4)])
    assert_same_rows(gathered(result for result, _ in results), expected)
    assert {threads for _, threads in results} == {1}


@pytest.mark.parametrize("rows", [1, 7, 333, 10_000])
def test_a_series_may_go_on_in_the_next_frame(frame, expected, rows, monkeypatch):
    """Batches of an engine end anywhere; catches two forecasts of one series, or one that lacks rows."""
    monkeypatch.setattr("segue.engines.whole._ROWS", 50)
    cut = [frame.iloc[first : first + rows] for first in range(0, len(frame), rows)]
    assert_frame_equal(gathered(work()(iter(cut[:400]))), whole(pd.concat(cut[:400])))
    assert_same_rows(gathered(work()(iter([frame]))), expected)


def test_a_series_that_comes_back_is_refused(frame, monkeypatch):
    """A series whose rows lie apart would get two forecasts."""
    monkeypatch.setattr("segue.engines.whole._ROWS", 10)
    first = ~frame["shop"].duplicated()
    apart = [frame[first], frame[~first]]
    with pytest.raises(
        UserError, match=r"^id_col shop: the rows of series \d+ lie apart; sort by series, or partition"
    ):
        gathered(work()(iter(apart)))


def test_types_of_names_and_times_stay():
    """Catches ids that come back as text or floats, nanoseconds, and categories that differ from part to part."""
    given = table(6)
    for name in ("int64", "uint64", "string", "category", "object", "Int64"):
        for unit in ("s", "ms", "us", "ns"):
            typed = given.astype({"shop": name, "at": f"datetime64[{unit}]"})
            result = work().of(typed)
            assert result.dtypes["shop"] == typed.dtypes["shop"]
            assert result.dtypes["at"] == typed.dtypes["at"]
            assert_frame_equal(result.iloc[:0], work().empty(typed))
    zoned = given.assign(at=given["at"].dt.tz_localize("UTC"))
    assert_frame_equal(work().of(zoned), work().of(given))
    dates = pl.DataFrame({"shop": ["a"] * 9, "at": pd.date_range("2024-01-01", periods=9), "sold": range(9)})
    dates = dates.with_columns(pl.col("at").cast(pl.Date))
    daily = forecast_partitions(3, freq="D", model=MODEL, **COLUMNS)
    assert daily.of(dates).schema == daily.empty(dates).schema
    assert daily.of(dates).equals(segue.forecast(dates, 3, freq="D", model=MODEL, **COLUMNS))
    with pytest.raises(UserError, match="^time_col at: Date cannot hold the times ahead"):
        forecast_partitions(3, freq="h", model=MODEL, **COLUMNS).of(dates.head(1))


def test_parts_without_rows_and_without_values(frame):
    """An engine has partitions without rows, and their results have columns and types."""
    empty = frame.iloc[:0]
    assert list(work()(iter([]))) == []
    (result,) = work()(iter([empty, empty]))
    assert_frame_equal(result, whole(frame).iloc[:0])
    blank = frame.head(3).assign(at=pd.NaT, sold=np.nan).astype(frame.dtypes)
    assert_frame_equal(work().of(blank), result)
    nothing = frame[frame["shop"] == frame["shop"].iloc[0]].assign(sold=np.nan)
    assert_frame_equal(work().of(nothing), whole(nothing))
    assert work().of(nothing).iloc[:, 2:].isna().all(axis=None)


def test_what_one_part_shows_changes_no_series():
    """All series of a part may end without values, and may be short, or show another step, season or day of months."""
    given = table(30)
    ends = given.groupby("shop")["at"].transform("max") == given["at"]
    given.loc[ends & (given["shop"] % 2 == 0), "sold"] = np.nan
    assert_same_rows(gathered(gathered(work()([part])) for part in parts(given, 2)), whole(given))
    month_ends = pd.to_datetime(["2024-05-31", "2024-07-31", "2024-02-29", "2024-03-31"])  # two are business days
    monthly = pd.DataFrame({"shop": [0, 0, 1, 1], "at": month_ends, "sold": 1.0})
    own = forecast_partitions(3, freq="ME", model=MODEL, **COLUMNS)
    expected = segue.forecast(monthly, 3, freq="ME", model=MODEL, **COLUMNS)
    assert_same_rows(gathered(gathered(own([part])) for part in parts(monthly, 2)), expected)
    counted = given.assign(at=given.groupby("shop").cumcount())
    options = {"freq": 1, "season": 24, "model": MODEL, **COLUMNS}
    results = (gathered(forecast_partitions(5, **options)([part])) for part in parts(counted, 3))
    assert_same_rows(gathered(results), segue.forecast(counted, 5, **options))


def test_several_columns_may_name_a_series(frame):
    named = frame.assign(region=(frame["shop"] % 2).map({0: "north", 1: "south"}), shop=frame["shop"] // 2)
    options = {**COLUMNS, "id_col": ["region", "shop"], "freq": FREQ, "model": MODEL}
    results = gathered(gathered(forecast_partitions(4, **options)([part])) for part in parts(named, 3))
    keys = ["region", "shop", "at"]
    expected = segue.forecast(named, 4, **options).sort_values(keys, ignore_index=True)
    assert_frame_equal(results.sort_values(keys, ignore_index=True), expected, check_exact=True)


def test_a_backtest_of_parts_equals_that_of_the_whole(frame):
    """A part whose series are all too short has no rows, of the same types. Baselines are no exported model, and sum
    in the order of a batch, so they equal within rounding only."""
    options = {"models": (MODEL, "seasonal-naive:24"), "freq": FREQ, **COLUMNS}
    expected = segue.backtest(frame, HORIZON, 3, **options).forecasts
    own = pickle.loads(pickle.dumps(backtest_partitions(HORIZON, 3, **options)))
    found = gathered(gathered(own([part])) for part in parts(frame, 5))
    keys = ["shop", "cutoff", "at"]
    expected = expected.sort_values(keys, ignore_index=True)
    found = found.sort_values(keys, ignore_index=True)
    exact = [name for name in expected if not name.startswith("Seasonal")]
    assert_frame_equal(found[exact], expected[exact], check_exact=True)
    assert_frame_equal(found, expected, rtol=1e-12)
    (short,) = own(iter([frame.head(2)]))
    assert_frame_equal(short, expected.iloc[:0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"freq": "rows"}, "freq rows: give the step"),
        ({"freq": "M"}, "freq M: name the day, such as MS or ME"),
        ({"freq": "nonsense"}, "freq nonsense: no such frequency"),
        ({"freq": 1}, r"season \(not given\): give the steps of a season, 1 for none"),
        ({"threads": 0}, "threads 0: give a whole number of at least 1"),
        ({"id_col": ()}, r"id_col \(none\): name the column of series"),
        ({"id_col": "at"}, "id_col at,at,sold: a column has two roles"),
        ({"levels": 99}, "levels 99: give a percentage"),
        ({"target_col": "price"}, "target_col price: no such column; there are shop, at, sold"),
        ({"id_col": "NanoTST-small", "time_col": "at"}, "id_col NanoTST-small: the output has another column"),
    ],
)
def test_what_parts_cannot_show_is_refused(frame, options, message):
    with pytest.raises(UserError, match=f"^{message}"):
        forecast_partitions(3, **{"freq": FREQ, "model": MODEL, **COLUMNS, **options}).of(frame)


def test_readings_that_depend_on_other_rows_are_refused(frame):
    """Text, times off the grid, and naive forecasts of the seasons that a whole table has."""
    text = frame.assign(at=frame["at"].astype(str))
    with pytest.raises(UserError, match="^time_col at: is .*; cast it to timestamps"):
        work().of(text)
    with pytest.raises(UserError, match="^target_col sold: is .*; cast it to a number"):
        work().of(frame.assign(sold=frame["sold"].astype(str)))
    with pytest.raises(UserError, match="^freq D: times of at lie off this grid"):
        forecast_partitions(3, freq="D", model=MODEL, **COLUMNS).of(frame)
    with pytest.raises(UserError, match="^freq MS: times of at are not all at the start of a month"):
        forecast_partitions(3, freq="MS", model=MODEL, **COLUMNS).of(
            frame.head(1).assign(at=pd.Timestamp("2024-01-09"))
        )
    with pytest.raises(UserError, match="^models naive: name the seasons"):
        backtest_partitions(3, freq="D", models=("nanotst", "naive"))


def test_a_process_loads_a_model_once():
    """Spark unpickles its work for each part; catches weights that are read each time."""
    first, second = (pickle.loads(pickle.dumps(work(threads=2))) for _ in range(2))
    assert predictor_of(first.model, 2) is predictor_of(second.model, 2)
    exported = segue.ExportedModel.from_pretrained(MODEL)
    assert predictor_of(exported, 2) is predictor_of(exported.folder, 2)
    assert work().with_threads(3).threads == 3
    assert work(threads=2).with_threads(3).threads == 2
