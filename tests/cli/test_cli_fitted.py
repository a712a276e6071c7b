"""`--mean`, `--fitted` and `segue backtest --calibrate`: the tables of Python, or one line of advice."""

import warnings

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import segue
from segue.cli import app

MODEL = ("--model", "ar")


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"unique_id": np.repeat(["a", "b"], 40), "ds": np.tile(np.arange(40), 2)})
    rows["y"] = rng.normal(size=80).cumsum().round(3)
    rows.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_both_files_are_those_of_python(table):
    output, past = table.parent / "out.csv", table.parent / "past.parquet"
    result = run(
        "forecast", table, "--horizon", 5, *MODEL, "--mean", "--floor", -3, "--fitted", past, "--output", output
    )
    assert result.exit_code == 0, result.output
    assert f"written: {past}" in result.stdout.replace("\n", "")
    frame, options = pd.read_csv(table), {"model": "ar", "mean": True, "floor": -3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", segue.errors.Notice)
        ahead, fitted = segue.forecast(frame, 5, **options), segue.fitted(frame, **options)
    pd.testing.assert_frame_equal(pd.read_csv(output), ahead, rtol=1e-9)
    pd.testing.assert_frame_equal(pd.read_parquet(past), fitted, rtol=1e-9)


def test_a_calibrated_backtest_is_that_of_python_and_its_note_names_the_flag(table):
    output = table.parent / "rows.csv"
    result = run(
        "backtest", table, "--horizon", 4, "--windows", 2, *MODEL, "--against", "ar", "--calibrate", 3,
        "--forecasts", output,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "note: --calibrate: at the origins with the fewest windows before them, bands rest on 6" in result.stderr
    with pytest.warns(segue.errors.Notice, match="bands rest on 6 windows of 4 steps"):
        expected = segue.backtest(pd.read_csv(table), 4, 2, models=("ar", "ar"), calibrate=3).forecasts
    pd.testing.assert_frame_equal(pd.read_csv(output), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("verb", "arguments", "line"),
    [
        ("forecast", ("--calibrate", "0"), "--calibrate 0: give a whole number of windows of at least 1"),
        ("backtest", ("--calibrate", "0"), "--calibrate 0: give a whole number of windows of at least 1"),
        ("forecast", ("--fitted", "f.txt"), "--fitted f.txt: give a name that ends in .csv or .csv.gz or .parquet"),
        ("forecast", ("--fitted", "f.csv", "--per", "W"), "--fitted f.csv: shows single steps; leave it out, or leave"),
        ("forecast", ("--fitted", "f.csv", "--calibrate", "3"), "--fitted f.csv: one-step forecasts do not use --cal"),
        ("forecast", ("--fitted", "f.csv", "--holidays", "US"), "--fitted f.csv: one-step forecasts do not use --hol"),
        ("forecast", ("--fitted", "f.csv", "--output", "f.csv"), "--fitted f.csv: is named twice; give each its own"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(table, monkeypatch, verb, arguments, line):
    monkeypatch.chdir(table.parent)
    result = run(verb, table, "--horizon", 3, *MODEL, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith(f"segue: {line}")
    assert [path.name for path in table.parent.iterdir()] == ["table.csv"]
