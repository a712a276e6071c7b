"""The mean of a forecast beside its median: what sums of forecasts miss, and the squared error.

    python -m benchmarks.forecasting.means --data DIR

Of the validation view. `bias` is the sum of forecasts less that of the values, over the sum of absolute values.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import write_figures
from benchmarks.forecasting.calibration import panel_of
from benchmarks.forecasting.sets import SETS, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.answers.expectation import means
from segue.forecasting.predictor import LEVELS, forecast_panel
from segue.forecasting.registry import load_predictor

ASKED = ("m1_quarterly", "tourism_monthly", "m4_hourly", "avocado_weekly", "us_births", "car_parts")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--output", type=Path, default=default_output("means"))
    options = parser.parse_args()
    predictor = load_predictor(options.model, threads=1)
    rows: list[dict[str, Any]] = []
    for dataset in SETS:
        if dataset.name not in ASKED:
            continue
        task = load_task(options.data, dataset, "validation")
        panel = panel_of(task)
        quantiles = forecast_panel(predictor, panel, dataset.horizon, LEVELS)
        found = {"median": quantiles[..., LEVELS.index(0.5)], "mean": means(predictor, panel, quantiles)}
        row: dict[str, Any] = {"set": dataset.name, "horizon": dataset.horizon, "windows": len(task)}
        for name, point in found.items():
            error = point - task.actual
            row[f"bias_{name}"] = float(np.nansum(error) / np.nansum(np.abs(task.actual)))
            row[f"rmse_{name}"] = float(np.sqrt(np.nanmean(error**2)))
        rows.append(row | {"rmse_ratio": row["rmse_mean"] / row["rmse_median"]})
        print({key: round(x, 3) if isinstance(x, float) else x for key, x in rows[-1].items()}, flush=True)
        write_figures(rows, options.output, {"model": options.model, **machine(1)})


if __name__ == "__main__":
    main()
