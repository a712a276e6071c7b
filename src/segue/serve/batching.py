"""Micro-batching: calls of a predictor that wait at the same time are computed together."""

from collections.abc import Sequence
from threading import Condition

import numpy as np
from jaxtyping import Bool, Float64

from segue.forecasting.predictor import Forecast, History, Predictor
from segue.serve.passing import Passing

_MOST = 256  # lanes of a batch, unless one call has more: their contexts of 2,592 values take 6 MB


class _Call:
    """One call: what it asks, and its answer once it is there."""

    def __init__(self, history: History, horizon: int) -> None:
        self.history, self.horizon = history, horizon
        self.taken = self.done = False
        self.answer: Forecast | None = None
        self.error: BaseException | None = None

    def agrees(self, other: "_Call") -> bool:
        """Whether both can be computed in one batch."""
        seasons = self.history.seasons.shape[1] == other.history.seasons.shape[1]
        return self.horizon == other.horizon and seasons


class Batching(Passing):
    """A predictor for many threads: while one batch runs, the calls that come are collected for the next one.

    No call waits for others to come. A lane's forecast has the same bits in any batch (`nanotst.graph`), so an answer
    does not depend on what else is asked. Calls with known columns run alone. See `Predictor`.

    Args:
        predictor: A predictor whose lanes do not depend on their batch, and that any number of threads may call.
        side_by_side: The number of batches that run at the same time, at least 1.
    """

    def __init__(self, predictor: Predictor, side_by_side: int = 1) -> None:
        super().__init__(predictor)
        self._most = side_by_side
        self._waiting: list[_Call] = []
        self._running, self._change = 0, Condition()

    def predict(self, history: History, horizon: int) -> Forecast:
        """See `Predictor`."""
        if history.known is not None:
            return self.predictor.predict(history, horizon)
        call = _Call(history, horizon)
        batch = self._turn(call)
        if batch:
            try:
                self._run(batch)
            finally:
                self._finish(batch)
        if call.error is not None:
            raise call.error
        assert call.answer is not None
        return call.answer

    def _turn(self, call: _Call) -> list[_Call]:
        """Waits until another thread has answered a call, or returns the batch that this thread is to run."""
        with self._change:
            self._waiting.append(call)
            while not call.done and (call.taken or self._running >= self._most):
                self._change.wait()
            if call.done:
                return []
            batch, lanes = [call], len(call.history)
            for other in self._waiting:
                if other is not call and other.agrees(call) and lanes + len(other.history) <= _MOST:
                    batch.append(other)
                    lanes += len(other.history)
            for one in batch:
                one.taken = True
                self._waiting.remove(one)
            self._running += 1
            return batch

    def _run(self, batch: list[_Call]) -> None:
        """Answers the calls of a batch, or gives all of them its error."""
        try:
            answer = self.predictor.predict(joined([one.history for one in batch]), batch[0].horizon)
            first = 0
            for one in batch:
                end = first + len(one.history)
                mean = None if answer.mean is None else answer.mean[first:end]
                one.answer = Forecast(answer.quantiles[first:end], answer.levels, mean)
                first = end
        except BaseException as error:
            for one in batch:
                one.error = error

    def _finish(self, batch: list[_Call]) -> None:
        with self._change:
            self._running -= 1
            for one in batch:
                one.done = True
            self._change.notify_all()


def joined(histories: Sequence[History]) -> History:
    """Puts the lanes of histories without known columns together, aligned at their last columns."""
    if len(histories) == 1:
        return histories[0]
    width = max(one.values.shape[1] for one in histories)
    values = np.concatenate([_padded(one.values, width) for one in histories])
    observed = np.concatenate([_padded(one.observed, width) for one in histories])
    return History(values, observed, np.concatenate([one.seasons for one in histories]))


def _padded(
    columns: Float64[np.ndarray, "lanes time"] | Bool[np.ndarray, "lanes time"], width: int
) -> Float64[np.ndarray, "lanes width"] | Bool[np.ndarray, "lanes width"]:
    return np.pad(columns, ((0, 0), (width - columns.shape[1], 0)))
