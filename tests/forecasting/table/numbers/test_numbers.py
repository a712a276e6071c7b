"""Numbers as text: separators are decided by all cells of a column, and what fits two readings is refused."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from segue import forecast
from segue.errors import UserError
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.numbers.read import holds_digits, looks_like_numbers, read_numbers
from segue.forecasting.table.reading import read_frame

DECIMAL = r"^decimal \(not given\): "


def read(cells, decimal=None, beside=(), points=False):
    return read_numbers("y", pd.Series(cells, dtype=object), decimal, beside, points).values.tolist()


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["980", "1,010", "995", "1,000"], [980, 1010, 995, 1000]),
        (["5", "12,500", "999"], [5, 12500, 999]),
        (["980", "1.010", "995"], [980, 1010, 995]),
        (["1,234,567", "1,234"], [1234567, 1234]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["1,234.5", "1,234", "987"], [1234.5, 1234, 987]),
        (["1.234,5", "1.234", "987"], [1234.5, 1234, 987]),
        (["1,234", "0.5"], [1234, 0.5]),
        (["1,00,000", "12,345"], [100000, 12345]),
        (["1 234 567", "1\u00a0234,5", "1\u202f234"], [1234567, 1234.5, 1234]),
        (["1'234.50", "1\u2019234"], [1234.5, 1234]),
        (["1_000", "20"], [1000, 20]),
        (["-1,010", "+990"], [-1010, 990]),
    ],
)
def test_thousands_are_separated_by_any_mark(cells, values):
    assert read(cells) == values


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ([*["0"] * 34, "0,25", "6,5"], [*[0] * 34, 0.25, 6.5]),
        (["0", "0,250", "1,250"], [0, 0.25, 1.25]),
        (["12", "12,5", "12,125"], [12, 12.5, 12.125]),
        ([",5", "1,250"], [0.5, 1.25]),
        (["1234,567", "1,250"], [1234.567, 1.25]),
        (["1.234", "0.987"], [1.234, 0.987]),
        (["12", "12.5", "12.125"], [12, 12.5, 12.125]),
        (["1,5E+03", "1e5"], [1500, 100000]),
        (["1.5e-3", "5."], [0.0015, 5]),
    ],
)
def test_decimals_are_seen_wherever_they_stand(cells, values):
    assert read(cells) == values


@pytest.mark.parametrize(
    ("cells", "dot", "comma"),
    [
        (["1,234", "2,345"], [1234, 2345], [1.234, 2.345]),
        (["0", "1,250"], [0, 1250], [0, 1.25]),
        (["1234", "1,234"], [1234, 1234], [1234, 1.234]),
        (["5", "1.234"], [5, 1.234], [5, 1234]),
        (["0", "1.234"], [0, 1.234], [0, 1234]),
        (["1.037 €", "1.074 €"], [1.037, 1.074], [1037, 1074]),
        (["1,459 €", "1,479 €"], [1459, 1479], [1.459, 1.479]),
        (["1,234", "1.234"], [1234, 1.234], [1.234, 1234]),
        (["980", "990", "1,010", "1,02"], None, [980, 990, 1.01, 1.02]),
        (["1,5", "2.5"], None, None),
        (["1,234.5", "1.234,5"], None, None),
    ],
)
def test_what_fits_two_readings_is_settled_by_the_option(cells, dot, comma):
    with pytest.raises(UserError, match=f"{DECIMAL}.* give . or ,"):
        read(cells)
    for sign, values in ((".", dot), (",", comma)):
        found = read_numbers("y", pd.Series(cells), sign)
        assert (found.values.tolist() == values) if values else len(found.bad)


def test_contradictions_name_two_cells():
    with pytest.raises(UserError, match=f"{DECIMAL}column y holds '1,5' with a decimal comma and '2.5' with"):
        read(["1,5", "7", "2.5"])


def test_three_decimals_in_every_cell_are_decimals_in_a_file_of_commas_alone():
    plain = [pd.Series(["a", "b"]), pd.Series([1.5, 2])]
    assert read(["1.234", "12.345"], beside=plain, points=True) == [1.234, 12.345]
    for beside, points in (((), False), ([pd.Series(["0,5", "7"])], True)):
        with pytest.raises(UserError, match=DECIMAL):
            read(["1.234", "5.678"], beside=beside, points=points)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["$1,037", "$985"], [1037, 985]),
        (["$1,037", "$1,074"], [1037, 1074]),
        (["1.037 €", "985 €", "12,50 €"], [1037, 985, 12.5]),
        (["R$ 1.037,50", "R$ 20"], [1037.5, 20]),
        (["USD 1,300", "980"], [1300, 980]),
        (["Rs. 1,00,000"], [100000]),
        (["60%", "61.5 %", "0"], [60, 61.5, 0]),
        (["(1,234)", "120"], [-1234, 120]),
        (["($5)", "-$6", "$-7", "8-"], [-5, -6, -7, -8]),
        (["\u22125", "\uff11\uff12"], [-5, 12]),
        (["12 kWh", "13.5 kWh"], [12, 13.5]),
        (["3 m3", "4 m3"], [3, 4]),
        (["3 eV", "4 eV", "2e1 eV"], [3, 4, 20]),
        (["1,010 kg CO2/m²", "990 kg CO2/m²"], [1010, 990]),
    ],
)
def test_currencies_units_and_signs_of_accounts_are_left_out(cells, values):
    assert read(cells) == values
    assert holds_digits(pd.Series(cells))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["60%", "61%", "0.6"], "is '0.6', in another unit than '60%', in row 3; write all numbers in one unit"),
        (["12 kWh", "1 MWh", "13 kWh"], "is '1 MWh', in another unit than '12 kWh', in row 2"),
        (["$5", "$6", "€5"], "is '€5', in another unit than '.5', in row 3"),
        (["12", "13", "12 pcs"], "is '12 pcs', in another unit than '12', in row 3"),
        (["1.2k", "3"], "is '1.2k', whose unit multiplies it, in row 1; write its digits in full"),
        (["3 Mio.", "4 Mio."], "is '3 Mio.', whose unit multiplies it, in row 1"),
        (["5 bn"], "is '5 bn', whose unit multiplies it"),
        (["1,5", "2,5", "1,2,3"], "is '1,2,3', which has other separators than '1,5', in row 3; .* `decimal`"),
    ],
)
def test_units_that_differ_or_scale_numbers_are_refused(cells, message):
    with pytest.raises(UserError, match=f"^target_col y: {message}"):
        read_frame(pd.DataFrame({"ds": range(len(cells)), "y": cells}), Layout())


@pytest.mark.parametrize(
    "cell",
    [
        "0x1F",
        "1.2.3",
        "2.7e",  # the power of ten was cut off
        "2.7E-",
        "12,34,5",
        "1,23,456,7",
        "A12",
        "5/6",
        "10:30",
        "True",
        "1 23",
        "x",
        "\ud800",
        b"5",
        True,
        1j,
        [1],
    ],
)
def test_what_is_no_number_is_bad(cell):
    found = read_numbers("y", pd.Series(["7", cell, None], dtype=object))
    assert found.bad.tolist() == [1]
    np.testing.assert_array_equal(found.values, [7, np.nan, np.nan])


def test_words_for_missing_values():
    words = [
        "",
        " ",
        "NA",
        "n/a",
        "nan",
        "NULL",
        "null",
        "-",
        "--",
        ".",
        "..",
        "?",
        ":",
        "#N/A",
        "\u2013",
        None,
        np.nan,
    ]
    assert np.isnan(read(words)).all()
    assert read([*words, "1,5"])[-1] == 1.5


def test_cells_of_several_types():
    np.testing.assert_array_equal(
        read([1, 2.5, Decimal("3.5"), "1,010", "990", None]), [1, 2.5, 3.5, 1010, 990, np.nan]
    )
    assert read(["inf", "-Infinity", 10**400]) == [np.inf, -np.inf, np.inf]


@pytest.mark.parametrize("kind", ["object", "string", "category", "string[pyarrow]", "polars"])
def test_types_of_text_are_read_alike(kind):
    cells = ["980", "1,010", "995", "1,005"] * 4
    frame = pd.DataFrame({"ds": np.arange(16), "y": cells})
    frame = pl.from_pandas(frame) if kind == "polars" else frame.astype({"y": kind})
    panel = read_frame(frame, Layout()).panel
    assert panel.values.tolist() == [980, 1010, 995, 1005] * 4


def test_large_columns_of_text_equal_the_numbers():
    numbers = np.random.default_rng(7).normal(0, 1000, 20_000).round(2)
    for form in ("{:.2f}", "{:,.2f}", "${:,.2f}", "{:.2f} kWh", "{:+.6e}"):
        text = [form.format(number).replace("$-", "-$") for number in numbers]
        np.testing.assert_allclose(read(text), numbers, rtol=1e-6)
        swapped = [cell.translate(str.maketrans(",.", ".,")) for cell in text]
        np.testing.assert_allclose(read(swapped), numbers, rtol=1e-6)


def test_samples_of_columns():
    assert looks_like_numbers(pd.Series(["1,5", "NA", "2"]))
    assert not looks_like_numbers(pd.Series(["$1"]))
    assert not holds_digits(pd.Series(["store 1", "store 2"]))
    assert not holds_digits(pd.Series([True, False]))
    assert holds_digits(pd.Series([None] * 2000 + ["60%"]))


def test_the_option_reaches_forecasts():
    frame = pd.DataFrame({"ds": range(8), "y": ["1,234", "2,345"] * 4})
    with pytest.raises(UserError, match=DECIMAL):
        forecast(frame, 2, model="seasonal-naive:2")
    assert forecast(frame, 2, model="seasonal-naive:2", decimal=",")["SeasonalNaive"].tolist() == [1.234, 2.345]
    assert forecast(frame, 2, model="seasonal-naive:2", decimal=".")["SeasonalNaive"].tolist() == [1234, 2345]


@pytest.mark.parametrize(
    ("cells", "points"),
    [(["1.013", "1.021", "-999"], True), (["1,250", "2", "3,500", "4"], False), (["1.013", "5"], True)],
)
def test_whole_numbers_that_decide_nothing_leave_the_doubt(cells, points):
    with pytest.raises(UserError, match=DECIMAL):
        read(cells, points=points)
