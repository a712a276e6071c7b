"""Ridge regressions against closed forms, and what known columns add to a lane."""

import numpy as np

from segue.forecasting.answers.effects import fit_effects
from segue.forecasting.answers.phases import fit_phases
from segue.forecasting.answers.regression import ridges
from segue.forecasting.predictor import LEVELS


def tables(count=3, rows=80, columns=5):
    random = np.random.default_rng(0)
    parts = random.normal(size=(count, rows, columns))
    parts -= parts.mean(1, keepdims=True)
    target = parts @ random.normal(size=columns) + random.normal(size=(count, rows))
    return parts, target - target.mean(1, keepdims=True)


def test_errors_of_leaving_out_a_row_are_those_of_fitting_without_it():
    parts, target = tables(1)
    scale = np.sqrt((parts**2).mean(1))[0]
    coefficients, errors = ridges(parts, target)
    scaled, goal = parts[0] / scale, target[0]
    own = coefficients[0] * scale
    penalty = np.linalg.lstsq(own[:, None], scaled.T @ (goal - scaled @ own), rcond=None)[0][0]  # its own equation
    for row in (0, 17, 79):
        kept = np.arange(80) != row
        x, y = scaled[kept], goal[kept]
        x_mean, y_mean = x.mean(0), y.mean()
        fit = np.linalg.solve((x - x_mean).T @ (x - x_mean) + penalty * np.eye(5), (x - x_mean).T @ (y - y_mean))
        assert np.isclose(errors[0, row], goal[row] - (scaled[row] - x_mean) @ fit - y_mean, rtol=1e-6)


def test_tables_are_fitted_independently_and_a_column_of_zeros_has_no_part():
    parts, target = tables()
    together, _ = ridges(parts, target)
    alone = [ridges(parts[[one]], target[[one]])[0][0] for one in range(3)]
    np.testing.assert_allclose(together, np.stack(alone), rtol=1e-10)
    parts[:, :, 2] = 0.0
    np.testing.assert_allclose(ridges(parts, target)[0][:, 2], 0.0, atol=1e-12)


def effects(values, seen, known, season):
    return fit_effects(values, seen, known, season).of(known)


def phase_quantiles(values, seen, known, season):
    return fit_phases(values, seen, known, season).quantiles(values, seen, known)


def lane(season, length, ahead, effect):
    random = np.random.default_rng(1)
    known = random.normal(size=(length + ahead, 2))
    wave = 10 * np.sin(np.arange(length) * 2 * np.pi / season)
    return wave + known[:length] @ effect + 0.1 * random.normal(size=length), known


def test_effects_of_a_linear_series_are_found_beside_its_season_and_level():
    effect = np.array([3.0, -2.0])
    values, known = lane(24, 1200, 24, effect)
    values += np.where(np.arange(1200) > 600, 50.0, 0.0)  # a level that moves is no effect
    found = effects(values, np.ones(1200, bool), known, 24)
    actual = known @ effect
    assert np.corrcoef(found, actual)[0, 1] > 0.99
    assert np.abs(np.diff(found - actual)).mean() < 0.2 * np.abs(np.diff(actual)).mean()


def test_effects_follow_the_unit_of_the_values_and_ignore_the_unit_of_the_columns():
    values, known = lane(7, 300, 14, np.array([1.0, 0.5]))
    seen = np.random.default_rng(2).random(300) > 0.1
    seen[-1] = True
    found = effects(values, seen, known, 7)
    np.testing.assert_allclose(effects(5 * values - 9, seen, known, 7), 5 * found, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(effects(values, seen, 1000 * known + 5, 7), found, rtol=1e-5, atol=1e-6)


def test_a_short_lane_has_no_effects():
    assert (effects(np.arange(8.0), np.ones(8, bool), np.ones((10, 1)), 1) == 0).all()


def test_phases_learn_an_effect_that_differs_by_phase():
    random = np.random.default_rng(3)
    known = random.normal(size=(60 * 12 + 12, 1))
    slope = np.tile(np.arange(12.0), 61)
    whole = 20 + slope * known[:, 0]
    found = phase_quantiles(whole[: 60 * 12], np.ones(60 * 12, bool), known, 12)
    median = found.mean(0)[:, LEVELS.index(0.5)]
    assert np.abs(median - whole[60 * 12 :]).mean() < 0.25 * np.abs(whole[60 * 12 :] - 20).mean()
    assert (np.diff(found, axis=-1) >= 0).all()


def test_phases_need_some_weeks():
    values = np.random.default_rng(4).normal(size=12 * 20)
    assert fit_phases(values, np.ones(240, bool), np.zeros((252, 1)), 12) is None


def test_columns_that_a_lane_does_not_have_take_no_part():
    values, known = lane(12, 12 * 60, 12, np.array([1.0, 0.0]))
    seen = np.ones(len(values), bool)
    missing = known.copy()
    missing[:, 1] = np.nan
    nothing = known.copy()
    nothing[:, 1] = 0.0
    np.testing.assert_allclose(phase_quantiles(values, seen, missing, 12), phase_quantiles(values, seen, nothing, 12))
    assert (effects(values, seen, missing, 12) == 0).all()  # no row has all columns
