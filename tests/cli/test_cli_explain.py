"""`segue explain` and `segue forecast --calibrate` on the command line."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from segue.cli import app


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "shop": np.repeat(["north", "south"], 100),
            "day": list(pd.date_range("2024-01-01", periods=100)) * 2,
            "sold": 20 + rng.normal(size=200).round(3),
        }
    )
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_written_rows_add_up_to_the_median(table, tmp_path):
    output = tmp_path / "reason.csv"
    result = run(
        "explain", table, "--id-col", "shop", "--id", "south", "--horizon", 5, "--model", "ar", "--output", output
    )
    assert result.exit_code == 0, result.output
    assert "The forecast of south starts from a level of" in result.output
    rows = pd.read_csv(output)
    assert (rows["shop"] == "south").all()
    assert np.allclose(rows.iloc[:, 3:].sum(axis=1), rows["AR"], atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--id", "east"), "--id east: the table has no such series; it has north, south"),
        ((), "--id (none): name one of the 2 series: north, south"),
        (("--id", "north", "--horizon", 0), "--horizon 0: give a whole number of at least 1"),
    ],
)
def test_a_series_that_is_not_there_is_one_line_and_nothing_is_written(table, tmp_path, arguments, line):
    output = tmp_path / "reason.csv"
    common = ("--id-col", "shop", "--horizon", 5, "--model", "ar", "--output", output)
    result = run("explain", table, *common, *arguments)
    assert (result.exit_code, result.stderr) == (2, f"segue: {line}\n")
    assert not output.exists()


def test_calibration_says_how_many_windows_there_were(table):
    result = run("forecast", table, "--id", "shop", "--horizon", 5, "--model", "ar", "--calibrate", 4)
    assert result.exit_code == 0, result.output
    assert "note: --calibrate: bands rest on 8 windows of 5 steps" in result.output


def test_no_windows_are_refused(table):
    result = run("forecast", table, "--id", "shop", "--horizon", 5, "--model", "ar", "--calibrate", 0)
    assert result.exit_code == 2
    assert "--calibrate 0: give a whole number of windows of at least 1" in result.output
