"""Where the dependence of paths with known columns should come from: the series, or what their effects leave of it.

    python -m benchmarks.forecasting.known_dependence --data DATA

The quantiles are those of the forecast with known columns, at a weight of .7. The last windows of a series are
simulated by 200 paths each; independent steps stand beside. DATA is that of `covariates.py`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.figures import write_figures
from benchmarks.forecasting.totals import energy_scores
from benchmarks.machine import default_output, machine
from segue.forecasting.answers.covariates import Given, with_known
from segue.forecasting.answers.dependence import PAST, estimate_dependence
from segue.forecasting.answers.paths import join_paths, noise_of
from segue.forecasting.answers.regressed import Regressed
from segue.forecasting.predictor import LEVELS, History, Known, forecast_panel
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.grid.origins import Origins
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

PATHS, WEIGHT = 200, 0.7


def tables(data: Path):
    """Yields a name, a frame, horizon, windows and what is known, for each table."""
    for market in ("NP", "FR"):
        frame = pd.read_parquet(data / f"epf_{market.lower()}.parquet").tail(24 * 600)
        names = [name for name in frame if name not in ("unique_id", "ds", "y")]
        yield market, frame, 24, 48, (names, None)
    victoria = pd.read_parquet(data / "vic_elec.parquet")[["unique_id", "ds", "y", "temperature"]]
    yield "vic_elec", victoria.tail(48 * 300), 48, 32, (["temperature"], "AU-VIC")
    births = pd.read_parquet(data / "us_births.parquet")[["unique_id", "ds", "y"]]
    yield "us_births", births, 30, 36, (None, "US")


def measure(name: str, frame: pd.DataFrame, horizon: int, windows: int, known: tuple, model: str) -> list[dict]:
    """Scores the paths of one table by each dependence."""
    layout, every = Layout(), np.arange(windows)
    panel = with_known(read_frame(frame, layout), Given(frame, None, *known), layout, 0).panel
    panel = replace(panel, known=replace(panel.known, weights=np.full(1, WEIGHT)))
    lanes = Origins(panel, np.zeros_like(every), every, int(panel.ends[0]) - horizon * (every + 1), horizon)
    predictor = Regressed(load_predictor(model, threads=1))
    quantiles, actual = forecast_panel(predictor, lanes, horizon, LEVELS), lanes.actual()
    values, observed = lanes.lanes(every, predictor.context)
    columns, weights = lanes.known_lanes(every, values.shape[1], horizon)
    fits = predictor.fits(History(values, observed, lanes.seasons, Known(columns, weights)), horizon)
    effects = np.stack([fit.effects.of(own) for fit, own in zip(fits, columns, strict=True)])[:, : values.shape[1]]
    noise = np.stack([noise_of(0, window, PATHS, horizon + 1) for window in every])
    sources = {"series": values, "what effects leave": values - effects, "steps taken as independent": None}
    rows, base = [], None
    for source, past in sources.items():
        scores = noise[..., :-1]
        if past is not None:
            last = np.where(observed, past, 0.0)[:, -PAST:]
            scores = estimate_dependence(last, observed[:, -PAST:], lanes.seasons, horizon).scores(noise)
        paths = join_paths(quantiles, scores)
        score, totals = energy_scores(paths, actual), paths.sum(-1)
        base = score if base is None else base
        low, high = np.quantile(totals, [0.1, 0.9], axis=1)
        rows.append(
            {
                "table": name,
                "windows": windows,
                "dependence": source,
                "energy_ratio": float(score.mean() / base.mean()),
                "ratio_error": float((score / base).std() / windows**0.5),
                "coverage_80_of_sums": float(((actual.sum(1) >= low) & (actual.sum(1) <= high)).mean()),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--output", type=Path, default=default_output("known-dependence"))
    options = parser.parse_args()
    rows = []
    for name, *rest in tables(options.data):
        rows += measure(name, *rest, options.model)
        print(pd.DataFrame(rows[-3:]).to_string(index=False), flush=True)
    write_figures(rows, options.output, machine(1))


if __name__ == "__main__":
    main()
