"""Tables written in chunks: the bytes of a table that is written at once."""

import gzip

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from segue.forecasting.table.files.write import SUFFIXES, table_writer, write_table

HOURS = pd.DataFrame(
    {
        "unique_id": np.repeat(["a", "ü,b", "c"], 40),
        "ds": np.tile(pd.date_range("2024-03-01", periods=40, freq="h"), 3),
        "NanoTST": np.linspace(0, 1, 120) / 3,
    }
)
DATES = HOURS.assign(ds=HOURS["ds"].dt.normalize())
NUMBERS = HOURS.assign(ds=np.arange(120))


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("table", [HOURS, DATES, NUMBERS], ids=["hours", "dates", "numbers"])
@pytest.mark.parametrize("size", [7, 40, 120])
def test_chunks_give_the_same_bytes_as_the_whole(tmp_path, table, form, size):
    write_table(table, tmp_path / f"whole{form}", form)
    with table_writer(tmp_path / f"chunks{form}", form) as write:
        for first in range(0, 120, size):
            write(table.iloc[first : first + size])
    assert (tmp_path / f"chunks{form}").read_bytes() == (tmp_path / f"whole{form}").read_bytes()


def test_the_whole_table_is_as_pandas_writes_it(tmp_path):
    for form in SUFFIXES:
        write_table(HOURS, tmp_path / f"table{form}", form)
    text = HOURS.to_csv(index=False, lineterminator="\n")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == text
    assert gzip.decompress((tmp_path / "table.csv.gz").read_bytes()).decode() == text
    assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), HOURS)


def test_row_groups_do_not_depend_on_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("segue.forecasting.table.files.write._GROUP", 50)
    write_table(HOURS, tmp_path / "whole.parquet", ".parquet")
    with table_writer(tmp_path / "chunks.parquet", ".parquet") as write:
        for first in range(0, 120, 11):
            write(HOURS.iloc[first : first + 11])
    assert (tmp_path / "chunks.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_midnights_keep_their_clock_in_slices(tmp_path, monkeypatch):
    monkeypatch.setattr("segue.forecasting.table.files.write._SLICE", 1)
    write_table(HOURS, tmp_path / "table.csv", ".csv")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == HOURS.to_csv(index=False)


def test_safe_csv_disarms_formulas_and_leaves_numbers_alone(tmp_path):
    """Chunked as well; catches text of a number, a name of a column, and a category that are read in another way."""
    cells = ["=1+1", "+A1", "-A1", "@SUM(A1)", "\tx", "-5", "+1e3", "plain", "a=b", None]
    table = pd.DataFrame({"=id": cells, "y": np.arange(10) - 5.0, "kind": pd.Categorical(["=x"] * 10)})
    path = tmp_path / "out.csv"
    with table_writer(path, ".csv", safe=True) as write:
        write(table.iloc[:4])
        write(table.iloc[4:])
    read = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(read.columns) == ["'=id", "y", "kind"]
    disarmed = [f"'{cell}" for cell in cells[:5]]
    assert read["'=id"].tolist() == [*disarmed, "-5", "+1e3", "plain", "a=b", ""]
    assert read["y"][0] == "-5.0"
    assert set(read["kind"]) == {"'=x"}
    assert list(table.columns) == ["=id", "y", "kind"]  # the caller's table is left as it was
