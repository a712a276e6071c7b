"""The models for river, by river's own checks; they run where river is installed."""

import pickle

import numpy as np
import pytest

pytest.importorskip("river", exc_type=ImportError)

from river import checks, datasets, evaluate, metrics

from segue.adapters.river import AnomalyDetector, Forecaster
from segue.adapters.single import SingleSeries


class Cards:
    """Stands for the set that river's checks of detectors download: one instance in fifty is an anomaly."""

    def take(self, count):
        random = np.random.default_rng(0)
        for anomaly in random.random(count // 4) < 0.02:
            yield {f"V{k}": float(v) for k, v in enumerate(random.normal(size=5) * (6 if anomaly else 1))}, int(anomaly)


MODELS = [
    Forecaster("seasonal-naive:12", learn=False),
    Forecaster("seasonal-naive:12", seasons=(12,), refresh=4),
    AnomalyDetector("seasonal-naive:1", warm_up=50),
]
with pytest.MonkeyPatch.context() as patch:
    patch.setattr(datasets, "CreditCard", Cards)
    CHECKS = [(model, check) for model in MODELS for check in checks.yield_checks(model)]


@pytest.mark.parametrize(("model", "check"), CHECKS, ids=[f"{model}-{check.__name__}" for model, check in CHECKS])
def test_rivers_own_checks_pass(model, check):
    check(model.clone())


def test_the_forecaster_runs_in_rivers_evaluation():
    """Airline passengers, 12 months ahead; the mean error of the naive forecast is near 58 passengers there."""
    model = Forecaster("seasonal-naive:12", learn=False)
    scores = evaluate.evaluate(datasets.AirlinePassengers(), model, metrics.MAE(), horizon=12)
    assert scores.get()[0] < 45


def test_the_forecaster_is_the_single_series():
    one, other = (
        Forecaster("seasonal-naive:4", seasons=(4,), refresh=4),
        SingleSeries("seasonal-naive:4", (4,), True, 4),
    )
    for value in (5.0, 6.0, 7.0, None, 5.5, 6.5) * 10:
        one.learn_one(value)
        other.append(float("nan") if value is None else value)
    assert one.forecast(6) == other.forecast(6).tolist()
    assert pickle.loads(pickle.dumps(one)).forecast(6) == one.forecast(6)
