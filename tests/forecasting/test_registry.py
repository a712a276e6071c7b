"""Predictors by name: a season after the colon, objects as they are, and one line for what is no name."""

import pytest

from segue import Autoregression, SeasonalNaive, UserError, load_predictor
from tests.forecasting.conftest import LastValue


def test_names_and_objects():
    assert load_predictor("seasonal-naive") == SeasonalNaive()
    assert load_predictor("seasonal-naive:288") == SeasonalNaive(288)
    assert load_predictor("ar") == Autoregression()
    predictor = LastValue()
    assert load_predictor(predictor) is predictor


@pytest.mark.parametrize("name", ["ets", "theta"])
def test_classical_models_take_a_season(name):
    pytest.importorskip("statsforecast")
    plain, yearly = load_predictor(name), load_predictor(f"{name}:12")
    assert (plain.season, yearly.season) == (None, 12)
    assert plain.name == yearly.name == f"Auto{name.upper() if name == 'ets' else name.title()}"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("seasonal-naive:", "models seasonal-naive:: give the steps of a season after the colon, a whole number of"),
        ("seasonal-naive:0", "models seasonal-naive:0: give the steps of a season"),
        ("ets:-3", "models ets:-3: give the steps of a season"),
        ("theta:7.5", "models theta:7.5: give the steps of a season"),
        ("ar:3", "models ar:3: takes no parameter; give ar$"),
    ],
)
def test_what_is_no_model_costs_one_line(model, message):
    with pytest.raises(UserError, match=f"^{message}"):
        load_predictor(model, "models")


def test_threads_are_at_least_one():
    with pytest.raises(UserError, match="^threads 0: give a whole number of at least 1$"):
        load_predictor("ar", threads=0)


def test_threads_reach_the_model_that_computes_with_them(monkeypatch):
    """Catches a number of threads that is taken and ignored."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert load_predictor("nanotst-small", threads=2).workers == 2
    assert load_predictor("nanotst-small").workers == 3
