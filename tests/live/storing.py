"""A watch with a store, as the tests of the store run and read it."""

import numpy as np

from segue.live.policy import Policy
from segue.live.session import Session
from segue.live.store import Store
from segue.live.watch import Watch

IDENTITY = {"model": "SeasonalNaive", "fingerprint": "of the tests"}
POLICY = Policy(budget=5.0, shift=6, cool_down=4)


def watch(model="seasonal-naive:6"):
    return Watch(model, refresh=4, warm_up=24, freq="h")


def run(path, rows, size, restart=False):
    """Observes rows in batches of a size; returns scores and lanes. It may open the store anew for each batch."""
    scores, session, store = [], None, None
    for part in np.split(np.arange(len(rows[0])), range(size, len(rows[0]), size)):
        if session is None or restart:
            store = Store(path, IDENTITY)
            at_work = watch()
            session = Session(at_work, POLICY, store)
        observed, _ = session.observe(*(column[part] for column in rows))
        scores.append(observed.score)
        session.commit({"rows": int(part[-1])})
        if restart:
            store.close()
    lanes = at_work.lanes
    store.close()
    return np.concatenate(scores), lanes


def dump(path):
    """All that a store holds, without the numbers of blocks and turns, which depend on the batches."""
    with Store(path, IDENTITY) as store:
        at_work = watch()
        session = Session(at_work, POLICY, store)
        alerts = store._connection.execute('SELECT name, begin, "end", p, extent FROM alerts').fetchall()
        return at_work.lanes, session._alerts, sorted(alerts, key=str), len(store.outbox())


def same(one, other):
    assert (one.names, one.freq) == (other.names, other.freq)
    assert (one.last == other.last).all()
    for name in one.state:  # to the bit: NaN equals NaN, and -0.0 differs from 0.0
        assert one.state[name].dtype == other.state[name].dtype
        assert one.state[name].tobytes() == other.state[name].tobytes(), name
