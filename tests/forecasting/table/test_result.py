"""Names of quantile levels: those the field knows, and read back as they were written."""

from inspect import unwrap

import numpy as np
import pytest

from segue.errors import UserError
from segue.forecasting.table.result import QuantileColumns, _distinct


def test_names_are_those_of_the_field_and_the_median_comes_first():
    columns = QuantileColumns.of("Net", (97.5, 80), (0.1, 0.025))
    assert columns.levels == {
        "Net": 0.5, "Net-lo-80": 0.1, "Net-hi-80": 0.9, "Net-lo-97.5": 0.0125, "Net-hi-97.5": 0.9875,
        "Net-q-2.5": 0.025, "Net-q-10": 0.1,
    }  # fmt: skip
    assert next(iter(columns.levels)) == "Net"


def test_levels_that_differ_little_and_single_ones_have_columns_of_their_own():
    """Catches names that are rounded more than their numbers."""
    near = QuantileColumns.of("Net", (80, 80.0000001), 0.07)
    assert list(near.levels)[1:] == ["Net-lo-80", "Net-hi-80", "Net-lo-80.0000001", "Net-hi-80.0000001", "Net-q-7"]
    assert list(QuantileColumns.of("Net", 95).levels)[1:] == ["Net-lo-95", "Net-hi-95"]


@pytest.mark.parametrize("point", ["Net", "Net-2", "Net (small)"])
def test_what_was_named_is_read_back(point):
    """Catches a column of another model whose name begins with this one's."""
    columns = QuantileColumns.of(point, (80, 97.5), (0.1,))
    names = ["unique_id", "ds", *columns.levels, f"{point}-2", f"{point}-2-lo-80", f"{point}-2-hi-80"]
    names += [f"{point}-lo-e", f"{point}-q-."]  # no numbers
    assert QuantileColumns.read(names, ("unique_id", "ds")) == columns


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": (True,)}, "^levels .*: give numbers"),
        ({"levels": (0,)}, r"^levels 0: give a percentage from 1 to 98$"),
        ({"levels": (99,)}, "^levels 99: give a percentage"),
        ({"quantiles": (0.001,)}, "^quantiles 0.001: give a fraction from 0.01 to 0.99$"),
    ],
)
def test_levels_that_no_forecast_has_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        QuantileColumns.of("Net", **options)


@pytest.mark.parametrize("given", [(80, None), (80, "90"), [[80], [90, 95]]])
def test_levels_that_are_no_numbers_are_refused_in_one_line(given):
    with pytest.raises(UserError, match="^levels .*: give numbers"):
        unwrap(_distinct)("levels", given)  # without the check of types, which users do not have


def test_the_mean_stands_after_the_median_and_is_read_back():
    columns = QuantileColumns.of("Net", 80, 0.1, mean=True)
    assert columns.names == ["Net", "Net-mean", "Net-lo-80", "Net-hi-80", "Net-q-10"]
    assert list(columns.levels.values()) == [0.5, 0.1, 0.9, 0.1]
    named = columns.named(np.arange(8.0).reshape(2, 4), np.array([10.0, 11.0]))
    assert {name: column.tolist() for name, column in named.items()} == {
        "Net": [0, 4], "Net-mean": [10, 11], "Net-lo-80": [1, 5], "Net-hi-80": [2, 6], "Net-q-10": [3, 7],
    }  # fmt: skip
    assert list(named) == columns.names
    assert QuantileColumns.read(["ds", *columns.names], ("ds",)) == columns
