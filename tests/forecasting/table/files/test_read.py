"""Files as users have them: every defect of a file reads as the table without it."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from segue.errors import UserError
from segue.forecasting.table.files.read import read_table
from segue.forecasting.table.layout import Layout

PLAIN = "ds,y,note\n2024-01-01,1.5,a\n2024-01-02,,b\n2024-01-03,3.5,c\n"


def read(tmp_path, content, id_col=None, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, Layout(id_col=id_col)).frame


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", ", "),
        PLAIN.replace("ds,y", '"ds","y"').replace("2024-01-03", '"2024-01-03"'),
        PLAIN + "\n\n",
        "".join(f"{head}{line}\n" for head, line in zip((",", "0,", "1,", "2,"), PLAIN.splitlines(), strict=True)),
        "".join(f"{line};;\n" for line in PLAIN.replace(",", ";").splitlines()),
    ],
    ids=["CR", "CRLF", "BOM", "UTF-16", "semicolon", "tab", "blanks",
         "quotes", "empty lines", "row numbers", "empty columns"],
)  # fmt: skip
def test_defects_read_as_the_plain_table(tmp_path, content):
    assert_frame_equal(read(tmp_path, content), read(tmp_path, PLAIN))
    assert read(tmp_path, PLAIN)["y"].isna().tolist() == [False, True, False]


def test_ids_are_names_even_where_they_look_missing_or_like_numbers(tmp_path):
    content = "region,ds,y\nNA,1,NA\n007,2,3\n"
    assert read(tmp_path, content, id_col="region")["region"].tolist() == ["NA", "007"]
    assert read(tmp_path, content.replace("region", "unique_id"))["unique_id"].tolist() == ["NA", "007"]
    assert read(tmp_path, "id,ds,y\n10,1,1\n9,2,3\n")["id"].tolist() == [10, 9]


def test_empty_ids_are_missing(tmp_path):
    assert read(tmp_path, "id,ds,y\n10,1,1\n,2,3\n")["id"].isna().tolist() == [False, True]


def test_parquet_reads_as_written(tmp_path):
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=2, tz="UTC"), "y": [1.0, None]})
    table.to_parquet(tmp_path / "table.parquet")
    assert_frame_equal(read_table(tmp_path / "table.parquet", Layout()).frame, table)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("", "empty.csv", r"is not a whole table \(it is empty\)"),
        ("\n \n", "blank.csv", r"is not a whole table \(it is empty\)"),
        ("ds,y\n", "header.csv", "holds no rows"),
        (b"PAR1\0\1\2\xff", "binary.csv", r"is not a whole table \(it holds binary data\)"),
        (b"PAR1 cut short", "cut.parquet", "is not a whole table"),
        ("2024-01-01,5\n2024-01-02,6\n", "headless.csv", r"is not .*first line holds values, .* add a header line"),
        ("1;2,5\n2;3\n", "numbers.csv", "is not .* add a header line"),
        ("north,2024-01-01,5\nnorth,2024-01-02,6\n", "panel.csv", "is not .* add a header line"),
        ("ds,y\n1,2\n1,2,3,4\n", "ragged.csv", "line 3 has 4 cells, but the header in line 1 has 2 names"),
    ],
)
def test_files_that_hold_no_table_are_refused_by_name(tmp_path, content, name, message):
    with pytest.raises(UserError, match=f"^file .*{name}: {message}") as caught:
        read(tmp_path, content, name=name)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder_are_refused_by_name(tmp_path):
    with pytest.raises(UserError, match=r"^file .*none.csv: cannot be read \(No such file"):
        read_table(tmp_path / "none.csv", Layout())
    with pytest.raises(UserError, match="cannot be read"):
        read_table(tmp_path, Layout())
