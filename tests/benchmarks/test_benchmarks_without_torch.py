"""Benchmarks of what is served hold no torch: neither their figures of memory nor their users need it."""

import numpy as np
import pandas as pd

MODULES = (
    "bootstrap", "choices", "competitors", "contenders", "backbones", "frontier", "histories", "horizons",
    "known_distributions", "paired", "published", "rates", "series", "tables", "throughput", "zeroshot",
)  # fmt: skip
"""Those that train or draw something import torch when they do it, not before."""


def test_benchmarks_are_imported_without_torch(without_torch):
    code = f"import importlib\nfor name in {MODULES}: importlib.import_module(f'benchmarks.forecasting.{{name}}')"
    finished = without_torch("-c", code)
    assert finished.returncode == 0, finished.stderr


def test_a_bundled_model_is_scored_without_torch(without_torch, tmp_path):
    """The whole command on a set of three series; a line is continued far better than by its last value."""
    line = np.arange(40.0)
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "y": slope * line, "split": ["train"] * 34 + ["test"] * 6})
        for name, slope in {"a": 1.0, "b": -3.0, "c": 0.2}.items()
    )
    frame.to_parquet(tmp_path / "m1_yearly.parquet")
    output = tmp_path / "scores.csv"
    arguments = ["--view", "official", "--sets", "m1_yearly", "--model", "nanotst-small", "--threads", "1"]
    finished = without_torch(
        "-m", "benchmarks.forecasting.zeroshot", "--data", tmp_path, "--output", output, *arguments
    )
    assert finished.returncode == 0, finished.stderr
    rows = pd.read_csv(output)
    ours = rows[(rows["model"] == "nanotst-small") & (rows["set"] == "m1_yearly")].iloc[0]
    assert ours["mase_ratio"] < 0.3
    assert ours["peak_mb"] > 0
    assert len(pd.read_parquet(output.with_suffix(".parquet"))) == 9  # three series of three models
