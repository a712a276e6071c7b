"""The instrument of cycles: what is drawn, the copies beside it, and the limit, each against a known answer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasting.cycle_scores import copies, first_known, mean_known, scored, summary
from benchmarks.forecasting.cycle_series import CALENDARS, LONGEST, NOISES, PERIODS, SWEPT, Cell, cells, draw
from benchmarks.forecasting.cycles import measured, median
from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.forecasting.registry import load_predictor

CELL = Cell("smooth", 30, 4, 0.1)


class Constant:
    """A forecaster of one value everywhere, which keeps the seasons it was given."""

    name, context, fingerprint = "Constant", 2000, "constant"

    def __init__(self, value: float) -> None:
        self.value, self.seasons = value, []

    def predict(self, history: History, horizon: int) -> Forecast:
        self.seasons.append(history.seasons)
        return Forecast(np.full((len(history), horizon, len(LEVELS)), self.value))


def test_the_truth_scores_zero_and_a_shift_its_size():
    lanes = draw(CELL)
    assert scored(CELL, lanes, lanes.truth)["error"] == 0
    assert scored(CELL, lanes, lanes.truth + 0.25)["error"] == pytest.approx(0.25, rel=1e-12)


@pytest.mark.parametrize("missing", [False, True])
def test_the_seasonal_naive_forecast_has_the_error_of_the_last_cycle(missing):
    """Catches a copy that is off by a step, and a missing value that is replaced by another than the one before."""
    cell = replace(CELL, missing=missing)
    lanes = draw(cell)
    assert lanes.observed.all() != missing
    found = scored(cell, lanes, median(load_predictor("seasonal-naive:30"), [lanes], cell.horizon))
    assert found["error"] == pytest.approx(found["last"], rel=1e-12)
    assert found["passed"]


def test_noise_is_repeated_by_the_last_cycle_and_averaged_by_the_best_copy():
    """The mean absolute value of normal noise of that deviation; over n cycles it is smaller by the root of n."""
    cell = Cell("saw", 72, 10, 0.1)
    lanes = draw(cell)
    found = scored(cell, lanes, lanes.truth)
    expected = 0.1 * np.sqrt(2 / np.pi)
    assert found["last"] == pytest.approx(expected, rel=0.1)
    assert found["best"] == pytest.approx(expected / np.sqrt(10), rel=0.1)
    assert found["limit"] == pytest.approx(1.5 * found["last"] + 0.01)


def test_copies_skip_missing_values_and_close_the_circle():
    nan = np.nan
    stack = np.array([[[1.0, nan, nan, 4], [3, 5, nan, 8]]])  # one lane, two cycles, the newest first
    assert first_known(stack).tolist() == [[1, 5, 4.5, 4]]
    assert mean_known(stack).tolist() == [[2, 5, 5.5, 6]]


@pytest.mark.parametrize("shape", [*SWEPT, *CALENDARS])
def test_clean_cycles_are_repeated(shape):
    """Whole periods exactly, others but for the part of a step; in deviations: mean 0, deviation 1."""
    period = CALENDARS[shape].period if shape in CALENDARS else 100
    cell = Cell(shape, period, 3, 0.0)
    lanes = draw(cell)
    error = np.abs(copies(cell, lanes) - lanes.truth[:, None]).max()
    assert error < (1e-9 if period == int(period) else 0.4)
    np.testing.assert_allclose(lanes.values.mean(1), 0, atol=1e-12)
    np.testing.assert_allclose(lanes.values.std(1), 1, rtol=1e-12)
    assert not np.allclose(lanes.truth[0], lanes.truth[1])  # phases differ


def test_cells_of_one_cycle_differ_in_nothing_else():
    """Catches noise, missing values or a season that come with another cycle: pairs would not be pairs."""
    clean, low, high = (draw(replace(CELL, noise=noise)) for noise in (0.0, 0.01, 0.1))
    np.testing.assert_array_equal(clean.truth, high.truth)
    np.testing.assert_allclose(high.values - clean.values, 10 * (low.values - clean.values), atol=1e-12)
    holes = draw(replace(CELL, missing=True, given=True))
    np.testing.assert_array_equal(holes.values[holes.observed], draw(CELL).values[holes.observed])
    assert holes.observed.mean() == pytest.approx(0.9, abs=0.03)
    assert holes.observed[:, -1].all()
    assert holes.seasons.tolist() == [[30.0]] * 8
    assert not draw(CELL).seasons.any()


def test_every_period_is_asked_as_often_as_it_fits():
    asked = list(cells(quick=False))
    assert len(set(asked)) == len(asked)
    swept = [cell for cell in asked if cell.shape in SWEPT]
    assert {(cell.period, cell.shape) for cell in swept} == {(period, shape) for period in PERIODS for shape in SWEPT}
    assert {(cell.shape, cell.noise) for cell in swept} == {(shape, noise) for shape in SWEPT for noise in NOISES}
    assert all(2 <= cell.repetitions <= 10 and cell.length <= LONGEST for cell in swept)
    assert {cell.repetitions for cell in swept if cell.period < 60} == set(range(2, 11))
    assert {cell.repetitions for cell in asked if cell.shape == "year of days"} == {3}
    assert len(list(cells(quick=True))) < len(asked) / 10


def test_each_cell_gets_its_own_forecast(monkeypatch):
    """Groups of equal length: catches forecasts that go to another cell, and seasons that are not passed on."""
    few = [Cell("sine", 24, 2, 0.0), Cell("saw", 24, 2, 0.1, given=True), Cell("saw", 25, 2, 0.1)]
    monkeypatch.setattr("benchmarks.forecasting.cycles.cells", lambda quick: few)
    predictor = Constant(3.0)
    rows = measured(predictor, quick=False)
    assert rows["error"].tolist() == pytest.approx([np.abs(draw(cell).truth - 3).mean() for cell in few], rel=1e-12)
    assert [np.unique(seasons).tolist() for seasons in predictor.seasons] == [[0, 24], [0]]


def test_the_summary_counts_what_must_pass():
    """Catches cells with missing values, a given season or 30 % noise among those of the criterion."""
    base = {"shape": "sine", "period": 24, "repetitions": 2, "missing": False, "given": False, "passed": True}
    errors = {"noise": 0.1, "error": 0.2, "last": 0.1, "best": 0.05, "limit": 0.16}
    rows = pd.DataFrame(
        [base | errors]
        + [base | errors | {"passed": False, "error": 0.4}]
        + [base | errors | other for other in ({"noise": 0.3}, {"missing": True}, {"given": True})]
    )
    found = summary(rows)
    assert found.loc["noise to 10 %", ["cells", "error", "passed"]].tolist() == pytest.approx([2, 0.3, 0.5])
    assert found.loc["noise 30 %", "cells"] == 1
