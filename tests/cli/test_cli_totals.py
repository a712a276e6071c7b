"""`segue simulate` and `segue forecast --per`, `--how`, `--over`: known totals, the same as in Python, refusals."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import segue
from segue.cli import app

SHOPS = [("north", "a"), ("north", "b"), ("south", "c")]
IDS = ("--id", "region,shop")
WEEKS = ("--horizon", 14, "--model", "seasonal-naive:7")


@pytest.fixture
def table(tmp_path):
    """Ten weeks from a Monday: shops a, b and c sell the number of the weekday, plus 0, 1 and 2; no forecast errs."""
    days = pd.date_range("2024-01-01", periods=70)
    frames = [
        pd.DataFrame({"region": region, "shop": shop, "day": days, "sold": days.dayofweek + more})
        for more, (region, shop) in enumerate(SHOPS)
    ]
    path = tmp_path / "table.csv"
    pd.concat(frames).to_csv(path, index=False)
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def written(verb, table, *arguments):
    output = table.parent / "out.csv"
    result = run(verb, table, *IDS, *arguments, "--output", output, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    return pd.read_csv(output)


def test_weeks_of_a_certain_future_have_the_sums_of_the_past(table):
    found = written("forecast", table, *WEEKS, "--per", "W")
    assert list(found.columns) == [
        "region", "shop", "day", "steps", "SeasonalNaive", "SeasonalNaive-lo-80", "SeasonalNaive-hi-80",
    ]  # fmt: skip
    assert found["day"].tolist() == ["2024-03-11", "2024-03-18"] * 3
    assert found["steps"].tolist() == [7] * 6
    for column in found.columns[4:]:
        assert found[column].tolist() == [21, 21, 28, 28, 35, 35]


@pytest.mark.parametrize(("how", "totals"), [("sum", [98, 70]), ("mean", [3.5, 5]), ("min", [0, 2]), ("max", [7, 8])])
def test_regions_over_the_whole_horizon(table, how, totals):
    found = written("forecast", table, *WEEKS, "--per", "horizon", "--over", "region", "--how", how)
    assert found["region"].tolist() == ["north", "south"]
    assert found["SeasonalNaive"].tolist() == found["SeasonalNaive-hi-80"].tolist() == totals


def test_all_series_at_each_step(table):
    found = written("forecast", table, *WEEKS, "--over", "all")
    assert found["SeasonalNaive"].tolist() == [3 * day + 3 for day in range(7)] * 2
    assert found["steps"].tolist() == [1] * 14


def test_paths_of_a_certain_future_are_one_path(table):
    found = written("simulate", table, *WEEKS, "--paths", 3)
    assert list(found.columns) == ["region", "shop", "path", "day", "SeasonalNaive"]
    expected = np.arange(7) + np.arange(3)[:, None]
    assert found["SeasonalNaive"].tolist() == np.tile(np.repeat(expected, 3, axis=0), 2).ravel().tolist()
    assert found["path"].tolist() == np.tile(np.repeat(range(3), 14), 3).tolist()


def test_calibrated_totals_are_those_of_python(table):
    frame = pd.read_csv(table, parse_dates=["day"])
    frame["sold"] += np.random.default_rng(0).normal(size=len(frame)).round(3)
    frame.to_csv(table, index=False)
    found = written("forecast", table, "--horizon", 7, "--model", "ar", "--per", "W", "--calibrate", 4, "--seed", 3)
    options = {"id_col": ["region", "shop"], "target_col": "sold", "model": "ar", "per": "W", "seed": 3}
    with pytest.warns(segue.errors.Notice, match="bands rest on 12 windows of 7 steps"):
        calibrated = segue.forecast(frame, 7, calibrate=4, **options)
    plain = segue.forecast(frame, 7, **options)
    np.testing.assert_allclose(found.iloc[:, 4:], calibrated.iloc[:, 4:], rtol=1e-9)
    assert (calibrated["AR-hi-80"] != plain["AR-hi-80"]).all()


def test_more_rows_than_the_screen_has_are_counted(table):
    shown = run("simulate", table, *IDS, *WEEKS, "--paths", 2).stdout
    assert shown.splitlines()[-1] == "... and 4 rows more"
    assert run("forecast", table, *IDS, *WEEKS, "--per", "horizon").stdout.splitlines()[1].split()[3:] == [
        "14",
        "42",
        "42",
        "42",
    ]


@pytest.mark.parametrize(
    ("verb", "arguments", "line"),
    [
        ("forecast", ("--per", "X"), "--per X: give a pandas frequency such as W, M or Q, or horizon"),
        ("forecast", ("--how", "sum"), "--how sum: give --per, --over or both, too"),
        ("forecast", ("--per", "W", "--how", "most"), "--how most: choose one of sum, mean, min, max"),
        ("forecast", ("--over", "town"), "--over town: give one of region, shop, all; name the column among --id"),
        ("forecast", ("--per", "W", "--seed", "-1"), "--seed -1: give a whole number of at least 0"),
        ("forecast", ("--seed", "3"), "--seed 3: give --per, --over or both, too"),
        ("forecast", ("--per", "W", "--plot", "a.png"), "--plot a.png: shows single steps; leave it out, or leave out"),
        ("simulate", ("--paths", "1"), "--paths 1: give a whole number of at least 2"),
        ("simulate", ("--horizon", "0"), "--horizon 0: give a whole number of at least 1"),
    ],
)
def test_what_is_no_total_or_path_is_one_line_and_nothing_is_written(table, verb, arguments, line):
    output = table.parent / "out.csv"
    result = run(verb, table, *IDS, *WEEKS, "--output", output, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith(f"segue: {line}")
    assert [path.name for path in table.parent.iterdir()] == ["table.csv"]


def test_series_of_a_total_end_together(table):
    frame = pd.read_csv(table)
    frame[:-1].to_csv(table, index=False)
    result = run("forecast", table, *IDS, *WEEKS, "--over", "all")
    assert result.exit_code == 2
    assert "--over all: the series of a total end at different times; cut them to one end" in result.stderr


def test_totals_are_checked_like_steps_unless_no_check_is_asked_for(table, monkeypatch):
    """Catches a `--no-check` that is taken and has no meaning."""
    checked = []
    monkeypatch.setattr("segue.cli.shared.check.show_check", lambda *_: checked.append(True))
    for options, count in (((), 1), (("--no-check",), 1), (("--quiet",), 1)):
        assert run("forecast", table, *IDS, *WEEKS, "--per", "W", *options).exit_code == 0
        assert len(checked) == count
