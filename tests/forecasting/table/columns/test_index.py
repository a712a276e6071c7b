"""Frames of other libraries: times and names of series in the index are read like columns."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from segue import forecast
from segue.errors import UserError

MODEL = "seasonal-naive:7"
DAYS = pd.date_range("2024-01-01", periods=28)
PLAIN = pd.DataFrame({"ds": DAYS, "y": [10.0 + day % 7 for day in range(28)]})
PANEL = pd.concat([PLAIN.assign(unique_id="a"), PLAIN.assign(unique_id="b", y=PLAIN["y"] + 1)], ignore_index=True)


def ahead(frame, **options):
    return forecast(frame, 3, model=MODEL, **options)


@pytest.mark.parametrize("name", ["ds", None, "Date"])
@pytest.mark.parametrize("index", [DAYS, DAYS.to_period("D"), DAYS.strftime("%Y-%m-%d"), DAYS.tz_localize("UTC")])
def test_times_in_the_index(index, name):
    frame = PLAIN[["y"]].set_index(index.rename(name))
    assert_frame_equal(ahead(frame).rename(columns={"Date": "ds"}), ahead(PLAIN), check_dtype=False)


@pytest.mark.parametrize("column", ["t", "step", "month", "year", "index"])
def test_a_column_of_a_customary_name_hides_no_times(column):
    frame = PLAIN.set_index("ds").assign(**{column: range(28)})
    assert_frame_equal(ahead(frame), ahead(PLAIN))
    assert ahead(frame, time_col=column)[column].tolist() == [28, 29, 30]


@pytest.mark.parametrize("names", [("unique_id", "ds"), ("item_id", "timestamp"), ("store", "Period"), (None, None)])
@pytest.mark.parametrize("swapped", [False, True])
def test_levels_of_names_and_times(names, swapped):
    frame = PANEL.set_index(["unique_id", "ds"]).rename_axis(names)
    frame = frame.swaplevel() if swapped else frame
    result = ahead(frame, id_col="store") if "store" in names else ahead(frame)
    assert_frame_equal(result.set_axis(ahead(PANEL).columns, axis=1), ahead(PANEL))


def test_names_in_the_index_and_times_in_a_column():
    assert_frame_equal(ahead(PANEL.set_index("unique_id")), ahead(PANEL))
    with pytest.raises(UserError, match="^id_col .*could be store; "):
        ahead(PANEL.rename(columns={"unique_id": "store"}).set_index("store"))


@pytest.mark.parametrize(
    "index", [range(28), range(100, 128), np.arange(28) * 2, [*range(14)] * 2, [f"r{row}" for row in range(28)]]
)
def test_numbers_and_labels_of_rows_are_nothing(index):
    assert_frame_equal(ahead(PLAIN.set_index(pd.Index(index))), ahead(PLAIN))


def test_an_index_like_a_column_is_no_other_and_one_that_differs_is_refused():
    assert_frame_equal(ahead(PLAIN.set_index("ds", drop=False)), ahead(PLAIN))
    with pytest.raises(UserError, match=r"^frame column ds: differs from the index; .* reset_index\(drop=True\)"):
        ahead(PLAIN.set_index(DAYS + pd.Timedelta(hours=1)))
    with pytest.raises(UserError, match=r"^frame column unique_id: differs from the index"):
        ahead(PANEL.set_index(pd.Index(["c"] * 56, name="unique_id")))
    later = PLAIN.rename(columns={"ds": "measured"}).set_index(DAYS + pd.Timedelta(hours=1))
    with pytest.raises(UserError, match=r"^time_col \(not given\): could be index, measured; "):
        ahead(later)
    assert ahead(later, time_col="measured")["measured"].iloc[0] == DAYS[-1] + pd.Timedelta(days=1)


def test_what_is_not_clear_names_reset_index():
    with pytest.raises(UserError, match=r"^frame index without a name: its role is not clear; call reset_index\(\)"):
        ahead(PANEL.set_index("unique_id").rename_axis(None))
    with pytest.raises(UserError, match=r"no column holds times; there are y; .* by reset_index\(\)"):
        ahead(PLAIN[["y"]].set_index(np.arange(1990, 2018)))


def test_parquet_with_times_in_the_index(tmp_path):
    from segue.forecasting.table.files.read import read_table
    from segue.forecasting.table.layout import Layout

    PLAIN.set_index("ds").to_parquet(tmp_path / "in.parquet")
    assert_frame_equal(ahead(read_table(tmp_path / "in.parquet", Layout()).frame), ahead(PLAIN))
