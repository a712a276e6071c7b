"""A store forgets series by the age of their rows, whatever the batches and whatever one wrong clock says."""

import numpy as np
import pytest

from segue.live.session import Session
from segue.live.store import Store
from tests.live.feeds import HOUR, feed
from tests.live.storing import IDENTITY, POLICY, run, same, watch

pytestmark = pytest.mark.usefixtures("shapes_unchecked")  # thousands of updates of lanes


def forgetting(path, rows, size, age, restart=False):
    """What is answered with an age, and all that is left."""
    scores, alerts, gone, session, store = [], [], [], None, None
    for part in np.split(np.arange(len(rows[0])), range(size, len(rows[0]), size)):
        if session is None or restart:
            store = Store(path, IDENTITY)
            session = Session(watch(), POLICY, store, age)
        observed, events = session.observe(*(column[part] for column in rows))
        scores.append(observed.score)
        alerts += events
        gone += session.commit({})
        if restart:
            store.close()
    store.close()
    return np.concatenate(scores), alerts, gone


def silent(ids, times, values):
    """Rows of three lanes, of which one is silent from its alert on for most of the time, then comes back."""
    gone = (ids == "m1") & (times > times[3 * 84]) & (times < times[-9])
    return ids[~gone], times[~gone], values[~gone]


def test_lanes_without_new_rows_are_forgotten_by_age(tmp_path):
    """Their values are gone, their alerts end, and a lane that comes back begins anew; batches change nothing.

    Catches a lane that is kept or forgotten by where commits fall, and an alert that is open for ever.
    """
    rows = silent(*feed(3, 120))
    with Store(tmp_path / "a.db", IDENTITY) as store:
        session = Session(at_work := watch(), POLICY, store, 24 * HOUR)
        session.observe(*rows)
        assert session.commit({}) == ["m1"]
        lanes = at_work.lanes
        assert sorted(lanes.names) == ["m0", "m1", "m2"]
        assert np.isfinite(lanes.state["history.raw"][lanes.names.index("m1")]).sum() <= 4
    with Store(tmp_path / "a.db", IDENTITY) as store:
        after = Session(watch(), POLICY, store)._watch.lanes
    same(lanes.select(lanes.index(after.names)), after)
    whole = forgetting(tmp_path / "whole.db", rows, len(rows[0]), 24 * HOUR)
    for size, restart in ((1, False), (7, True), (50, False)):
        parts = forgetting(tmp_path / f"{size}.db", rows, size, 24 * HOUR, restart)
        np.testing.assert_array_equal(whole[0], parts[0])
        assert whole[1:] == parts[1:]
    mine = [event for event in whole[1] if event.lane == "m1"]
    assert mine[0].end is None
    assert (mine[1].begin, mine[1].accepted) == (mine[0].begin, False)
    assert mine[1].end is not None


@pytest.mark.parametrize("rows", [1, 200])
@pytest.mark.parametrize("name", ["m0", "new"])
def test_a_series_with_a_wrong_clock_makes_no_other_one_old(tmp_path, rows, name):
    """Rows of 2099 of a new series, or of one that is known, among the others: these answer as without."""
    ids, times, values = feed(3, 120)
    odd = np.datetime64("2099-01-01", "us") + np.arange(rows) * np.timedelta64(HOUR, "us")
    at = 3 * 60
    parts = [(ids, np.full(rows, name, object)), (times, odd), (values, np.ones(rows))]
    ids, times, values = (np.concatenate([own[:at], more, own[at:]]) for own, more in parts)
    scores, _, gone = forgetting(tmp_path / "a.db", (ids, times, values), 40, 24 * HOUR)
    others = (ids != name) & ~np.isin(np.arange(len(ids)), range(at, at + rows))
    clean, _, _ = forgetting(tmp_path / "b.db", (ids[others], times[others], values[others]), 40, 24 * HOUR)
    np.testing.assert_array_equal(scores[others], clean)
    assert set(gone) <= {name}


def test_series_that_come_one_after_another_are_not_silent(tmp_path):
    """All rows of a year of one series, then those of the next: catches a row that is old beside another series."""
    ids, times, values = feed(3, 120)
    order = np.argsort(ids, kind="stable")
    rows = ids[order], times[order], values[order]
    scores, _, gone = forgetting(tmp_path / "a.db", rows, 50, 24 * HOUR)
    plain, _ = run(tmp_path / "b.db", rows, 50)
    np.testing.assert_array_equal(scores, plain)
    assert gone == []


def test_after_a_pause_of_the_whole_feed_the_clock_goes_on(tmp_path):
    """Two of three lanes come back after a month; the third is forgotten soon after."""
    ids, times, values = feed(3, 120)
    later = np.where(np.arange(len(ids)) >= 180, times + np.timedelta64(720 * HOUR, "us"), times)
    kept = (ids != "m2") | (np.arange(len(ids)) < 180)
    rows = ids[kept], later[kept], values[kept]
    assert forgetting(tmp_path / "a.db", rows, 30, 24 * HOUR)[2] == ["m2"]


def observe(path, names, hours, age):
    """Rows of some lanes at each of some hours, a commit for each: the lanes that were forgotten."""
    with Store(path, IDENTITY) as store:
        session, gone = Session(watch(), POLICY, store, age), []
        for hour in hours:
            times = np.full(len(names), np.datetime64("2025-01-01", "us") + np.timedelta64(hour, "h"))
            session.observe(np.array(names, dtype=object), times, np.ones(len(names)))
            gone += session.commit({})
    return gone


def test_rows_of_a_run_without_an_age_are_heard(tmp_path):
    """Catches a clock that stood still in such a run, and then makes lanes old that had a row an hour before."""
    names = [f"m{lane}" for lane in range(100)]
    for hours, age in ((range(5), 24 * HOUR), (range(5, 60), None), (range(60, 64), 24 * HOUR)):
        assert observe(tmp_path / "a.db", names, hours, age) == []


def test_a_lane_that_no_run_with_an_age_has_heard_is_forgotten_across_runs(tmp_path):
    """Catches a silence that begins anew with each run."""
    assert observe(tmp_path / "a.db", ["m0", "m1", "m2"], range(3), None) == []
    runs = [observe(tmp_path / "a.db", ["m0", "m1"], range(begin, begin + 8), 24 * HOUR) for begin in range(3, 43, 8)]
    assert runs == [[], [], [], ["m2"], []]
