"""The model for fev on a task of a local file; it runs where fev is installed."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("fev", exc_type=ImportError)

import datasets
import fev

import segue
from segue.adapters.fev import NanoTSTModel
from tests.adapters.test_arrays import values

pytestmark = pytest.mark.filterwarnings("ignore")
DAYS = pd.date_range("2024-01-01", periods=150)


def single(count, seed):
    """Values of single precision: fev reads no others."""
    return values(count, seed).astype(np.float32).astype(np.float64)


def task(tmp_path, targets):
    rows = [
        {
            "id": name,
            "timestamp": DAYS,
            **{target: single(150, seed + 7 * place) for place, target in enumerate(targets)},
        }
        for seed, name in enumerate("abc")
    ]
    path = tmp_path / "set.parquet"
    datasets.Dataset.from_list([{k: list(v) if k != "id" else v for k, v in row.items()} for row in rows]).to_parquet(
        path
    )
    target = targets[0] if len(targets) == 1 else list(targets)
    options = {"horizon": 9, "num_windows": 2, "seasonality": 7, "quantile_levels": [0.1, 0.5, 0.9], "target": target}
    return fev.Task(dataset_path=str(path), eval_metric="MASE", **options), rows


@pytest.mark.parametrize("targets", [("y",), ("y", "z")])
def test_predictions_are_those_of_segue_and_are_scored(tmp_path, targets):
    own, rows = task(tmp_path, targets)
    model = NanoTSTModel("nanotst-small")
    predictions = model.fit_predict(own)
    assert len(predictions) == 2
    for found, end in zip(predictions, (132, 141), strict=True):
        for target in targets:
            past = pd.concat(
                [pd.DataFrame({"unique_id": row["id"], "ds": DAYS[:end], "y": row[target][:end]}) for row in rows]
            )
            table = segue.forecast(past, 9, model="nanotst-small", freq="D", levels=80)
            for column, ours in (("predictions", ""), ("0.1", "-lo-80"), ("0.5", ""), ("0.9", "-hi-80")):
                expected = table[f"NanoTST-small{ours}"].to_numpy().reshape(3, 9)
                np.testing.assert_array_equal(np.array(found[target][column]), expected)
    summary = own.evaluation_summary(predictions, model_name=model.model_name, inference_time_s=model.inference_time)
    assert np.isfinite(summary["MASE"])
    assert fev.ForecastingModel.get_model_cls("segue-nanotst") is NanoTSTModel
