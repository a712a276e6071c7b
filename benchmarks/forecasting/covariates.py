"""What covariates and holidays add: the same model with and without them, in the same windows.

    python -m benchmarks.forecasting.covariates --data DATA --anchors epf_lear_dnn.csv --bike bike_sharing_hour.csv

DATA holds epf_np, epf_pjm, epf_fr, vic_elec and us_births as Parquet files (`unique_id`, `ds`, `y`, covariates). The
anchors are errors of LEAR and DNN in the same hours, from the forecasts that Lago et al. (2021) published.

`--noise` is the control: a column of white noise in the place of all that is known. What is gained then is not due to
the columns, but to the regressions on the past that come with them. `--most` takes fewer of the last windows.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import segue
from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine

MARKETS = ("NP", "PJM", "FR")
LAST = "last 364 days"


def tables(data: Path, bike: Path | None):
    """Yields a name, a frame, horizon, windows and what is known, for each table."""
    for market in MARKETS:
        frame = pd.read_parquet(data / f"epf_{market.lower()}.parquet")
        names = [name for name in frame if name not in ("unique_id", "ds", "y")]
        yield market, frame, 24, 364, {"covariates": names}
    victoria = pd.read_parquet(data / "vic_elec.parquet")[["unique_id", "ds", "y", "temperature"]]
    yield "vic_elec", victoria, 48, 180, {"covariates": ["temperature"], "holidays": "AU-VIC"}
    yield "vic_elec, holidays", victoria, 48, 180, {"holidays": "AU-VIC"}
    births = pd.read_parquet(data / "us_births.parquet")[["unique_id", "ds", "y"]]
    yield "us_births", births, 30, 36, {"holidays": "US"}
    if bike is not None:
        rides = pd.read_csv(bike)
        rides["ds"] = pd.to_datetime(rides.dteday) + pd.to_timedelta(rides.hr, unit="h")
        weather = ["temp", "atemp", "hum", "windspeed", "weathersit", "workingday"]
        rides = rides[["ds", "cnt", *weather]].rename(columns={"cnt": "y"}).assign(unique_id="bike")
        grid = pd.DataFrame({"ds": pd.date_range(rides.ds.min(), rides.ds.max(), freq="h")}).merge(rides, how="left")
        grid[weather], grid["unique_id"] = grid[weather].ffill(), "bike"
        yield "bike_sharing", grid, 24, 180, {"covariates": weather}


def with_noise(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """A table with a column of white noise, and that column as all that is known."""
    return frame.assign(noise=np.random.default_rng(0).normal(size=len(frame))), {"covariates": ["noise"]}


def measure(name: str, frame: pd.DataFrame, horizon: int, windows: int, known: dict, model: str) -> dict:
    """Scores one table with and without what is known."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        begin = time.perf_counter()
        result = segue.backtest(frame, horizon, windows, models=(model, model), levels=(80,), **known)
        seconds = time.perf_counter() - begin
    overall = pd.DataFrame(result.overall)
    own, without = overall.iloc[0], overall.iloc[1]
    return {
        "table": name,
        "horizon": horizon,
        "windows": windows,
        "mae": own.mae,
        "mae_without": without.mae,
        "mae_ratio": own.mae / without.mae,
        "wql": own.wql,
        "wql_without": without.wql,
        "coverage_80": own["coverage-80"],
        "coverage_80_without": without["coverage-80"],
        "seconds": seconds,
        "note": next((str(note.message) for note in notes if "known column" in str(note.message)), ""),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--anchors", type=Path, required=True)
    parser.add_argument("--bike", type=Path)
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--only", default="", help="tables whose name begins so, or so: NP,PJM")
    parser.add_argument("--noise", action="store_true", help="the control: only a column of noise is known")
    parser.add_argument("--most", type=int, default=10**6, help="windows of a table")
    parser.add_argument("--output", type=Path, default=None)
    options = parser.parse_args()
    output = options.output or default_output("covariates-noise" if options.noise else "covariates")
    anchors = pd.read_csv(options.anchors)
    anchors = anchors[anchors.window == LAST].set_index("market").mae_lear
    rows = []
    for name, frame, horizon, windows, known in tables(options.data, options.bike):
        if name.startswith(tuple(options.only.split(","))) and not (options.noise and ", " in name):
            frame, known = with_noise(frame) if options.noise else (frame, known)
            row = measure(name, frame, horizon, min(windows, options.most), known, options.model)
            same = not options.noise and windows <= options.most  # hours as those of the anchors
            row["mae_lear"] = float(anchors.get(name, float("nan"))) if same else float("nan")
            row["over_lear"] = row["mae"] / row["mae_lear"]
            rows.append(row)
            print(
                {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}, flush=True
            )
    own = pd.DataFrame(rows).over_lear.dropna()
    if len(own):
        print(f"geometric mean over LEAR: {own.prod() ** (1 / len(own)):.3f}")
    write_figures(rows, output, machine(1))


if __name__ == "__main__":
    main()
