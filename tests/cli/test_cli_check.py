"""The line of `segue forecast` where a naive forecast was ahead, and where there is none."""

import numpy as np
import pandas as pd
import pytest

from tests.cli.conftest import run


@pytest.fixture
def year(tmp_path):
    """Two years of days with a clean season, which the windows of NanoTST are too short to see."""
    days = np.arange(760)
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=760)})
    frame["y"] = (100 + 40 * np.sin(2 * np.pi * days / 365.25) + np.random.default_rng(0).normal(size=760)).round(2)
    frame.to_csv(tmp_path / "year.csv", index=False)
    return tmp_path / "year.csv"


def test_a_naive_forecast_that_was_ahead_is_named_in_one_line(year):
    result = run(year, "--horizon", 60)
    assert result.exit_code == 0
    assert result.stderr.startswith("check: SeasonalNaive-365 had ")
    assert result.stderr.endswith("compare by `segue backtest`, or use --model seasonal-naive:365\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("flags", [["--no-check"], ["--quiet"], ["--model", "seasonal-naive:365"]])
def test_no_check_where_none_is_wanted(year, flags):
    result = run(year, "--horizon", 60, *flags)
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_series_without_such_a_season_has_no_line(tmp_path):
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=200)})
    frame["y"] = np.random.default_rng(3).normal(size=200).round(3)
    frame.to_csv(tmp_path / "in.csv", index=False)
    assert run(tmp_path / "in.csv", "--horizon", 10).stderr == ""
