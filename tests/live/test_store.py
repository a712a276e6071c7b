"""The store: what is committed comes back to the bit, whatever the batches, and little is written for each."""

import sqlite3

import numpy as np
import pytest

from segue.errors import UserError
from segue.live.session import Session
from segue.live.store import Store
from segue.live.watch import _SHAPES, Watch
from tests.live.feeds import feed
from tests.live.storing import IDENTITY, POLICY, dump, run, same, watch

pytestmark = pytest.mark.usefixtures("shapes_unchecked")  # thousands of updates of lanes


def test_batches_and_restarts_change_nothing(tmp_path):
    """Batch = single = restarted each time; catches a calibration, a level or an alert that a store forgets."""
    rows = feed()
    count = len(rows[0])
    one, lanes = run(tmp_path / "one.db", rows, count)
    many, after = run(tmp_path / "many.db", rows, 7)
    again, last = run(tmp_path / "again.db", rows, 31, restart=True)
    np.testing.assert_array_equal(one, many)
    np.testing.assert_array_equal(one, again)
    same(lanes, after)
    same(lanes, last)
    dumps = [dump(tmp_path / f"{name}.db") for name in ("one", "many", "again")]
    for other in dumps[1:]:
        same(dumps[0][0], other[0])
        assert dumps[0][1] == other[1]
        assert dumps[0][2:] == other[2:]
    same(lanes, dumps[0][0])
    names = [name for name, *_ in dumps[0][2]]
    assert {"m0", "m1"} <= set(names)  # or the test would show nothing of alerts and accepted levels
    raw, read = (lanes.state[f"history.{name}"][1, -20:] for name in ("raw", "read"))
    assert np.isclose(raw, read, equal_nan=True).mean() > 0.8  # the new level is read


def test_a_lane_that_begins_again_keeps_no_old_value(tmp_path):
    """Three rows of a wrong time, then others and a gap: catches old steps that a restart takes for new ones."""
    ids, steps = np.full(9, "a", object), np.array([5000, 5001, 5002, 10, 11, 12, 13, 16, 17])
    rows = ids, np.datetime64("2025-01-01", "us") + steps * np.timedelta64(1, "h"), np.arange(1.0, 10.0)
    one, lanes = run(tmp_path / "one.db", rows, 9)
    many, after = run(tmp_path / "many.db", rows, 1, restart=True)
    np.testing.assert_array_equal(one, many)
    same(lanes, after)
    same(lanes, dump(tmp_path / "many.db")[0])
    np.testing.assert_array_equal(lanes.state["history.raw"][0, -6:], [np.nan, 7.0, np.nan, np.nan, 8.0, 9.0])


def test_the_log_stays_bounded_and_old_values_are_dropped(tmp_path, monkeypatch):
    """Catches a store that grows for ever, and a cleaning that drops or brings back a value."""
    monkeypatch.setattr("segue.live.watch._MOST_STEPS", 80)
    ids, times, values = feed(2, 600)
    slow = (ids == "m0") & (np.arange(len(ids)) % 8 > 0)  # m0 has few rows: its old ones lie among those of m1
    rows = tuple(column[~slow] for column in (ids, times, values))
    _, lanes = run(tmp_path / "a.db", rows, 5)
    width = lanes.state["history.raw"].shape[1]
    with Store(tmp_path / "a.db", IDENTITY) as store:
        same(lanes, Session(at := watch(), POLICY, store)._watch.lanes)
        assert at.lanes.names == ("m0", "m1")
        assert store._log._count <= 2 * (2 * width) + 64


def test_a_batch_writes_at_most_a_kilobyte_a_lane(tmp_path):
    """What the write-ahead log grows by, whole pages, for a batch of one value of each of many lanes, or of some."""
    rows, lanes = feed(240, 36), 240
    with Store(tmp_path / "a.db", IDENTITY) as store:
        session = Session(at_work := watch(), POLICY, store)
        for part in np.split(np.arange(len(rows[0])), 36):
            picked = part if part[0] < 28 * lanes else part[::7]  # lanes that lie apart
            session.observe(*(column[picked] for column in rows))
            before = log_bytes(tmp_path / "a.db", store)
            session.commit({"rows": 1})
            if part[0] > 0:
                pages = (log_bytes(tmp_path / "a.db", store) - before) / (1024 + 24)  # a page has a head of 24 bytes
                assert pages <= len(picked) + 16
        assert at_work.lanes.small_bytes + session._alerts["small.alert.peak"].itemsize <= 900


def log_bytes(path, store):
    return path.with_name(path.name + "-wal").stat().st_size


def test_another_model_is_refused_or_adopted(tmp_path):
    rows = feed()
    _, lanes = run(tmp_path / "a.db", rows, 400)
    other = {"model": "NanoTST", "fingerprint": "another"}
    with pytest.raises(UserError, match=r"is the store of SeasonalNaive; go on with that model, or give `adopt`"):
        Store(tmp_path / "a.db", other)
    with pytest.raises(UserError, match=r"is the store of another SeasonalNaive"):
        Store(tmp_path / "a.db", IDENTITY | {"fingerprint": "new weights"})
    with Store(tmp_path / "a.db", other, adopt=True) as store:
        adopted = Session(watch(), POLICY, store)._watch.lanes
    assert adopted.names == lanes.names
    assert adopted.state["history.raw"].tobytes() == lanes.state["history.raw"].tobytes()
    assert (adopted.state["small.first"] == lanes.state["small.first"]).all()
    assert not adopted.state["small.counts"].any()
    with pytest.raises(UserError, match="is the store of NanoTST"):
        Store(tmp_path / "a.db", IDENTITY)
    Store(tmp_path / "a.db", other).close()


def test_a_store_with_other_arrays_is_refused_or_adopted(tmp_path, monkeypatch):
    """As one of a version before learning."""
    _, lanes = run(tmp_path / "a.db", feed(), 400)
    monkeypatch.setitem(_SHAPES, "another", ((3,), np.float32))
    with Store(tmp_path / "a.db", IDENTITY) as store, pytest.raises(UserError, match="the store of another version of"):
        Session(watch(), POLICY, store)
    with Store(tmp_path / "a.db", IDENTITY, adopt=True) as store:
        adopted = Session(watch(), POLICY, store)._watch.lanes
    assert adopted.state["history.raw"].tobytes() == lanes.state["history.raw"].tobytes()


def test_what_failed_to_be_observed_is_not_committed(tmp_path):
    with Store(tmp_path / "a.db", IDENTITY) as store:
        session = Session(watch(), POLICY, store)
        ids, times, values = feed(3, 42)
        session.observe(ids[:60], times[:60], values[:60])
        values[100] = np.inf
        with pytest.raises(UserError, match="inf"):
            session.observe(ids[60:], times[60:], values[60:])
        with pytest.raises(RuntimeError, match="open the store anew"):
            session.commit({})
    with Store(tmp_path / "a.db", IDENTITY) as store:
        assert len(Session(watch(), POLICY, store)._watch.lanes) == 0


@pytest.mark.parametrize("content", [b"unique_id,ds,y\n" * 200, b"SQLite format 3\0" + bytes(4000)])
def test_a_file_that_is_no_database_is_refused(tmp_path, content):
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(UserError, match=r"state .*a\.db: is (not a store|damaged)"):
        Store(tmp_path / "a.db", IDENTITY)
    assert (tmp_path / "a.db").read_bytes() == content


def test_databases_of_others_and_of_other_versions_and_stores_in_use_are_refused(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(UserError, match="is another program's database; name another file"):
        Store(tmp_path / "other.db", IDENTITY)
    assert (tmp_path / "other.db").read_bytes() == before
    run(tmp_path / "a.db", feed(2, 36), 72)
    with Store(tmp_path / "a.db", IDENTITY), pytest.raises(UserError, match="is in use by another process"):
        Store(tmp_path / "a.db", IDENTITY)
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UserError, match="has tables of version 99"):
        Store(tmp_path / "a.db", IDENTITY)
    with pytest.raises(UserError, match="cannot be opened"):
        Store(tmp_path / "none" / "a.db", IDENTITY)


def test_a_damaged_store_is_refused_in_one_line(tmp_path):
    run(tmp_path / "a.db", feed(), 360)
    content = bytearray((tmp_path / "a.db").read_bytes())
    content[1024:] = b"\xff" * (len(content) - 1024)
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(UserError, match=r"state .*a\.db: is damaged \(.*\); restore a copy") as error:
        dump(tmp_path / "a.db")
    assert "\n" not in str(error.value)


def test_what_fails_within_a_commit_is_not_committed(tmp_path):
    """One transaction: neither lanes nor marks of the failed batch are there."""
    rows = feed()
    with Store(tmp_path / "a.db", IDENTITY) as store:
        session = Session(at_work := watch(), POLICY, store)
        session.observe(*(column[:150] for column in rows))
        session.commit({"rows": 1})
        before = at_work.lanes
        session.observe(*(column[150:] for column in rows))
        with pytest.raises(TypeError):
            session.commit({"rows": object()})  # no JSON
    with Store(tmp_path / "a.db", IDENTITY) as store:
        same(before, Session(at_work := watch(), POLICY, store)._watch.lanes)
        assert store.marks["rows"] == 1


def test_floats_keep_their_bits(tmp_path):
    """SQLite itself turns NaN into NULL; catches a history that is stored as numbers of SQL."""
    values = np.array([-0.0, 5e-324, 1e300, 0.1, np.nan, 3.0])
    times = np.arange(6) + 10**15
    at_work = Watch("seasonal-naive:2", warm_up=2, freq=1)
    with Store(tmp_path / "a.db", IDENTITY) as store:
        session = Session(at_work, POLICY, store)
        session.observe(np.array([7] * 6, dtype=object), times, values)
        session.commit({})
    fresh = Watch("seasonal-naive:2", warm_up=2, freq=1)
    with Store(tmp_path / "a.db", IDENTITY) as store:
        Session(fresh, POLICY, store)
    same(at_work.lanes, fresh.lanes)
    assert fresh.lanes.names == (7,)
