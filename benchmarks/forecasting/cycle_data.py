"""Real series with a long cycle: the error over the last five windows, beside that of seasonal naive forecasts."""

from pathlib import Path

import pandas as pd

from segue.forecasting.evaluation.backtest import backtest
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.files.read import read_table
from segue.forecasting.table.layout import Layout

WINDOWS = 5
REAL = {"yosemite_temps.csv": 288, "us_births.parquet": 365, "wp_log_peyton_manning.csv": 365}
"""Files and their horizons: temperatures of 5 minutes, births a day, and the log of page views a day."""
SEASONS = {288: (288, 2016), 365: (7, 364, 365)}  # steps, by horizon: a day and a week; a week and a year


def real_rows(folder: Path, models: list[str], threads: int) -> pd.DataFrame:
    """One row a file and model; `naive` is the least error of all seasonal naive forecasts, chosen in hindsight."""
    return pd.DataFrame([row for file in REAL for row in of_file(folder, file, models, threads)])


def of_file(folder: Path, file: str, models: list[str], threads: int) -> list[dict[str, object]]:
    path = next(folder.rglob(file), None)
    if path is None:
        raise SystemExit(f"no {file} in {folder}")
    horizon = REAL[file]
    rivals = [f"seasonal-naive:{season}" for season in SEASONS[horizon]]
    frame = read_table(path, Layout()).frame[["ds", "y"]]
    naives = {rival: error(frame, horizon, rival, threads) for rival in rivals}
    best = min(naives, key=lambda rival: naives[rival])
    rows = []
    for model in models:
        own = error(frame, horizon, model, threads)
        rows.append(
            {"file": file, "horizon": horizon, "model": model, "mae": own, "naive": naives[best], "season": best}
            | {"ratio": own / naives[best]}
        )
    return rows


def error(frame: pd.DataFrame, horizon: int, model: str, threads: int) -> float:
    """The mean absolute error of the median over the last windows, which do not overlap."""
    predictor = load_predictor(model, threads=threads)
    found = backtest(frame, horizon, WINDOWS, models=[predictor])
    return float(found.overall["mae"].iloc[0])
