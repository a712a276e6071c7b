"""`--future`, `--covariates` and `--holidays`: the same forecasts as in Python, or one line of advice."""

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
