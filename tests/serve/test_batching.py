"""Micro-batching: answers are those of single calls in all bits, and no call waits for one that does not come."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.forecasting.registry import load_predictor
from segue.serve.batching import Batching, joined


def history(lanes, time, seed):
    generator = np.random.default_rng(seed)
    observed = generator.random((lanes, time)) > 0.1
    observed[:, -1] = True
    return History(generator.normal(10, 3, (lanes, time)), observed, np.full((lanes, 2), [24.0, 168.0]))


class Recording:
    """Answers with the mean of each lane; waits for a gate, and records the lanes of each call."""

    name, context, fingerprint, batch = "Recording", 512, "", 32

    def __init__(self, fails=()):
        self.gate, self.entered, self.calls, self.fails = threading.Event(), threading.Event(), [], fails

    def predict(self, asked, horizon):
        self.calls.append((len(asked), horizon))
        self.entered.set()
        assert self.gate.wait(30)
        if len(asked) in self.fails:
            raise MemoryError("too many lanes")
        mean = asked.values.sum(1, where=asked.observed)
        return Forecast(np.broadcast_to(mean[:, None, None], (len(asked), horizon, len(LEVELS))).copy())


def wait_until(condition):
    """Waits without sleeping: other threads run while this one takes turns at a lock."""
    turn = threading.Event()
    for _ in range(10_000):
        if condition():
            return
        turn.wait(0.001)
    raise AssertionError("it never came")


def ask_together(predictor, batching, asked):
    """Starts one call; starts all others while it runs; then lets all go on, and returns the answers."""
    with ThreadPoolExecutor(len(asked)) as pool:
        first = pool.submit(batching.predict, *asked[0])
        assert predictor.entered.wait(30)
        others = [pool.submit(batching.predict, *one) for one in asked[1:]]
        wait_until(lambda: len(batching._waiting) == len(asked) - 1)
        predictor.gate.set()
        return [future.exception(30) or future.result() for future in (first, *others)]


def test_calls_that_wait_are_computed_together():
    """Catches lanes that go to another call, and a batch of calls that cannot be one."""
    predictor = Recording()
    batching = Batching(predictor)
    asked = [
        (history(lanes, time, lanes), steps) for lanes, time, steps in ((1, 9, 4), (2, 30, 4), (3, 7, 5), (4, 99, 4))
    ]
    found = ask_together(predictor, batching, asked)
    assert sorted(predictor.calls) == [(1, 4), (3, 5), (6, 4)]
    for (own, steps), answer in zip(asked, found, strict=True):
        np.testing.assert_allclose(answer.median[:, 0], own.values.sum(1, where=own.observed), rtol=1e-12)
        assert answer.horizon == steps


def test_an_error_of_a_batch_reaches_each_of_its_calls_and_no_other():
    """Catches a call that waits for ever, and a server that is dead after one error."""
    predictor = Recording(fails=(5,))
    batching = Batching(predictor)
    found = ask_together(predictor, batching, [(history(n, 9, n), 1) for n in (1, 2, 3)])
    assert isinstance(found[0], Forecast)
    assert [type(one) for one in found[1:]] == [MemoryError, MemoryError]
    assert len(batching.predict(history(1, 9, 0), 1).quantiles) == 1


def test_many_threads_get_the_bits_of_single_calls():
    """The model, and calls of all widths at once; catches padding that changes an answer."""
    model = load_predictor("nanotst", threads=1)
    batching = Batching(model, side_by_side=2)
    asked = [(history(1 + seed % 3, 40 + 29 * seed, seed), 24 if seed % 4 else 7) for seed in range(24)]
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda one: batching.predict(*one), asked))
    for (own, steps), answer in zip(asked, found, strict=True):
        np.testing.assert_array_equal(answer.quantiles, model.predict(own, steps).quantiles)


def test_histories_are_aligned_at_their_ends():
    """What stands before a shorter one is not observed."""
    both = joined([history(1, 3, 0), history(2, 5, 1)])
    assert both.values.shape == (3, 5)
    assert not both.observed[0, :2].any()
    assert both.observed[:, -1].all()


def test_a_wrapped_predictor_declares_what_it_wraps():
    """Catches support that is lost: counts would be forecast below zero."""
    model = load_predictor("nanotst", threads=1)
    batching = Batching(model)
    for name in ("name", "context", "fingerprint", "batch", "workers", "keeps_support", "pass_context"):
        assert getattr(batching, name) == getattr(model, name)
    with pytest.raises(AttributeError):
        batching.other  # noqa: B018
