"""The clock of a feed: no single series sets it wrong, and series fall silent after the same row in any batches."""

import json
import random

import pytest

from segue.live.silence import NEVER, Clock, Silence

AGE = 100


def clock_after(rows, clock=Clock()):  # noqa: B008 - frozen
    for name, time in rows:
        clock = clock.after(name, time, AGE)
    return clock


def test_the_clock_follows_rows_within_the_age_and_never_falls_by_a_late_one():
    assert clock_after([("a", 5), ("b", 90), ("a", 40)]).time == 90


@pytest.mark.parametrize("odd", [10**9, -(10**9)])
def test_one_series_sets_the_clock_in_no_way_and_several_do_after_64_rows(odd):
    begun = clock_after([("a", 0), ("b", 1)])
    assert clock_after([("c", odd + row) for row in range(500)], begun).time == 1
    both = [("cd"[row % 2], odd + row) for row in range(64)]
    assert clock_after(both[:63], begun).time == 1
    assert clock_after(both, begun).time == odd
    assert clock_after([*both[:63], ("a", 2), *both[:63]], begun).time == 2


def test_facts_are_all_of_a_clock():
    clock = clock_after([("a", 0), ("b", 999)])
    assert Clock.from_facts(json.loads(json.dumps(clock.facts()))) == clock


def test_a_series_is_silent_once_the_clock_has_moved_on_by_more_than_the_age():
    """By hand: `a` is heard at 0, and the clock passes 100 with the row of index 2. Its own times do not matter."""
    silence = Silence(AGE, Clock(), {})
    assert silence.listen(["a", "b", "b", "b"], [0, 100, 101, 180]) == [(2, "a")]
    assert silence.listen(["a", "a", "b"], [-900, -800, 280]) == []
    assert silence.listen(["b"], [281]) == [(0, "a")]


def test_a_series_that_no_clock_has_heard_begins_to_be_silent_now():
    silence = Silence(AGE, Clock(), {"old": NEVER})
    assert silence.listen(["a", "a", "a"], [1000, 1100, 1101]) == [(2, "old")]


def test_series_of_rows_that_the_clock_comes_to_believe_have_been_heard():
    """A pause of the whole feed; catches those that came back being forgotten as the clock moves."""
    silence = Silence(AGE, Clock(), {})
    assert silence.listen("abc", [0, 0, 0]) == []
    assert silence.listen("ab" * 32, range(5000, 5064)) == [(63, "c")]
    assert silence.changed == {"a", "b"}
    assert silence.listen("b" * 36, range(5064, 5100)) == []


@pytest.mark.parametrize("size", [1, 7, 64])
def test_batches_and_restarts_change_nothing(size):
    draw = random.Random(3)
    rows = [(draw.choice("abcdefgh"), row * 9 + draw.randint(-30, 30)) for row in range(600)]
    rows = [("z", 10**9) if draw.random() < 0.1 else (name, time) for name, time in rows]
    rows = [(name, time) for name, time in rows if not (name in "abc" and time % 1000 < 500)]
    names, times = zip(*rows, strict=True)
    expected, found = Silence(AGE, Clock(), {}).listen(names, times), []
    silence = Silence(AGE, Clock(), {})
    for begin in range(0, len(rows), size):
        part = slice(begin, begin + size)
        found += [(begin + row, name) for row, name in silence.listen(names[part], times[part])]
        silence = Silence(AGE, Clock.from_facts(silence.clock.facts()), silence._heard)
    assert len(expected) > 10
    assert found == expected
