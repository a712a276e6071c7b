"""Totals over series on sets with groups: the correlation of their past errors beside independence and added quantiles.

    python -m benchmarks.forecasting.over --data DIR

At each origin the table is cut off. The 80 % interval of the sum of a group is compared with what came, at each step.
`together` is the library's (`--over`). `apart` takes series as independent. `added` adds the quantiles of the series.
All have the same forecasts of the single series.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.forecasting.answers.joined import join_panel
from segue.forecasting.answers.totals import _picked as picked
from segue.forecasting.evaluation.metrics import interval_score
from segue.forecasting.predictor import LEVELS, Predictor, forecast_panel
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

PATHS = 500
LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


@dataclass(frozen=True)
class Groups:
    """A set and its groups: `part` is the part of a name `animal|state` that the series of a group share; -1 is all."""

    name: str
    file: str
    part: int
    horizon: int
    stride: int


SETS = (
    Groups("avocado_weekly, two kinds of a region", "avocado_weekly", 0, 8, 9),
    Groups("avocado_weekly, regions of a kind", "avocado_weekly", 1, 8, 9),
    Groups("aus_livestock, animals of a state", "aus_livestock", 1, 12, 13),
    Groups("aus_livestock, states of an animal", "aus_livestock", 0, 12, 13),
    Groups("pedestrian_melb, all", "pedestrian_melb", -1, 24, 101),
    Groups("aus_retail, all", "aus_retail", -1, 12, 13),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--origins", type=int, default=8)
    parser.add_argument("--output", type=Path, default=default_output("over"))
    options = parser.parse_args()
    predictor = load_predictor(options.model, threads=1)
    rows: list[dict[str, Any]] = []
    for groups in SETS:
        rows += measure(predictor, groups, options.data, options.origins)
        for row in rows[-3:]:
            print({key: round(x, 3) if isinstance(x, float) else x for key, x in row.items()}, flush=True)
        write_figures(rows, options.output, {"model": options.model, **machine(1)})


def measure(predictor: Predictor, groups: Groups, data: Path, origins: int) -> list[dict[str, Any]]:
    """A row for each way: coverage of 80 % at each step of the totals, and their interval score."""
    frame = pd.read_parquet(data / f"{groups.file}.parquet", columns=["unique_id", "ds", "y"])
    wide = frame.pivot_table(index="ds", columns="unique_id", values="y", observed=True).iloc[-3000:]
    wide = wide.loc[:, wide.notna().all()]  # series of one length, so that all totals have all their parts
    found: dict[str, list[list[np.ndarray]]] = {way: [] for way in ("together", "apart", "added")}
    for origin in range(origins):
        cut = len(wide) - groups.horizon - origin * groups.stride
        panel = panel_of(wide.iloc[:cut])
        quantiles = forecast_panel(predictor, panel, groups.horizon, LEVELS)
        names = [str(name) for name in panel.ids.to_list()]
        actual = wide[names].iloc[cut : cut + groups.horizon].to_numpy().T
        size = np.abs(wide[names].iloc[:cut].to_numpy()).mean(0)
        for lanes in members(names, groups.part):
            whole, own = actual[lanes].sum(0), quantiles[lanes]
            bounds = {"added": (own[..., LOW].sum(0), own[..., HIGH].sum(0))}
            for way in ("together", "apart"):
                paths = join_panel(predictor, picked(panel, lanes), own, PATHS, 0, together=way == "together")
                bounds[way] = tuple(np.quantile(paths.sum(0), [0.1, 0.9], axis=0))
            for way, (low, high) in bounds.items():
                found[way].append([x / size[lanes].sum() for x in (whole, low, high)])
    return [row(groups, way, np.array(cases), len(wide.columns), origins) for way, cases in found.items()]


def panel_of(wide: pd.DataFrame) -> Panel:
    """The series of a wide table."""
    long = wide.reset_index().melt("ds", var_name="unique_id", value_name="y")
    return read_frame(long.astype({"unique_id": str}), Layout()).panel


def members(names: list[str], part: int) -> list[np.ndarray]:
    """The series of each group of at least two."""
    keys = np.array([name.split("|")[part] if part >= 0 else "all" for name in names])
    found = [np.flatnonzero(keys == key) for key in np.unique(keys)]
    return [lanes for lanes in found if len(lanes) > 1]


def row(groups: Groups, way: str, cases: np.ndarray, series: int, origins: int) -> dict[str, Any]:
    """One way of one set; `cases` are totals, their lower and their upper bounds, `(groups and origins, 3, steps)`.

    The standard error is over origins, because groups are surprised together.
    """
    actual, low, high = cases[:, 0], cases[:, 1], cases[:, 2]
    inside = (low <= actual) & (actual <= high)
    by_origin = inside.reshape(origins, -1).mean(1)
    return {
        "set": groups.name,
        "way": way,
        "series": series,
        "groups": len(cases) // origins,
        "origins": origins,
        "horizon": groups.horizon,
        "coverage80": float(inside.mean()),
        "coverage80_se": float(by_origin.std(ddof=1) / np.sqrt(origins)),
        "winkler80": float(np.mean(interval_score(actual, low, high, 80))),
        "width": float((high - low).mean()),
    }


if __name__ == "__main__":
    main()
