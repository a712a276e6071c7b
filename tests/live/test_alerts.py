"""The policy applied: one alert an event, the budget in runs, level shifts, and the laws of chunks and lanes."""

import numpy as np
import pytest

from segue.errors import UserError
from segue.live.alerts import Event, advance, start
from segue.live.policy import Policy
from segue.state import State
from tests.live.judged import NAN, judged

CALM = 0.7


def lane_0(rows: int) -> np.ndarray:
    return np.zeros(rows, dtype=np.int64)


def events(policy: Policy, observations) -> list[Event]:
    return advance(policy, start(1), observations, lane_0(len(observations)))[1]


def test_an_event_is_alerted_once_with_its_begin_end_and_extent():
    """Three surprising values with two ordinary ones between; it ends when 4 ordinary values have come."""
    p = [CALM, 1e-4, CALM, 1e-5, CALM, 1e-4, CALM, CALM, CALM, CALM, CALM]
    found = events(Policy(cool_down=4), judged(p, side=-1.0))
    assert found == [
        Event("a", begin=1, end=None, p=1e-4, extent=1, direction=-1),
        Event("a", begin=1, end=5, p=1e-5, extent=3, direction=-1),
    ]


def test_a_second_event_comes_after_the_cool_down_and_not_within_it():
    """Catches a cool-down that is one value too long or too short."""
    within, after = [1e-4, *[CALM] * 3, 1e-4], [1e-4, *[CALM] * 4, 1e-4]
    assert [event.begin for event in events(Policy(cool_down=4), judged(within)) if event.end is None] == [0]
    assert [event.begin for event in events(Policy(cool_down=4), judged(after)) if event.end is None] == [0, 5]


def test_m_of_n_counts_values_that_came_and_begins_with_the_first_of_them():
    """Catches missing values that count, and an alert that begins where it was raised."""
    policy = Policy(m=2, n=3, cool_down=5)
    low = policy.threshold / 2
    assert events(policy, judged([low, CALM, CALM, low])) == []
    found = events(policy, judged([low, NAN, CALM, NAN, NAN, low]))
    assert [(event.begin, event.end, event.extent) for event in found] == [(0, None, 2)]


def test_a_value_beyond_the_band_that_is_not_surprising_does_not_end_an_event():
    """A moderate shift stays one event, although few of its values are surprising."""
    found = events(Policy(cool_down=3), judged([1e-4, *[0.15] * 9, 1e-4, CALM, CALM, CALM]))
    assert [(event.begin, event.end) for event in found] == [(0, None), (0, 10)]


def test_small_and_early_values_are_no_alert():
    """`least` counts half widths of the band, and `warm_up` the first values."""
    assert events(Policy(least=3.5), judged([CALM, 1e-6])) == []
    assert len(events(Policy(least=2.9), judged([CALM, 1e-6]))) == 1
    assert events(Policy(warm_up=2), judged([CALM, 1e-6])) == []
    assert len(events(Policy(warm_up=1), judged([CALM, 1e-6]))) == 1


def test_a_level_shift_is_alerted_once_and_accepted_in_time():
    """Every value after the shift lies beyond the band. The alert ends `shift` values after its begin; then the lane
    gets used to the level, and later a new event is alerted again."""
    policy = Policy(shift=10, cool_down=5)
    p = [*[CALM] * 20, 1e-4, *[1e-4, 0.1, 1e-6] * 4]
    found = events(policy, judged(p))
    assert [(event.begin, event.end, event.accepted) for event in found[:2]] == [(20, None, False), (20, 29, True)]
    assert len(found) == 2
    later = [*[CALM] * 20, *[1e-4] * 10, *[1e-4] * 5, *[CALM] * 3, 1e-5]
    found = events(policy, judged(later))
    assert [(event.begin, event.end) for event in found] == [(20, None), (20, 29), (38, None)]


def test_a_change_on_both_sides_is_accepted_by_its_surprising_values():
    """A meter that begins to swing: no side has more values, and yet this is the new normal."""
    p, side = np.array([*[CALM] * 5, *[1e-4] * 30]), np.resize([1.0, -1.0], 35)
    found = events(Policy(shift=12, cool_down=40), judged(p, side=side))
    assert [(event.begin, event.end, event.accepted) for event in found] == [(5, None, False), (5, 16, True)]
    assert found[1].direction == 0


@pytest.mark.parametrize(("m", "n", "budget"), [(1, 1, 1.0), (1, 1, 5.0), (2, 3, 1.0), (3, 10, 2.0)])
def test_the_budget_holds_for_uniform_p_values(m, n, budget):
    """400 lanes of 2,000 values without an anomaly. Standard error of a rate of 1 in 1,000 here: 3.5 %."""
    policy, lanes, steps = Policy(budget=budget, m=m, n=n), 400, 2000
    p = np.random.default_rng(0).uniform(size=lanes * steps)
    lane, times = np.tile(np.arange(lanes), steps), np.repeat(np.arange(steps), lanes)
    _, found = advance(policy, start(lanes), judged(p, ids=lane, times=times), lane)
    rate = 1000 * sum(event.end is None for event in found) / (lanes * steps)
    assert 0.65 * budget < rate < 1.1 * budget


def test_parts_equal_the_whole_and_lanes_are_independent():
    """Chunks of any size, rows of lanes in any interleaving, and a lane alone: same state, same events."""
    draw, policy = np.random.default_rng(1), Policy(budget=30, m=2, n=4, cool_down=6, shift=8)
    rows, lanes = 600, 5
    lane, side = draw.integers(0, lanes, rows), draw.choice([-1.0, 1.0], rows)
    p = np.where(draw.uniform(size=rows) < 0.1, NAN, draw.uniform(size=rows) ** 2)

    def part(mask) -> tuple:
        times = np.datetime64("2024-01-01T00:00", "s") + np.arange(rows)
        return judged(p[mask], ids=lane[mask], times=times[mask], side=side[mask]), lane[mask]

    state, whole = advance(policy, start(lanes), *part(np.arange(rows)))
    assert len(whole) > 20
    chunked, found = start(lanes), []
    for rows_of_chunk in np.split(np.arange(rows), [1, 2, 30, 31, 333]):
        chunked, more = advance(policy, chunked, *part(rows_of_chunk))
        found += more
    assert chunked == state
    assert found == whole
    for one in range(lanes):
        observations, own = part(np.flatnonzero(lane == one))
        alone, mine = advance(policy, start(1), observations, own * 0)
        assert mine == [event for event in whole if event.lane == one]
        assert alone == state.select(np.array([one]))


def test_other_arrays_of_the_state_stay_and_a_lane_takes_few_bytes():
    """The contract with the store: at most 64 bytes a lane, prefixed names, and nothing of others lost."""
    state = start(3)
    assert sum(array[0].nbytes for array in state.values()) <= 64
    assert all(name.startswith("small.alert.") for name in state)
    other = type(state)({**state, "history.raw": np.ones((3, 4))})
    after, _ = advance(Policy(), other, judged([1e-5]), lane_0(1))
    np.testing.assert_array_equal(after["history.raw"], np.ones((3, 4)))
    assert other["small.alert.extent"][0] == 0  # the state before is not changed
    assert after["small.alert.extent"][0] == 1


def test_a_state_that_is_none_of_alerts_is_refused():
    with pytest.raises(UserError, match=r"state without small.alert.recent: give what `start\(lanes\)` or `advance`"):
        advance(Policy(), State({"small.other": np.zeros(1)}), judged([CALM]), lane_0(1))
