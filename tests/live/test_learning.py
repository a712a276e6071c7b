"""Learning on the way: from matured targets only, lane by lane, and the same after any interruption."""

import numpy as np
import pytest

from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.live.experts import EXPERTS, Advice, advise
from segue.live.learning import GROUPS, combine, fresh, learn, terms
from segue.state import State

pytestmark = pytest.mark.usefixtures("shapes_unchecked")  # thousands of updates of lanes

CONTEXT, REFRESH, SEASONS = 120, 8, (7.0, 28.0)
LOWER, UPPER = LEVELS.index(0.1), LEVELS.index(0.9)


def lanes_of(lanes: int, time: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    t = np.arange(time)
    return 10 * np.sin(2 * np.pi * t / 7) + 4 * (t % 28 == 3) + random.normal(size=(lanes, time)) + 50


def asked(values: np.ndarray, end: int) -> Advice:
    past = values[:, end - CONTEXT : end]
    observed, periods = ~np.isnan(past), np.tile(SEASONS, (len(past), 1))
    past = np.where(observed, past, 0.0)
    naive = SeasonalNaive(1).predict(History(past, np.ones_like(observed), periods), REFRESH)
    return advise(naive, past, observed, periods)


def run(values: np.ndarray, begin: int = CONTEXT, state: State | None = None) -> tuple[np.ndarray, State]:
    """Forecasts every `REFRESH` steps and learns from what has come; returns the forecasts and the last state."""
    state = fresh(len(values)) if state is None else state
    made = []
    for end in range(begin, values.shape[1] - REFRESH + 1, REFRESH):
        advice = asked(values, end)
        stood = combine(terms(state), advice)
        made.append(stood.quantiles)
        state = learn(state, stood, advice, values[:, end : end + REFRESH])
    return np.stack(made, axis=1), state


def random_advice(lanes: int, steps: int, seed: int = 0) -> Advice:
    random = np.random.default_rng(seed)
    quantiles = np.sort(random.normal(size=(lanes, steps, len(LEVELS))), axis=-1)
    forecast = Forecast(quantiles)
    medians = random.normal(size=(lanes, steps, len(EXPERTS)))
    medians[..., 0] = forecast.median
    return Advice(forecast, medians)


def test_a_lane_that_has_learnt_nothing_forecasts_as_the_model_bit_for_bit():
    state, advice = fresh(3), random_advice(3, 30)
    assert not any(array.any() for array in state.values())
    assert not terms(state).any()
    np.testing.assert_array_equal(combine(terms(state), advice).quantiles, advice.forecast.quantiles)


def test_a_lane_takes_few_bytes():
    """At most 500 bytes in single precision, with the terms of three forecasts that stand."""
    state = fresh(10)
    assert all(array.dtype == np.float32 for array in (*state.values(), terms(state)))
    assert sum(array.nbytes for array in state.values()) == 10 * 172
    assert sum(array.nbytes for array in state.values()) + 3 * terms(state).nbytes <= 10 * 500


def test_no_forecast_is_changed_by_a_value_that_had_not_come():
    """The values after step 300 differ; catches any way of the future into an earlier forecast or state."""
    values = lanes_of(3, 400)
    other = values.copy()
    other[:, 304:] += 100.0
    one, another = run(values)[0], run(other)[0]
    before = (304 - CONTEXT) // REFRESH + 1  # forecasts at 120, 128, ..., 304
    np.testing.assert_array_equal(one[:, :before], another[:, :before])
    assert (one[:, before:] != another[:, before:]).any()


def test_only_targets_that_have_come_teach():
    """Catches a state that moves by a target without a value, and one that reads the forecast as a value."""
    _, state = run(lanes_of(2, 300))
    advice = random_advice(2, REFRESH)
    stood = combine(terms(state), advice)
    actual = np.full((2, REFRESH), np.nan)
    assert learn(state, stood, advice, actual) == state
    actual[0, 2] = 0.0
    after = learn(state, stood, advice, actual)
    assert after.select(np.array([1])) == state.select(np.array([1]))
    assert after != state
    groups = [array for array in after.values() if array.ndim == 3]
    untouched = [array[:, [0, 2]] for array in (state[name] for name in after) if array.ndim == 3]
    for array, as_before in zip(groups, untouched, strict=True):
        np.testing.assert_array_equal(array[:, [0, 2]], as_before)  # step 3 is of the second group, `GROUPS`


def test_the_targets_of_several_origins_come_at_their_lead_times():
    """One call with two lead times equals a call for each, where they are of different groups."""
    state, advice = fresh(2), random_advice(2, REFRESH)
    stood, actual = combine(terms(state), advice), np.full((2, REFRESH), np.nan)
    band = np.ptp(stood.quantiles[..., [LOWER, UPPER]], axis=-1)
    stood = Forecast(stood.quantiles / band[..., None])  # one unit for all, whichever comes first
    advice = Advice(stood, advice.medians)
    first, second = actual.copy(), actual.copy()
    first[:, 0], second[:, GROUPS[-1]] = 0.3, -0.4
    both = np.where(np.isnan(first), second, first)
    step_by_step = learn(learn(state, stood, advice, first), stood, advice, second)
    at_once = learn(state, stood, advice, both)
    for name, array in at_once.items():
        np.testing.assert_allclose(array, step_by_step[name], rtol=1e-6)


def test_lanes_are_independent_and_a_saved_state_goes_on_exactly(tmp_path):
    values = lanes_of(5, 400)
    values[2, 150:180] = np.nan
    whole, state = run(values)
    alone, own = run(values[[2]])
    np.testing.assert_array_equal(alone[0], whole[2])
    assert own == state.select(np.array([2]))
    middle = CONTEXT + 12 * REFRESH
    early, half = run(values[:, :middle])
    half.save(tmp_path / "state", {})
    late, end = run(values, middle, State.load(tmp_path / "state", {})[0])
    np.testing.assert_array_equal(np.concatenate([early, late], axis=1), whole)
    assert end == state


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_never_cross(seed):
    random = np.random.default_rng(seed)
    given = random.normal(size=(4, len(GROUPS) + 1, len(EXPERTS) + 1)).astype(np.float32)
    quantiles = combine(given, random_advice(4, 30, seed)).quantiles
    assert (np.diff(quantiles, axis=-1) >= 0).all()


def test_learning_pays_where_an_expert_knows_more():
    """The last value is a poor forecast of a week; catches a sign, or a group that learns for another."""
    values = lanes_of(6, 1_200, seed=3)
    made, state = run(values)
    late = made[:, -40:]
    naive = np.stack([asked(values, end).forecast.quantiles for end in range(CONTEXT, 1_200 - REFRESH + 1, REFRESH)], 1)
    ends = np.arange(CONTEXT, 1_200 - REFRESH + 1, REFRESH)[-40:]
    actual = values[:, ends[:, None] + np.arange(REFRESH)]
    level = np.array(LEVELS)
    loss = [
        np.maximum(level * (actual[..., None] - q), (level - 1) * (actual[..., None] - q)).mean((0, 1, 3))
        for q in (late, naive[:, -40:])
    ]
    assert (loss[0] < 0.7 * loss[1]).all()
    assert loss[0].sum() < 0.4 * loss[1].sum()
    assert (terms(state)[..., : len(EXPERTS) - 1].sum(-1) > 0.8).all()


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_the_band_comes_to_hold_what_it_claims(factor):
    """The model's bands are wrong by a factor; after 1,500 targets 80 % of the next 1,500 lie inside."""
    random = np.random.default_rng(5)
    values = random.normal(size=(4, 3_000))
    normal = np.quantile(random.normal(size=400_000), LEVELS)
    quantiles = np.tile(factor * normal, (4, 1, 1))
    advice = Advice(Forecast(quantiles), np.repeat(Forecast(quantiles).median[..., None], len(EXPERTS), axis=2))
    state, inside = fresh(4), []
    for t in range(3_000):
        stood = combine(terms(state), advice)
        inside.append((stood.quantiles[:, 0, LOWER] <= values[:, t]) & (values[:, t] <= stood.quantiles[:, 0, UPPER]))
        state = learn(state, stood, advice, values[:, [t]])
    assert np.mean(inside[1_500:]) == pytest.approx(0.8, abs=0.015)


@pytest.mark.parametrize(("gain", "offset"), [(1e-4, 3.0), (1e12, 0.0)])
def test_the_unit_of_a_series_does_not_matter(gain, offset):
    values = lanes_of(2, 400)
    one, other = run(values)[0], run(gain * values + offset)[0]
    np.testing.assert_allclose((other - offset) / gain, one, rtol=1e-4)


def test_a_constant_series_stays_exact():
    """No width, no unit, nothing to learn; catches a division by zero."""
    made, state = run(np.full((2, 300), 7.0))
    np.testing.assert_array_equal(made, np.full_like(made, 7.0))
    assert not any(array.any() for array in state.values())


def test_learning_goes_on_after_a_sensor_was_broken():
    """Garbage of 1e6 for a while; then the season is learnt as by a fresh lane. Catches rates that stay near zero."""
    values = lanes_of(2, 6_000, seed=4)
    broken = values.copy()
    broken[:, 300:360] = 1e6 * np.random.default_rng(1).normal(size=(2, 60))
    errors = []
    for given in (values, broken):
        made = run(given)[0][:, -40:, :, LEVELS.index(0.5)]
        ends = np.arange(CONTEXT, 6_000 - REFRESH + 1, REFRESH)[-40:]
        errors.append(np.abs(made - values[:, ends[:, None] + np.arange(REFRESH)]).mean())
    assert errors[1] < 1.1 * errors[0]


@pytest.mark.parametrize("gain", [1e-42, 1e42])
def test_very_small_and_very_large_units_teach_alike(gain):
    """Beyond what numbers of 4 bytes hold."""
    values = lanes_of(2, 400)
    one, other = run(values)[0], run(gain * values)[0]
    np.testing.assert_allclose(other / gain, one, rtol=1e-3)


def test_an_expert_that_is_infinite_has_no_say():
    """0 times infinity is NaN; catches a lane without any forecast, though the expert has no weight."""
    advice = random_advice(2, 30)
    advice.medians[0, :, 2] = np.inf
    given = np.zeros((2, len(GROUPS) + 1, len(EXPERTS) + 1), np.float32)
    np.testing.assert_array_equal(combine(given, advice).quantiles, advice.forecast.quantiles)
    state = learn(fresh(2), advice.forecast, advice, np.zeros((2, 30)))
    assert all(np.isfinite(array).all() for array in state.values())
    past = np.random.default_rng(0).normal(size=(2, CONTEXT)) * 1e307
    nothing = Forecast(np.zeros((2, REFRESH, len(LEVELS))))
    with np.errstate(all="ignore"):
        medians = advise(nothing, past, np.ones(past.shape, bool), np.tile(SEASONS, (2, 1))).medians
    assert np.isfinite(medians).all()
