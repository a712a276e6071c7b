"""`--future`, `--covariates` and `--holidays`: the same forecasts as in Python, or one line of advice."""

import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import segue
from segue.cli import app

MODEL = "seasonal-naive:7"


@pytest.fixture
def files(tmp_path):
    days = pd.date_range("2023-01-01", periods=330, freq="D")
    random = np.random.default_rng(0)
    promo = np.where(random.random(330) < 0.2, "yes", "no")
    table = pd.DataFrame({"ds": days, "y": np.round(50 + 20 * (promo == "yes") + random.normal(size=330), 3)})
    table = table.assign(promo=promo, price=np.round(random.random(330), 3))
    table[:316].to_csv(tmp_path / "past.csv", index=False)
    table[316:].drop(columns="y").to_csv(tmp_path / "future.csv", index=False)
    return tmp_path, table


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_a_file_of_the_future_gives_the_forecast_of_python(files):
    folder, table = files
    result = run("forecast", folder / "past.csv", "--target", "y", "--horizon", 14, "--model", MODEL, "--no-check",
                 "--future", folder / "future.csv", "--covariates", "promo",
                 "--output", folder / "out.csv")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "note: 1 known column: the error of" in result.stderr
    with pytest.warns(segue.errors.Notice):
        expected = segue.forecast(table[:316], 14, model=MODEL, future=table[316:], covariates="promo", target_col="y")
    np.testing.assert_allclose(pd.read_csv(folder / "out.csv")["SeasonalNaive"], expected["SeasonalNaive"], rtol=1e-9)


def test_a_backtest_takes_columns_of_its_file(files):
    folder, _ = files
    result = run("backtest", folder / "past.csv", "--target", "y", "--horizon", 14, "--model", MODEL, "--against",
                 MODEL, "--covariates", "promo,price", "--forecasts", folder / "out.csv")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    forecasts = pd.read_csv(folder / "out.csv")
    own, rival = (np.abs(forecasts[name] - forecasts.y).mean() for name in ("SeasonalNaive", "SeasonalNaive-7"))
    assert own < 0.6 * rival


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--future", "future.csv", "--covariates", "rain"), "segue: --covariates rain: the history has no"),
        (("--covariates", "promo"), "segue: --covariates promo: its future is not given; add the column to --future"),
        (("--holidays", "XX"), "segue: --holidays XX: is not known"),
    ],
)
def test_a_mistake_gets_one_line_and_no_file(files, options, line):
    pytest.importorskip("holidays")
    folder, _ = files
    options = [folder / option if option == "future.csv" else option for option in options]
    result = run("forecast", folder / "past.csv", "--target", "y", "--horizon", 14, "--model", MODEL, *options,
                 "--output", folder / "out.csv")  # fmt: skip
    assert result.exit_code == 2
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1
    assert not (folder / "out.csv").exists()


def test_an_explanation_has_the_columns_of_the_future(files):
    folder, table = files
    result = run("explain", folder / "past.csv", "--target", "y", "--horizon", 14, "--model", MODEL, "--future",
                 folder / "future.csv", "--output", folder / "out.csv")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "note: 2 known columns: the error of" in result.stderr
    assert re.search(r"The column promo raises it by [\d.]+ at 3 steps .*, first on \d{4}-\d\d-\d\d\.", result.stdout)
    rows = pd.read_csv(folder / "out.csv")
    np.testing.assert_allclose(rows.loc[:, "level":].sum(axis=1), rows["SeasonalNaive"], atol=1e-6)
    with pytest.warns(segue.errors.Notice):
        reason = segue.explain(table[:316], 14, model=MODEL, future=table[316:].drop(columns="y"), target_col="y")
    for key, part in reason.contributions.items():
        np.testing.assert_allclose(rows[key], part, rtol=1e-9, atol=1e-9)


def test_paths_have_the_quantiles_of_the_forecast_with_a_future(files):
    """Of five paths the k-th smallest value of a step is the quantile of level .1, .3, .5, .7 and .9."""
    folder, table = files
    result = run("simulate", folder / "past.csv", "--target", "y", "--horizon", 14, "--model", MODEL, "--paths", 5,
                 "--future", folder / "future.csv", "--covariates", "promo", "--output", folder / "out.csv",
                 "--quiet")  # fmt: skip
    assert (result.exit_code, result.output) == (0, "")
    paths = pd.read_csv(folder / "out.csv")["SeasonalNaive"].to_numpy().reshape(5, 14)
    options = {"model": MODEL, "future": table[316:], "covariates": "promo", "target_col": "y"}
    with pytest.warns(segue.errors.Notice):
        known = segue.forecast(table[:316], 14, levels=(), quantiles=(0.1, 0.3, 0.5, 0.7, 0.9), **options)
    np.testing.assert_allclose(np.sort(paths, axis=0).T, known[[f"SeasonalNaive-q-{q}0" for q in range(1, 10, 2)]])
    with pytest.warns(segue.errors.Notice):
        same = segue.simulate(table[:316], 14, paths=5, **options)
    np.testing.assert_allclose(same["SeasonalNaive"], paths.ravel(), rtol=1e-9)


@pytest.mark.parametrize("verb", ["forecast", "simulate", "explain"])
def test_no_output_overwrites_the_future(files, verb):
    folder, _ = files
    before = (folder / "future.csv").read_bytes()
    options = ("--target", "y", "--horizon", 14, "--model", MODEL, "--future", folder / "future.csv")
    result = run(verb, folder / "past.csv", *options, "--output", folder / "future.csv")
    line = f"segue: --output {folder / 'future.csv'}: would overwrite a folder or the input; name another file"
    assert (result.exit_code, result.stderr) == (2, f"{line}\n")
    assert (folder / "future.csv").read_bytes() == before


@pytest.mark.parametrize("verb", ["forecast", "simulate", "explain"])
def test_two_rows_of_one_step_in_a_future_are_one_line(files, verb):
    folder, table = files
    future = pd.concat([table[316:], table[320:321]]).drop(columns="y")
    future.to_csv(folder / "twice.csv", index=False)
    options = ("--target", "y", "--horizon", 14, "--model", MODEL, "--future", folder / "twice.csv")
    result = run(verb, folder / "past.csv", *options, "--output", folder / "out.csv")
    line = "segue: --future 2023-11-17: occurs twice; keep one row a step, or choose --duplicates mean|sum|first|last"
    assert (result.exit_code, result.stderr) == (2, f"{line}\n")
    assert not (folder / "out.csv").exists()


@pytest.mark.parametrize("verb", ["forecast", "backtest", "simulate", "explain"])
def test_threads_reach_the_model(files, verb, monkeypatch):
    """Catches a number of threads that a verb takes and ignores."""
    import segue.forecasting.registry as registry

    given, load = [], registry.load_predictor

    def loaded(model, argument="model", threads=None):
        given.append(threads)
        return load(model, argument, threads)

    monkeypatch.setattr(registry, "load_predictor", loaded)
    options = ("--target", "y", "--horizon", 3, "--model", MODEL, "--threads", 2, "--quiet")
    result = run(verb, files[0] / "past.csv", *options)
    assert result.exit_code == 0, result.stderr
    assert given[0] == 2
    refused = run(verb, files[0] / "past.csv", *options, "--threads", 0)
    assert (refused.exit_code, refused.stderr) == (2, "segue: --threads 0: give a whole number of at least 1\n")
