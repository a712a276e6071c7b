"""Lines above, within and below the header: left out and reported where one reading is possible, else refused."""

import pytest

from segue.errors import UserError
from segue.forecasting.table.layout import Layout
from tests.forecasting.table.files.conftest import DAYS, rows

NAMES = "ds,y\n"


@pytest.mark.parametrize(
    ("lines", "left_out"),
    [
        ("Category: All\n\n", "1 line above the header of table.csv was left out: 'Category: All'"),
        ("# exported today\n", "1 line above the header of table.csv was left out: '# exported today'"),
        ("Sales, by day, of the shop\n", "1 line above the header of table.csv was left out"),
        ("Station,Berlin\nPeriod,2020-2024\n\n", "2 lines above the header of table.csv were left out"),
        ("Created,2024-03-20\n", "1 line above the header of table.csv was left out: 'Created,2024-03-20'"),
        ("lat,lon,height\n52.5,13.4,38\n\n", "2 lines above the header of table.csv were left out"),
        ("#group,false\n#datatype,double\n", "2 lines above the header of table.csv were left out"),
        ("#a\n" * 300, "300 lines above the header of table.csv were left out: '#a', '#a', '#a' ..."),
    ],
)
def test_lines_above_the_header_are_left_out_and_reported(read, lines, left_out):
    table = read(lines + NAMES + rows())
    assert table.frame.to_dict("list") == {"ds": DAYS, "y": list(range(10, 24))}
    assert len(table.notes) == 1
    assert table.notes[0].startswith(left_out)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("sep=;\nds;y\n" + rows("{day};{value},5"), "10,5"),
        ('"sep=;"\nds;y\n' + rows("{day};{value},5"), "10,5"),
        ("\ufeffSEP=,\r\nds,y\r\n" + rows(), 10),
        ("sep=\t\nds\ty\n" + rows("{day}\t{value}"), 10),
        ("sep=^\nds^y\n" + rows("{day}^{value}"), 10),
    ],
)
def test_marks_of_the_delimiter_are_obeyed(read, content, value):
    table = read(content)
    assert table.frame["y"].tolist()[0] == value
    assert table.notes == ()


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("Price,Close,Volume\nTicker,ABC,ABC\nDate,,\n" + rows("{day},{value},1"), ["Date", "Close", "Volume"]),
        (",Close,Close\n,AAPL,MSFT\nDate,,\n" + rows("{day},{value},1"), ["Date", "AAPL", "MSFT"]),
        (
            "Price;Close;Close;Open;Open\nTicker;A;B;A;B\nDate;;;;\n" + rows("{day};{value};1;2;3"),
            ["Date", "Close/A", "Close/B", "Open/A", "Open/B"],
        ),
    ],
)
def test_levels_of_columns_are_joined(read, content, names):
    table = read(content)
    assert table.frame.columns.tolist() == names
    assert table.frame["Date"].tolist() == DAYS
    assert table.notes == ("the names of table.csv are made of lines 1 to 3",)


@pytest.mark.parametrize("below", ["(UTC),(kWh)", ",kWh", "datetime,float", "[local],[°C]"])
def test_units_and_types_below_the_names_are_left_out_and_reported(read, below):
    table = read("time,power\n" + below + "\n" + rows())
    assert table.frame.to_dict("list") == {"time": DAYS, "power": list(range(10, 24))}
    assert "below the names" in table.notes[0]


def test_several_lines_of_names_are_refused_and_the_option_settles_it(read):
    content = "Station,Berlin\nTag,Wert\n" + rows()
    with pytest.raises(
        UserError, match="give 0 for the names 'Station,Berlin' or 1 for the names 'Tag,Wert'"
    ) as caught:
        read(content)
    assert caught.value.argument == "skip_rows"
    assert read(content, skip_rows=0).frame.columns.tolist() == ["Station", "Berlin"]
    assert read(content, skip_rows=1).frame.columns.tolist() == ["Tag", "Wert"]
    assert read(content, layout=Layout(target_col="Wert")).frame.columns.tolist() == ["Tag", "Wert"]
    for skip_rows in (0, 1):
        assert read(content, skip_rows=skip_rows).frame.iloc[:, 0].tolist() == DAYS


def test_names_among_rows_are_refused_and_the_option_settles_it(read):
    content = "lat,lon\n52.5,13.4\n\ntime,temperature\n" + rows()
    with pytest.raises(UserError, match="line 4 holds text where the rows hold values; give 3"):
        read(content)
    assert read(content, skip_rows=3).frame["time"].tolist() == DAYS


def test_given_marks_of_comments_hold_everywhere(read):
    table = read("% one\nds,y\n" + rows() + "  % two, three, four\n" + rows(), comment="%")
    assert table.frame["y"].tolist() == 2 * list(range(10, 24))
    assert read("ds,y\n" + rows() + "Total,1\n", comment="Total").notes == ()


def test_commented_names_are_names(read):
    table = read("# made by hand\n# ds,y\n" + rows())
    assert table.frame.columns.tolist() == ["ds", "y"]
    assert len(table.frame) == 14


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("country,2019,2020\nDE,1,2\nFR,3,4\n", ["country", "2019", "2020"]),
        ("time,PM2.5\n" + rows(), ["time", "PM2.5"]),
        ("Category: All\ndate,7-day mean\n" + rows(), ["date", "7-day mean"]),
        ("Report\nmonth;2m mean\n" + rows("Jan {value};1,5"), ["month", "2m mean"]),
        ("Report\n\nds\tTemp, C\n" + rows("{day}\t1,{value}"), ["ds", "Temp, C"]),
        ('ds,"y\n(kWh)"\n' + rows(), ["ds", "y (kWh)"]),
        ("| ds | y |\n|----|---|\n" + rows("| {day} | {value} |"), ["ds", "y"]),
        (" ds | y \n----+---\n" + rows(" {day} | {value}"), ["ds", "y"]),
        ("ds;temp, C;wind, m/s\n" + rows("{day};1,5;2,{value}"), ["ds", "temp, C", "wind, m/s"]),
        ("<ds>;<y>\n" + rows("{day};1,{value}"), ["<ds>", "<y>"]),
    ],
    ids=[
        "years",
        "digits",
        "begins with a digit",
        "below a title",
        "tab",
        "lines",
        "Markdown",
        "psql",
        "commas",
        "angles",
    ],
)
def test_odd_names_are_names(read, content, names):
    assert read(content).frame.columns.tolist() == names


def test_rows_that_are_bad_stay_rows(read):
    assert read("ds,y\n2024-03-01,closed\n" + rows()).frame["y"].tolist()[0] == "closed"
    assert read("ds,y\nJan,5\nFeb,closed\nMar,6\nApr,7\n").frame["y"].tolist() == ["5", "closed", "6", "7"]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"skip_rows": 3}, "skip_rows 3: line 4 holds values, not names"),
        ({"skip_rows": 99}, "it holds no row below the lines that are left out"),
        ({"skip_rows": -1}, "skip_rows -1: give a number of lines"),
        ({"comment": " "}, "comment ' ': give a mark"),
        ({"comment": "d"}, "first line holds values, not names"),
    ],
)
def test_options_that_leave_no_table_are_refused(read, form, message):
    with pytest.raises(UserError, match=message):
        read(NAMES + rows(), **form)
