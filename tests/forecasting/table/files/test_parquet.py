"""Parquet files: an index that pandas has stored becomes columns, and odd types are read, left out or refused."""

import datetime
import decimal
import io

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from segue.errors import UserError

TABLE = pd.DataFrame({"ds": pd.date_range("2024-03-01", periods=3), "y": [1.0, 2.0, 3.0]})


@pytest.fixture
def stored(read):
    def run(table):
        stream = io.BytesIO()
        if isinstance(table, pa.Table):
            pq.write_table(table, stream)
        elif isinstance(table, pl.DataFrame):
            table.write_parquet(stream)
        else:
            table.to_parquet(stream)
        return read(stream.getvalue(), name="table.parquet")

    return run


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (TABLE, ["ds", "y"]),
        (TABLE[TABLE["y"] != 2], ["ds", "y"]),
        (TABLE.set_index("ds"), ["ds", "y"]),
        (TABLE.set_index("ds").rename_axis(None), ["index", "y"]),
        (TABLE.assign(item="a").set_index(["item", "ds"]), ["item", "ds", "y"]),
        (TABLE.assign(t=range(3)).set_index("ds"), ["ds", "y", "t"]),
    ],
    ids=["none", "numbers of kept rows", "times", "without a name", "ids and times", "beside a column t"],
)
def test_a_stored_index_becomes_columns(stored, table, names):
    frame = stored(table).frame
    assert frame.columns.tolist() == names
    assert frame.index.equals(pd.RangeIndex(len(table)))
    times = table.index.get_level_values(-1) if "ds" not in table else table["ds"]
    assert frame[names[-2 if "t" not in names else 0]].tolist() == list(times)


def test_periods_stay_periods(stored):
    table = TABLE.assign(ds=pd.period_range("2024-01", periods=3, freq="M"))
    assert_frame_equal(stored(table).frame, table)
    assert_frame_equal(stored(table.set_index("ds")).frame, table)


def test_types_become_those_of_frames(stored):
    table = pa.table(
        {
            "code": pa.array([b"a", None]),
            "price": pa.array([decimal.Decimal("1.50"), decimal.Decimal("2.25")]),
            "clock": pa.array([datetime.time(9, 30), datetime.time(16)]),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
            "id": pa.array([2**60 + 1, None]),
        }
    )
    frame = stored(table).frame
    assert frame["code"].tolist() == ["a", None]
    assert frame["price"].tolist() == [1.5, 2.25]
    assert frame["clock"].tolist() == ["09:30:00", "16:00:00"]
    assert frame["kind"].tolist() == ["x", "y"]
    assert frame["id"].tolist() == [2**60 + 1, pd.NA]


@pytest.mark.parametrize(
    "column",
    [[[1], [2]], [{"a": 1}, {"a": 2}], [b"\xff", b"a"], [datetime.timedelta(1), None]],
    ids=["lists", "structs", "bytes", "durations"],
)
def test_columns_of_other_types_are_left_out_and_reported(stored, column):
    table = stored(pa.table({"odd": pa.array(column), "y": [1, 2]}))
    assert table.frame.to_dict("list") == {"y": [1, 2]}
    assert table.notes[0].startswith("columns of types that cannot be read were left out: 'odd' (")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([0], pa.timestamp("us", tz="UTC+2")), "its column 'x' has the zone 'UTC\\+2', which is unknown"),
        (pa.array([2**62], pa.timestamp("ms")), "its column 'x' holds times beyond the years 1 to 9999"),
        (pa.array([10**7], pa.date32()), "its column 'x' cannot be read as date32"),
    ],
)
def test_times_that_no_frame_holds_are_refused(stored, column, message):
    with pytest.raises(UserError, match=message):
        stored(pa.table({"x": column}))


def test_columns_of_one_name_are_refused(stored):
    with pytest.raises(UserError, match="several columns of the name 'a'"):
        stored(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


@pytest.mark.parametrize(
    "metadata", [b"{not json", b"\xff", b"[]", b'{"index_columns": 5}', b'{"index_columns": ["z"]}']
)
def test_damaged_metadata_is_ignored(stored, metadata):
    table = pa.table({"y": [1]}).replace_schema_metadata({b"pandas": metadata})
    assert stored(table).frame.to_dict("list") == {"y": [1]}


def test_names_with_zero_bytes_are_names(stored):
    table = pl.DataFrame({"d\0s": [datetime.date(2024, 3, 1)], "y": [1.0]})
    assert stored(table).frame.columns.tolist() == ["d\0s", "y"]
