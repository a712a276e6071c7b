"""The laws of a watch: any batch, any chunks and any restart give the same bits, and no forecast sees what comes."""

import numpy as np
import pytest

from segue.live.observations import Status
from tests.live.conftest import (
    COLUMNS,
    Recent,
    assert_same_bits,
    assert_same_lanes,
    feed,
    observed,
    picked,
    pieces,
    watch,
)

pytestmark = pytest.mark.usefixtures("shapes_unchecked")  # thousands of updates of lanes

MODELS = {"recent": None, "naive": "seasonal-naive:24", "nanotst": "nanotst-small"}


def everything(rows):
    return [slice(0, len(rows[0]))]


@pytest.mark.parametrize("model", MODELS)
def test_lanes_together_or_alone_give_the_same_bits(model):
    """Catches a sum, a batch or a standing forecast that depends on what else is observed."""
    rows = feed(steps=100 if model == "nanotst" else 260)
    whole = observed(watch(MODELS[model]), rows, everything(rows))
    for name in np.unique(rows[0]):
        own = rows[0] == name
        alone = observed(watch(MODELS[model]), rows, [own])
        assert_same_bits({column: whole[column][own] for column in COLUMNS}, alone)


@pytest.mark.parametrize("model", MODELS)
def test_chunks_and_restarts_from_the_value_are_as_one_call(model):
    """A watch that is set to the lanes of another makes its standing forecasts again, in the same bits."""
    rows = feed(steps=80 if model == "nanotst" else 260)
    whole, running = watch(MODELS[model]), watch(MODELS[model])
    expected, answers = observed(whole, rows, everything(rows)), []
    for number, part in enumerate(pieces(len(rows[0]))):
        if number % 3 == 2:
            value, running = running.lanes, watch(MODELS[model])
            running.lanes = value
        answers.append(observed(running, rows, [part]))
    assert_same_bits(expected, {name: np.concatenate([answer[name] for answer in answers]) for name in COLUMNS})
    assert_same_lanes(whole.lanes, running.lanes)


def test_one_value_at_a_time_is_as_one_call():
    rows = feed(lanes=2, steps=150)
    whole = observed(watch(), rows, everything(rows))
    assert_same_bits(whole, observed(watch(), rows, [slice(k, k + 1) for k in range(len(rows[0]))]))


def test_a_forecast_is_never_changed_by_a_value_that_had_not_come():
    """Whatever comes from step 200 on, all answers before and the expected values of the step itself stay."""
    rows = feed(missing=0)
    cut = rows[1] >= np.datetime64("2025-03-01T00:20") + np.timedelta64(200, "h")
    other = np.where(cut, 1e6 * np.random.default_rng(1).normal(size=len(cut)), rows[2])
    one, two = (observed(watch(), (*rows[:2], values), everything(rows)) for values in (rows[2], other))
    assert_same_bits({name: one[name][~cut] for name in COLUMNS}, {name: two[name][~cut] for name in COLUMNS})
    first = np.array([np.flatnonzero(cut & (rows[0] == name))[0] for name in np.unique(rows[0])])
    for name in ("expected", "lower", "upper"):
        np.testing.assert_array_equal(one[name][first], two[name][first])
    assert not np.array_equal(one["p"][first], two["p"][first])


def test_missing_rows_and_missing_values_are_the_same():
    """A step that is skipped is a missing value, so what follows has the same bits."""
    names, times, values = feed(skipped=0)
    seen = ~np.isnan(values)
    given = observed(watch(), (names, times, values), everything((names,)))
    left_out = observed(watch(), (names[seen], times[seen], values[seen]), [slice(0, int(seen.sum()))])
    assert_same_bits({name: given[name][seen] for name in COLUMNS}, left_out)
    assert (given["status"][~seen] == Status.MISSING).all()
    assert np.isnan(given["p"][~seen]).all()


def test_late_and_repeated_values_have_their_status_and_change_nothing():
    names, times, values = feed(lanes=1, steps=120, missing=0, skipped=0)
    hole = 60
    kept = np.arange(120) != hole
    running = watch()
    running.observe(names[kept], times[kept], values[kept])
    before = running.lanes
    again = running.observe(names[[119, hole, 90, 100]], times[[119, hole, 90, 100]], [1e6, 1e6, np.nan, 1e6])
    late, duplicate = Status.LATE, Status.DUPLICATE
    assert again.status.tolist() == [duplicate, late, duplicate, duplicate]
    assert np.isnan(again.p).all()
    assert (again.score == 0).all()
    assert_same_lanes(before, running.lanes)
    early = running.observe(names[:1], times[:1] - np.timedelta64(5, "h"), [1.0])
    assert early.status.tolist() == [late]


def test_one_call_is_sorted_by_time_and_the_first_of_two_values_counts():
    names, times, values = feed(lanes=3, steps=90)
    order = np.random.default_rng(3).permutation(len(names))
    sorted_, shuffled = watch(), watch()
    expected = observed(sorted_, (names, times, values), everything((names,)))
    twice = np.append(order, order[:20])
    given = shuffled.observe(names[twice], times[twice], np.append(values[order], np.full(20, 1e9)))
    assert_same_bits({n: expected[n][order] for n in COLUMNS}, {n: getattr(given, n)[: len(order)] for n in COLUMNS})
    missing = np.isnan(values[order[:20]])
    np.testing.assert_array_equal(given.status[len(order) :], np.where(missing, Status.LATE, Status.DUPLICATE))
    assert_same_lanes(sorted_.lanes, shuffled.lanes)


def test_lanes_that_are_due_are_forecast_in_one_batch_every_refresh_steps():
    names, times, values = feed(lanes=6, steps=100, missing=0, skipped=0)
    kept = (names != "lane 1") & (names != "lane 2")
    model = Recent()
    running = watch(model, refresh=10, warm_up=40)
    observed(running, (names[kept], times[kept], values[kept]), pieces(int(kept.sum())))
    assert sum(model.calls) == 4 * 8  # origins after values 20, 30, ... 90
    model.calls.clear()
    running = watch(model, refresh=10, warm_up=40)
    running.observe(names[kept], times[kept], values[kept])
    assert model.calls == [4] * 8


def test_an_anomaly_is_bounded_in_what_the_model_reads_and_accepted_values_are_read_again():
    values = np.random.default_rng(5).normal(size=400)
    values[300] = 500.0
    values[396:] += 500.0
    running = watch(refresh=4, freq=1)
    seen = running.observe(["a"] * 400, np.arange(400), values)
    assert seen.p[300] < 1e-4
    raw, read = (running.lanes.state[name][0] for name in ("history.raw", "history.read"))
    np.testing.assert_array_equal(raw, values[-len(raw) :])
    assert np.nanmax(read) < 60
    assert (raw == read).mean() > 0.9
    running.accept(["a"])
    read = running.lanes.state["history.read"][0]
    np.testing.assert_array_equal(read[-4:], values[-4:])
    assert read[:-4].max() < 60  # the spike stays bounded
    after = running.observe(["a"], [400], [500.0])
    assert after.expected[0] > 100


def test_a_restart_after_an_acceptance_is_as_if_it_had_not_stopped():
    """Catches standing forecasts that were made before the acceptance, and would not be made again."""
    names, times, values = feed(lanes=2, steps=200, skipped=0)
    running = watch()
    running.observe(names[:300], times[:300], values[:300])
    running.accept(["lane 0"])
    other = watch()
    other.lanes = running.lanes
    rest = slice(300, None)
    assert_same_bits(*(observed(one, (names, times, values), [rest]) for one in (running, other)))


def test_a_part_is_some_lanes_of_the_whole():
    names, times, values = feed(lanes=4, steps=60)
    running = watch()
    running.observe(names, times, values)
    assert_same_lanes(running.part(["lane 2", "lane 0"]), picked(running.lanes, ["lane 2", "lane 0"]))


def test_a_lane_is_small_and_the_value_is_a_copy():
    names, times, values = feed(lanes=2, steps=60)
    running = watch()
    running.observe(names[:50], times[:50], values[:50])
    before = running.lanes
    kept = {name: array.copy() for name, array in before.state.items()}
    running.observe(names[50:], times[50:], values[50:])
    assert all(np.array_equal(before.state[name], kept[name], equal_nan=True) for name in kept)
    assert before.small_bytes <= 900 - 64  # of which alerts may take 64


def test_live_series_keep_what_one_pass_of_the_network_reads():
    """What came before would improve some forecasts, for three times the memory of a lane."""
    names, times, values = feed(lanes=2, steps=150)
    longer = Recent(context=90)
    longer.pass_context = 40
    found, expected = (watch(model).observe(names, times, values) for model in (longer, Recent(context=40)))
    assert_same_bits(*({name: getattr(one, name) for name in COLUMNS} for one in (expected, found)))
    other = watch(Recent(context=90)).observe(names, times, values)
    assert not np.array_equal(other.expected, found.expected, equal_nan=True)


def test_a_lane_warms_up_once_and_after_a_gap_that_no_forecast_spans():
    values = np.random.default_rng(7).normal(size=200)
    steps = np.concatenate([np.arange(100), 180 + np.arange(100)])  # beyond the context of 40
    running = watch(freq=1)
    status = running.observe(["a"] * 200, steps, values).status
    assert (status[:40] == Status.WARMING).all()
    assert (status[40:100] == Status.FRESH).all()
    assert (status[100:140] == Status.WARMING).all()
    assert (status[140:] == Status.FRESH).all()


def test_one_time_far_ahead_changes_nothing_and_two_begin_the_lane_anew():
    """Catches a single wrong time that makes all later values of its lane late; a lane that was away long goes on."""
    values = np.random.default_rng(8).normal(size=200)
    steps = np.arange(200)
    plain, hurt = watch(freq=1), watch(freq=1)
    expected = plain.observe(["a"] * 200, steps, values)
    first = hurt.observe(["a"] * 100, steps[:100], values[:100])
    wrong = hurt.observe(["a"], [10**9], [5.0])
    assert wrong.status.tolist() == [Status.AHEAD]
    assert (np.isnan(wrong.p).all(), wrong.score.tolist()) == (True, [0.0])
    rest = hurt.observe(["a"] * 100, steps[100:], values[100:])
    parts = {name: np.concatenate([getattr(first, name), getattr(rest, name)]) for name in COLUMNS}
    assert_same_bits({name: getattr(expected, name) for name in COLUMNS}, parts)
    assert_same_lanes(plain.lanes, hurt.lanes)
    again = hurt.observe(["a"] * 3, [10**6, 10**9, 10**9 + 50], [1.0, 1.0, 1.0])
    assert again.status.tolist() == [Status.AHEAD, Status.AHEAD, Status.WARMING]
    assert hurt.lanes.last.tolist() == [10**9 + 50]


@pytest.mark.parametrize("wrong", [1, 3])
@pytest.mark.parametrize("size", [1, 50, 400])
def test_a_lane_that_began_with_a_wrong_time_begins_again(wrong, size):
    """Catches a first row of 2099 that makes all later rows of its lane late for ever."""
    values = np.random.default_rng(9).normal(size=200)
    steps = np.append(10**9 + np.arange(wrong), np.arange(200))
    hurt, names = watch(freq=1), ["a"] * (200 + wrong)
    given = np.append(np.full(wrong, 5.0), values)
    seen = [hurt.observe(names[:wrong], steps[:wrong], given[:wrong])]
    for begin in range(wrong, 200 + wrong, size):
        rows = slice(begin, begin + size)
        seen.append(hurt.observe(names[rows], steps[rows], given[rows]))
    status = np.concatenate([one.status for one in seen])
    assert (status[wrong : 2 * wrong] == Status.LATE).all()
    plain = watch(freq=1)
    expected = plain.observe(["a"] * (200 - wrong), np.arange(wrong, 200), values[wrong:])
    np.testing.assert_array_equal(status[2 * wrong :], expected.status)
    np.testing.assert_array_equal(np.concatenate([one.p for one in seen])[2 * wrong :], expected.p)
    assert_same_lanes(plain.lanes, hurt.lanes)


def test_old_rows_that_are_sent_again_do_not_begin_a_lane_again():
    values = np.random.default_rng(9).normal(size=300)
    running = watch(freq=1)
    running.observe(["a"] * 100, 10**6 + np.arange(100), values[:100])
    before = running.lanes
    for begin in range(100, 300, 50):
        old = running.observe(["a"] * 50, np.arange(begin, begin + 50), values[begin : begin + 50])
        assert (old.status == Status.LATE).all()
    assert_same_lanes(before, running.lanes)


def test_two_rows_of_one_step_far_ahead_answer_alike_in_one_call_and_in_two():
    one, two = watch(freq=1), watch(freq=1)
    for running in (one, two):
        running.observe(["a"] * 50, np.arange(50), np.arange(50.0))
    together = one.observe(["a", "a"], [10**6, 10**6], [1.0, 2.0]).status.tolist()
    apart = [two.observe(["a"], [10**6], [value]).status.item() for value in (1.0, 2.0)]
    assert together == apart == [Status.AHEAD, Status.AHEAD]
    assert_same_lanes(one.lanes, two.lanes)


@pytest.mark.parametrize("call", range(4))
def test_a_call_that_fails_changes_nothing(call):
    """The model fails at its next forecasts, one after another; also where the call begins lanes or skips steps."""

    class Failing(Recent):
        left = 10**6

        def predict(self, history, horizon):
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("no memory")
            return super().predict(history, horizon)

    rows = feed(lanes=4, steps=200)
    rows = tuple(column[rows[0] != "lane 3"] if call % 2 else column for column in rows)
    model = Failing()
    running, expected = watch(model), observed(watch(), rows, everything(rows))
    first = slice(0, len(rows[0]) // 2) if call else slice(0, 0)
    answers = [running.observe(*(column[first] for column in rows))]
    before = running.lanes
    model.left = call
    with pytest.raises(RuntimeError):
        running.observe(*(column[first.stop :] for column in rows))
    model.left = 10**6
    if call:
        assert_same_lanes(before, running.lanes)
    assert len(running.lanes) == len(before)
    answers.append(running.observe(*(column[first.stop :] for column in rows)))
    assert_same_bits(expected, {name: np.concatenate([getattr(one, name) for one in answers]) for name in COLUMNS})
