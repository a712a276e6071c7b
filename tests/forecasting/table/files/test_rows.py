"""Each row's cells are counted: none is dropped, moved or read as another column."""

import pytest

from segue.errors import UserError
from tests.forecasting.table.files.conftest import DAYS, rows


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("date,y\n" + rows("{day},{value},5"), "line 2 has 3 cells, but the header in line 1 has 2 names"),
        (
            "time,value\n" + rows("{day} 00:00:00,120,{value}"),
            "line 2 has 3 cells, but the header in line 1 has 2 names",
        ),
        ("ds,y\n" + rows("{day},1,9{value}"), "line 2 has 3 cells, but the header in line 1 has 2 names"),
        ("ds;y\n" + rows("{day};1;9{value}"), "line 2 has 3 cells, but the header in line 1 has 2 names"),
        ("ds\ty\tz\n" + rows("{day}\t1\t2\t{value}"), "line 2 has 4 cells, but the header in line 1 has 3 names"),
        ("ds,y,\n" + rows("{day},1,{value}"), "line 2 has 3 cells, but the header in line 1 has 2 names"),
        ("y,note,ds\n" + rows("1,5{value},{day},a"), "line 2 has 4 cells, but the header in line 1 has 3 names"),
        ("ds,y\n" + 100 * rows() + "2024-04-01,1,980\n", "line 1402 has 3 cells, but the header in line 1 has 2 names"),
        ('ds,y,n\n2024-03-01,5,"a\nb"\n2024-03-02,5,x,y\n', "line 4 has 4 cells, but the header in line 1 has 3 names"),
    ],
)
def test_rows_with_more_cells_than_names_are_refused_with_both_counts(read, content, message):
    with pytest.raises(UserError, match=message) as caught:
        read(content)
    assert "`skip_rows`" in str(caught.value)


@pytest.mark.parametrize("form", ["{day},{value},", "{day},{value},,,", "{day},{value}, "])
def test_empty_cells_beyond_the_names_are_harmless(read, form):
    table = read("ds,y\n" + rows(form))
    assert table.frame["y"].tolist() == list(range(10, 24))
    assert table.notes == ()


def test_rows_with_fewer_cells_are_read_as_missing_and_reported(read):
    table = read("ds,y,z\n" + rows("{day},{value},1") + "2024-03-15,24\n2024-03-16,25,1\n")
    assert table.frame["z"].tolist() == [*["1"] * 14, None, "1"]
    assert table.notes == ("1 row has fewer cells than the 3 names of table.csv, in line 16; the rest is missing",)


@pytest.mark.parametrize(
    "content",
    [
        'ds,y,n\n2024-03-01,5,"abc\n2024-03-02,6,x\n',
        'n,ds,y\n",2024-03-01,5\n",2024-03-02,6\nb,2024-03-03,6\n',
        'ds,y,n\n2024-03-01,5,"5" pipe"\n2024-03-02,6,x\n',
        'ds;y;n\n2024-03-01;5;"a \\"b\\" c"\n',
    ],
    ids=["to the end of the file", "to the next row", "within a cell", "backslash"],
)
def test_quotes_that_are_not_closed_are_refused(read, content):
    with pytest.raises(UserError, match=r"line \d has a quote that is not closed, or one within a cell"):
        read(content)


def test_quotes_within_plain_cells_and_line_ends_within_quotes_are_text(read):
    table = read('ds,y,n\n2024-03-01,5,5" pipe\n2024-03-02,6,"a\nb"\n2024-03-03,7,"say ""x"""\n').frame
    assert table["n"].tolist() == ['5" pipe', "a\nb", 'say "x"']


def test_repeated_headers_and_comments_between_rows_are_left_out_and_reported(read):
    table = read("ds,y\n" + rows() + "# gap\nds,y\n" + rows())
    assert table.frame["y"].tolist() == 2 * list(range(10, 24))
    assert table.notes == (
        "lines of table.csv that begin with # were left out between the rows: 1",
        "lines of table.csv that repeat the header were left out between the rows: 1",
    )


def test_ids_that_begin_with_a_number_sign_are_ids(read):
    assert read("id,ds,y\n" + rows("#1,{day},{value}")).frame["id"].tolist() == ["#1"] * 14


@pytest.mark.parametrize(
    "footer",
    ["Total,1234", "Grand Total,1234", "\nSource: Office, 2024", "Mean,5\n\n* provisional,", "(14 rows)", "Notes"],
)
def test_footers_are_left_out_and_reported(read, footer):
    table = read("ds,y\n" + rows() + footer + "\n")
    assert table.frame["ds"].tolist() == DAYS
    assert len(table.notes) == 1
    assert "below the rows of table.csv" in table.notes[0]


def test_footers_of_other_dialects_and_orders(read):
    table = read("Bericht;2024\n\nWert;Tag\n" + rows("{value},5;{day}") + ";Summe\n")
    assert table.frame["Tag"].tolist() == DAYS
    assert table.notes == (  # with the separators of the file
        "1 line above the header of table.csv was left out: 'Bericht;2024'",
        "1 line below the rows of table.csv was left out: ';Summe'",
    )
    table = read("store,ds,y\n" + rows("a,{day},{value}") + rows("b,{day},{value}") + "Total,,777\n")
    assert table.frame["store"].unique().tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "last"),
    [
        ("ds,y\n" + rows() + "2024-03-15,\n", ["2024-03-15", None]),
        ("ds,y\n" + rows() + "2024-03-15\n", ["2024-03-15", None]),
        ("month,y\nJan,5\nFeb,6\nMar,\n", ["Mar", None]),
        ("store,ds,y\n" + rows("a,{day},1") + rows("Total,{day},2"), ["Total", "2024-03-14", 2]),
        ("store,ds,y\n" + rows("a,{day},1") + "Total,2024-03-15,\n", ["Total", "2024-03-15", None]),
    ],
    ids=["no value", "no cell", "names of months", "a series named Total", "that has no last value"],
)
def test_last_rows_that_are_data_are_kept(read, content, last):
    assert read(content).frame.iloc[-1].tolist() == last


def test_names_that_occur_twice_are_numbered_and_reported(read):
    table = read("ds,y,y\n" + rows("{day},1,{value}"))
    assert table.frame.columns.tolist() == ["ds", "y (2)", "y (3)"]
    assert table.notes == ("2 columns have the name 'y' and are called 'y (2)', 'y (3)'",)


def test_headers_of_any_length(read):
    names = [f"column {index}" for index in range(3_000)]
    table = read(",".join(names) + "\n" + ",".join("1" * 3_000) + "\n").frame
    assert table.columns.tolist() == names
    assert table.to_numpy().sum() == 3_000
