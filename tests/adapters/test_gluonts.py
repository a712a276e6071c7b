"""The predictor for GluonTS and GIFT-Eval, in GluonTS's own evaluation; it runs where gluonts is installed."""

import warnings

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("gluonts", exc_type=ImportError)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it asks for a faster reader of JSON
    from gluonts.dataset.split import split
    from gluonts.ev.metrics import MASE, MeanWeightedSumQuantileLoss
    from gluonts.model.evaluation import evaluate_model

    from segue.adapters.gluonts import NanoTSTPredictor

import segue
from segue import UserError
from tests.adapters.test_arrays import values

pytestmark = pytest.mark.filterwarnings("ignore")
MODEL, LEVELS = "nanotst-small", (0.1, 0.5, 0.9)
START = pd.Period("2024-01-01", freq="D")
ENTRIES = [{"item_id": str(n), "start": START, "target": values(n, n).astype(np.float32)} for n in (30, 150, 90)]


def expected(entries, horizon):
    frames = [
        pd.DataFrame({"unique_id": place, "ds": pd.date_range("2024-01-01", periods=len(one)), "y": one.astype(float)})
        for place, one in enumerate(entries)
    ]
    return segue.forecast(pd.concat(frames), horizon, model=MODEL, freq="D", levels=80)


def test_forecasts_are_those_of_segue():
    found = list(NanoTSTPredictor(9, MODEL, LEVELS).predict(ENTRIES))
    table = expected([entry["target"] for entry in ENTRIES], 9)
    for column, level in (("NanoTST-small-lo-80", 0.1), ("NanoTST-small", 0.5), ("NanoTST-small-hi-80", 0.9)):
        np.testing.assert_array_equal(np.concatenate([one.quantile(level) for one in found]), table[column])
    assert [one.item_id for one in found] == ["30", "150", "90"]
    assert found[0].start_date == START + 30


def test_several_dimensions_are_series_of_their_own():
    both = {"start": START, "target": np.stack([values(80, 1), values(80, 2)])}
    (found,) = NanoTSTPredictor(5, MODEL, LEVELS).predict([both])
    table = expected(list(both["target"]), 5)
    np.testing.assert_array_equal(found.quantile(0.5), table["NanoTST-small"].to_numpy().reshape(2, 5).T)


def test_steps_may_differ_from_series_to_series():
    """Catches hourly seasons in a daily series: each alone must be the same."""
    hourly = {**ENTRIES[1], "start": pd.Period("2024-01-01", freq="h")}
    mixed = [ENTRIES[1], hourly, ENTRIES[1]]
    model = NanoTSTPredictor(5, MODEL)
    for entry, one in zip(mixed, model.predict(mixed), strict=True):
        (alone,) = model.predict([entry])
        np.testing.assert_array_equal(one.forecast_array, alone.forecast_array)
    days, hours, _ = model.predict(mixed)
    assert not np.array_equal(days.forecast_array, hours.forecast_array)


def test_the_evaluation_that_gift_eval_runs():
    """Nine deciles, windows that roll, MASE and the weighted quantile loss."""
    _, template = split(ENTRIES[1:], offset=-18)
    pairs = template.generate_instances(prediction_length=9, windows=2)
    levels = [round(0.1 * k, 1) for k in range(1, 10)]
    metrics = [MASE(), MeanWeightedSumQuantileLoss(quantile_levels=levels)]
    scores = evaluate_model(NanoTSTPredictor(9, MODEL), test_data=pairs, metrics=metrics, axis=None, seasonality=7)
    assert np.isfinite(scores.to_numpy()).all()
    assert scores["MASE[0.5]"].item() < 3


def test_a_level_that_no_model_gives_is_refused():
    with pytest.raises(UserError, match=r"^quantiles 0\.999"):
        list(NanoTSTPredictor(2, MODEL, (0.999,)).predict(ENTRIES))
    with pytest.raises(UserError, match="^horizon 0"):
        NanoTSTPredictor(0, MODEL)
