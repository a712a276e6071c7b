"""`segue backtest`: scores, tables and pictures out, or one line of advice and no file."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from segue import backtest, plot_backtest
from segue.cli import app
from segue.cli.shared.scores import _table as score_table
from segue.forecasting.evaluation import plots as backtest_plots
from tests.forecasting.conftest import several


def run(*arguments):
    result = CliRunner().invoke(app, ["backtest", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def source(tmp_path):
    several((60, 24, 10)).to_csv(tmp_path / "in.csv", index=False)
    return tmp_path / "in.csv"


def test_what_is_written_is_what_python_gives(source, tmp_path):
    """The table of scores, the forecasts, and the lines about short series."""
    scores, forecasts, plot = tmp_path / "scores.csv", tmp_path / "forecasts.parquet", tmp_path / "plot.png"
    result = run(source, "--horizon", 5, "--windows", 3, "--model", "ar", "--level", 90, "--output", scores,
                 "--forecasts", forecasts, "--plot", plot)  # fmt: skip
    assert (result.exit_code, result.stderr) == (0, "")
    expected = backtest(several((60, 24, 10)), 5, 3, models=["ar", "naive"], levels=90)
    pd.testing.assert_frame_equal(pd.read_csv(scores), expected.scores)
    pd.testing.assert_frame_equal(pd.read_parquet(forecasts), expected.forecasts)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "5 windows of 5 steps, 3 series, frequency MS, season 12" in result.stdout
    assert "1 of 3 series have room for fewer than 3 windows" in result.stdout
    assert "1 of 3 series are too short for one window" in result.stdout
    row = next(line for line in result.stdout.splitlines() if line.startswith("AR "))
    assert float(row.split()[1]) == pytest.approx(expected.overall["mase"][0], abs=1e-3)
    assert row.split()[-1] == f"{expected.overall['coverage-90'][0]:.1%}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--horizon", 0], "--horizon 0: give a whole number of at least 1"),
        (["--windows", 0], "--windows 0: give a whole number of at least 1"),
        (["--step", 0], "--step 0: give a whole number of at least 1"),
        (["--horizon", 48], "--horizon 48: no series is long enough: a window takes 13 values and the 48 steps after "
                            "them, and the longest has 60 steps; give a smaller horizon"),
        (["--against", "ar,zebra"], "--against zebra: name a model folder or a bundled model: nanotst, nanotst-small; "
                                    "or a baseline: ar, seasonal-naive, ets, theta"),
        (["--level", 99], "--level 99.0: give a percentage from 1 to 98"),
        (["--id", "shop"], "--id shop: no such column; there are unique_id, ds, y"),
        (["--forecasts", "out.txt"], "--forecasts out.txt: give a name that ends in .csv or .csv.gz or .parquet"),
    ],
)  # fmt: skip
def test_a_mistake_costs_one_line_and_no_file(source, tmp_path, arguments, message):
    given = {"--horizon": 3, "--model": "seasonal-naive", "--output": tmp_path / "o.csv", "--plot": tmp_path / "o.png"}
    given |= dict([arguments])
    result = run(source, *(word for pair in given.items() for word in pair))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"segue: {message}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_one_file_is_not_written_twice(source, tmp_path):
    result = run(source, "--horizon", 3, "--output", tmp_path / "o.csv", "--forecasts", tmp_path / "o.csv")
    assert (result.exit_code, result.stderr) == (2, f"segue: --forecasts {tmp_path / 'o.csv'}: is named twice; "
                                                    "give each its own file\n")  # fmt: skip


def test_an_interrupt_leaves_nothing(source, tmp_path, monkeypatch):
    """Catches a table that was written before the work was done."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("segue.forecasting.baselines.seasonal_naive.SeasonalNaive.predict", interrupt)
    result = run(source, "--horizon", 3, "--model", "ar", "--output", tmp_path / "o.csv")
    assert (result.exit_code, result.stdout) == (130, "")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_the_picture_has_the_past_of_all_series_that_it_shows(tmp_path, monkeypatch):
    """Catches the first four series of the file, some of them too short for a window, instead of the four shown."""
    seen = []
    monkeypatch.setattr(backtest_plots, "plot_backtest", lambda *a, **k: seen.append(plot_backtest(*a, **k)) or seen[0])
    several((60, 9, 9, 60, 60)).to_csv(tmp_path / "in.csv", index=False)
    run(tmp_path / "in.csv", "--horizon", 3, "--model", "ar", "--plot", tmp_path / "plot.png")
    charts = seen[0].axes[:3]
    assert [chart.get_title(loc="left").split()[0] for chart in charts] == ["s0", "s3", "s4"]
    assert [len(chart.get_lines()[0].get_xdata()) for chart in charts] == [39] * 3


def test_the_picture_shows_the_last_windows_that_do_not_overlap():
    """Each fan begins at the value of its origin and follows the forecast; errors and scores are the frames'."""
    frame = several((60,))
    result = backtest(frame, 4, 6, step=2, models=["ar", "seasonal-naive"])
    chart, steps, table = plot_backtest(frame, result).axes
    origins = [line.get_xdata()[0] for line in chart.get_lines() if str(line.get_label()) == "origin"]
    assert origins == [frame["ds"].to_numpy()[55]]
    medians = [line for line in chart.get_lines() if len(line.get_xdata()) == 5]
    assert len(medians) == 3  # of six windows, two steps apart, every second one
    last = result.forecasts.tail(4)
    np.testing.assert_array_equal(medians[0].get_ydata(), [frame["y"][55], *last["AR"]])
    (top,) = (line for line in steps.get_lines() if line.get_linewidth() == 2)
    np.testing.assert_array_equal(top.get_ydata(), result.steps["mase"][:4])
    assert {line.get_xdata()[0] for line in chart.get_lines() if line.get_linewidth() == 0.9} == {
        frame["ds"].to_numpy()[row] for row in (47, 51, 55)
    }
    words = [text.get_text() for text in table.texts]
    assert {"AR", "SeasonalNaive", f"{result.overall['mase'][0]:.3f}"} <= set(words)


def test_the_verdict_and_the_warning_stand_below_the_table(tmp_path):
    """An autoregression of few values knows no year; the one that repeats it exactly is best and bold."""
    months = pd.date_range("2010-01-01", periods=120, freq="MS")
    wave = np.tile([0.0, 9, 1, 8, 2, 7, 3, 6, 4, 5, 9, 0], 10) + 0.1 * np.random.default_rng(0).normal(size=120)
    pd.DataFrame({"ds": months, "y": wave.round(3)}).to_csv(tmp_path / "in.csv", index=False)
    lines = run(tmp_path / "in.csv", "--horizon", 12, "--model", "seasonal-naive:1").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["model", "Naive", "SeasonalNaive-12"]
    assert lines[2].split()[1:7] == ["MASE", "WQL", "WAPE", "MAE", "RMSE", "bias"]
    assert lines[6].startswith("Naive's error (MASE ")
    assert "that of the best naive forecast, SeasonalNaive-12 (" in lines[6]
    assert "in 5 of 5 windows; given the spread over windows, it is at least " in lines[6]
    assert " % band held" in lines[6]
    assert lines[7] == (
        "warning: SeasonalNaive-12 was better than Naive by more than the spread; forecast series like these with the "
        "model seasonal-naive:12"
    )


def test_the_best_figure_is_bold_and_not_the_first():
    overall = pd.DataFrame({"model": ["NanoTST", "Naive"], "mase": [2.0, 1.0], "bias": [0.1, -0.2],
                            "coverage-80": [0.7, 0.99]})  # fmt: skip
    rows = [[str(getattr(cell, "style", "")) for cell in column.cells] for column in score_table(overall).columns]
    assert rows == [["", ""], ["", "bold"], ["bold", ""], ["bold", ""]]
