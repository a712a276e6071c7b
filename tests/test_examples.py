"""The examples are run as a reader runs them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from segue import forecast

NIGHTLY = Path(__file__).parent.parent / "examples" / "nightly.py"


def night(folder, rows, *more):
    """One night in a process of its own, in which torch can't be imported."""
    rows.to_csv(folder / "rows.csv", index=False)
    code = f"import sys, runpy; sys.modules['torch'] = None; runpy.run_path({str(NIGHTLY)!r}, run_name='__main__')"
    arguments = ["rows.csv", "--state", "state", "--output", "forecast.csv", "--horizon", "5", *more]
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("model", ["seasonal-naive:7", "ar"])
def test_two_nights_forecast_as_one_call_over_all_rows(model, tmp_path):
    days = pd.date_range("2025-01-01", periods=40)
    y = np.random.default_rng(0).normal(size=80).cumsum()
    rows = pd.DataFrame({"unique_id": np.repeat(["007", "b"], 40), "ds": np.tile(days, 2), "y": y})
    for fed, report in (
        (rows[rows["ds"] < days[-1]], "78 added in 2 series, 2 new series\n"),
        (rows[rows["ds"] == days[-1]], "2 added in 2 series\n"),
    ):
        done = night(tmp_path, fed, "--model", model)
        assert (done.stderr, done.stdout) == ("", report)
    written = pd.read_csv(tmp_path / "forecast.csv", dtype={"unique_id": str}, parse_dates=["ds"])
    assert_frame_equal(written, forecast(rows, 5, model=model), check_dtype=False, rtol=0, atol=1e-10)

    before = (tmp_path / "state").read_bytes()
    assert night(tmp_path, fed, "--model", model).stdout == "0 added in 0 series, 2 repeated in 2 series\n"
    assert (tmp_path / "state").read_bytes() == before  # a job run twice does no harm
    other = night(tmp_path, fed, "--model", "seasonal-naive:3")
    assert other.returncode == 2
    assert other.stderr.startswith("state state: load it with the model that saved it")
    assert night(tmp_path, fed, "--model", "seasonal-naive:3", "--adopt").returncode == 0
