"""The commands that try tables: their inputs come again, and what they call wrong is wrong."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.tables.bases import COUNT, base
from benchmarks.tables.dialect import draw_dialect
from benchmarks.tables.dialects import compared
from benchmarks.tables.forms import TIME_FORMS, number_readings, swappable
from benchmarks.tables.inputs import Input
from benchmarks.tables.mutated import make
from benchmarks.tables.trial import attempt
from benchmarks.tables.written import Truth, write_table

DAYS = pd.date_range("2024-01-01", periods=3)


def test_a_number_makes_the_same_input_again():
    for number in range(60):
        first, again = make(0, number), make(0, number)
        assert (first.content, first.suffix, first.family) == (again.content, again.suffix, again.family)
        assert repr(first.layout) == repr(again.layout)  # some seasons are NaN


def test_every_base_is_a_rectangle():
    for number in range(COUNT):
        table = base(number, np.random.default_rng(number))
        assert len({len(row) for row in table}) == 1


@pytest.mark.parametrize(
    ("cells", "readings"),
    [
        (["987", "1,234"], 2), (["1,234", "5,678"], 2), (["1,234,567", "12"], 1), (["0,123"], 1), (["1.234,50"], 1),
        (["1234,500"], 1), (["12.5", "3"], 1), (["1'234"], 1), (["x"], 0),
    ],
)  # fmt: skip
def test_readings_of_numbers_are_counted_by_the_marks(cells, readings):
    assert number_readings(cells) == readings


def test_days_beyond_twelve_settle_the_order():
    form = TIME_FORMS["13.03.2024"]
    assert swappable(form, DAYS)
    assert not swappable(form, [*DAYS, pd.Timestamp("2024-01-13")])


def test_a_table_holds_what_its_truth_says():
    random = np.random.default_rng(0)
    dialect = draw_dialect(random)
    given, truth = write_table(0, dialect, random)
    assert given.content
    found = {"".join(key): dict(values) for key, values in truth.series.items()}
    assert compared(found, [truth.after] * len(found), truth, dialect) == ""


@pytest.mark.parametrize(
    ("found", "after", "difference"),
    [
        ({"y": {DAYS[0]: 1.0, DAYS[1]: 2.0}}, DAYS[2], ""),
        ({"y": {DAYS[0]: 1.0, DAYS[1]: 2000.0}}, DAYS[2], "1 values differ"),
        ({"y": {DAYS[0]: 1.0}}, DAYS[2], "times differ"),
        ({"z": {DAYS[0]: 1.0, DAYS[1]: 2.0}}, DAYS[2], "no series"),
        ({"y": {}, "z": {}}, DAYS[2], "2 series"),
        ({"y": {DAYS[0]: 1.0, DAYS[1]: 2.0}}, DAYS[0], "comes next"),
    ],
)
def test_a_difference_is_named(found, after, difference):
    truth = Truth({("y",): {DAYS[0]: 1.0, DAYS[1]: 2.0}}, DAYS[2], ())
    message = compared(found, [after], truth, draw_dialect(np.random.default_rng(1)))
    assert message == difference if not difference else difference in message


def test_an_ordinary_file_is_read_and_an_empty_one_refused(tmp_path):
    rows = "".join(f"{day.date()},{value}\n" for value, day in enumerate(DAYS))
    plain = Input(0, "plain", f"ds,y\n{rows}".encode())
    assert attempt(plain, tmp_path, whole=False).kind == "read"
    assert attempt(Input(1, "empty", b""), tmp_path, whole=False).kind == "refused"


def test_an_exception_of_a_reader_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr("segue.forecasting.table.files.read.read_table", lambda *_: 1 / 0)
    outcome = attempt(Input(0, "plain", b"ds,y\n1,2\n"), tmp_path, whole=False)
    assert outcome.fault
    assert outcome.detail.startswith("ZeroDivisionError")
