"""Learning within a watch: what is learnt when, what stands, and that it can be left out."""

import numpy as np
import pytest

from segue import LEVELS, Forecast
from segue.forecasting.predictor import predict_lanes
from segue.live.experts import Advice, advise
from segue.live.learning import combine, fresh, learn, terms
from segue.live.standing import ORIGINS
from tests.live.conftest import Recent, assert_same_bits, feed, observed, watch

pytestmark = pytest.mark.usefixtures("shapes_unchecked")  # thousands of updates of lanes

CONTEXT, REFRESH, WARM_UP, AHEAD = 160, 6, 40, 48
SEASONS = np.array([[24.0, 168.0, 8766.0]])


def hours(values, lane="a"):
    times = np.datetime64("2025-03-01T00", "us") + np.arange(len(values)) * np.timedelta64(1, "h")
    return np.full(len(values), lane), times, np.asarray(values, dtype=np.float64)


def daily(steps, seed=0, noise=1.0):
    random = np.random.default_rng(seed)
    return 10 * np.sin(np.arange(steps) * 2 * np.pi / 24) + noise * random.normal(size=steps)


def replayed(model, read):
    """The quantiles of each step of one lane by the functions of learning alone, from values as the model reads them.

    It forecasts every `REFRESH` values. Before a forecast it learns from the values since the one before: their first
    lead times under that one, and the next ones under the one before it.
    """
    state, made, expected = fresh(1), [], np.full((len(read), len(LEVELS)), np.nan)
    for origin in range(WARM_UP // 2 - 1, len(read), REFRESH):
        actual, stood, medians = np.full((1, AHEAD), np.nan), np.zeros((1, AHEAD, 17)), np.zeros((1, AHEAD, 4))
        for back, (forecast, advice) in enumerate(made[::-1][:ORIGINS]):
            leads = slice(back * REFRESH, (back + 1) * REFRESH)
            actual[0, leads] = read[origin - REFRESH + 1 : origin + 1]
            stood[:, leads], medians[:, leads] = forecast.quantiles[:, leads], advice.medians[:, leads]
        if made:
            state = learn(state, Forecast(stood), Advice(Forecast(stood), medians), actual)
        past = np.full((1, CONTEXT), np.nan)
        known = read[max(0, origin + 1 - CONTEXT) : origin + 1]
        past[0, CONTEXT - len(known) :] = known
        seen = ~np.isnan(past)
        advice = advise(predict_lanes(model, past, seen, SEASONS, AHEAD), past, seen, SEASONS)
        made.append((combine(terms(state), advice), advice))
        ahead = min(REFRESH, len(read) - origin - 1)
        expected[origin + 1 : origin + 1 + ahead] = made[-1][0].quantiles[0, :ahead]
    return expected, state


def test_a_watch_learns_as_the_functions_of_learning_do():
    """Catches a target under the wrong forecast or lead time, and terms of another moment than that of the forecast."""
    rows = hours(daily(150))
    running = watch(Recent(CONTEXT))
    seen = running.observe(*rows)
    lanes = running.lanes
    expected, state = replayed(Recent(CONTEXT), lanes.state["history.read"][0][-150:])
    late = seen.status == 0
    assert late.sum() > 100
    for name, level in (("expected", 0.5), ("lower", 0.1), ("upper", 0.9)):
        np.testing.assert_array_equal(getattr(seen, name)[late], expected[late, LEVELS.index(level)], err_msg=name)
    for name, array in state.items():
        np.testing.assert_array_equal(lanes.state[f"small.learnt.{name}"], array)
    assert (lanes.state["small.terms"] != 0).any()


def test_without_learning_the_forecasts_are_the_models_own():
    rows = feed(lanes=2, steps=150)
    running = watch(learn=False)
    running.observe(*rows)
    assert not any(
        running.lanes.state[name].any() for name in running.lanes.state if "learnt" in name or "terms" in name
    )
    alone = watch(Recent(CONTEXT), learn=False)
    values = daily(120)
    given = alone.observe(*hours(values))
    origin = WARM_UP // 2 - 1 + (119 - WARM_UP // 2) // REFRESH * REFRESH
    read = alone.lanes.state["history.read"][0][-120:][None, : origin + 1]
    last = predict_lanes(Recent(CONTEXT), read, ~np.isnan(read), SEASONS, 119 - origin).quantiles[0, -1]
    np.testing.assert_allclose([given.lower[-1], given.expected[-1], given.upper[-1]], last[[3, 8, 13]], rtol=1e-12)


def test_learning_can_be_turned_off_and_on_at_a_restart():
    """What stands was given, so it stays; new forecasts are the model's own, and what was learnt is kept."""
    rows = hours(daily(140))
    one = watch(Recent(CONTEXT))
    one.observe(*(column[:100] for column in rows))
    lanes = one.lanes
    off = watch(Recent(CONTEXT), learn=False)
    off.lanes = lanes
    step = lanes.state["small.origins"][0, 0]  # values of the newest forecast that have come, and one
    stands = slice(100, 100 + REFRESH - int(step) + 1)
    with_, without = (part.observe(*(column[stands] for column in rows)) for part in (one, off))
    assert_same_bits({"e": with_.expected}, {"e": without.expected})
    rest = slice(stands.stop, None)
    with_, without = (part.observe(*(column[rest] for column in rows)) for part in (one, off))
    assert (with_.expected != without.expected).all()
    assert not off.lanes.state["small.terms"].any()
    np.testing.assert_array_equal(off.lanes.state["small.learnt.gain"], lanes.state["small.learnt.gain"])


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_learning_lowers_the_error_where_an_expert_knows_more(missing):
    """The mean of the last values knows no day."""
    values = daily(600)
    values[np.random.default_rng(1).random(600) < missing] = np.nan
    rows = hours(values)
    with_, without = (watch(Recent(CONTEXT), learn=learns).observe(*rows) for learns in (True, False))
    errors = [np.nanmean(np.abs(seen.expected - seen.values)[300:]) for seen in (with_, without)]
    assert errors[0] < 0.4 * errors[1]


def test_a_mixture_keeps_to_the_values_that_counts_can_take():
    class Counts(Recent):
        keeps_support = True

    values = np.random.default_rng(2).poisson(1.5, 300).astype(float)
    running = watch(Counts(CONTEXT))
    seen = running.observe(*hours(values))
    given = np.concatenate([seen.expected, seen.lower, seen.upper])
    given = given[~np.isnan(given)]
    assert (running.lanes.state["small.terms"] != 0).any()
    assert (given >= 0).all()
    np.testing.assert_array_equal(given, np.round(given))


def test_a_spike_does_not_end_the_learning():
    """A lane learns from bounded values, so what it has learnt after a spike is near to what it would have without."""
    values = daily(300, noise=0.5)
    spiked = values.copy()
    spiked[200] = 1e6
    plain, with_spike = watch(Recent(CONTEXT)), watch(Recent(CONTEXT))
    plain.observe(*hours(values))
    with_spike.observe(*hours(spiked))
    most = [one.lanes.state["small.learnt.most"].max() for one in (plain, with_spike)]
    assert most[1] < 3 * most[0]


def test_an_acceptance_is_no_lesson():
    """The values that were accepted teach nothing, and the forecast anew has the terms of now."""
    values = np.append(daily(200), daily(30) + 500)
    running = watch(Recent(CONTEXT))
    running.observe(*hours(values))
    before = running.lanes.state
    running.accept(["a"])
    after = running.lanes.state
    np.testing.assert_array_equal(before["small.learnt.gain"], after["small.learnt.gain"])
    assert after["small.origins"].tolist() == [[1, 0]]
    assert not after["small.terms"][:, 1].any()
    assert after["small.terms"][:, 0].any()


def test_many_lanes_learn_in_parts_as_they_do_alone(monkeypatch):
    monkeypatch.setattr("segue.live.adapting._BATCH", 2)
    monkeypatch.setattr("segue.live.standing._BATCH", 2)
    rows = feed(lanes=3, steps=90, skipped=0)
    parts = observed(watch(), rows, [slice(0, None)])
    monkeypatch.undo()
    assert_same_bits(parts, observed(watch(), rows, [slice(0, None)]))
