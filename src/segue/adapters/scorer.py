"""Scores of single instances, as other libraries need them: a score changes nothing; learning is a separate call."""

from collections.abc import Mapping

import numpy as np

from segue.forecasting.registry import Model
from segue.live.lanes import Lanes
from segue.live.watch import Watch


class Scorer:
    """A watch over the features of instances: each feature is a lane, and each instance a step.

    A watch scores a value only while it takes it in. So `score` takes an instance in, and keeps a copy of the lanes
    before it. The next `take` restores the copy, unless its instance is the same. Then learning costs nothing more.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        refresh: See `segue.Watch`.
        warm_up: See `segue.Watch`.
        learn: See `segue.Watch`.
    """

    def __init__(self, model: Model, refresh: int, warm_up: int, learn: bool) -> None:
        self._watch = Watch(model, refresh=refresh, warm_up=warm_up, freq=1, learn=learn)
        self._step, self._score = 0, 0.0
        self._tried: tuple[dict[str, float], Lanes] | None = None

    def score(self, instance: Mapping[str, float]) -> float:
        """Returns the score in [0, 1] that an instance would have as the next one; 0 during the warm-up.

        Several features have one score: 1 less the smallest p-value times their number (Bonferroni), so 0.999 is at
        most one in a thousand, too.
        """
        if not self._is_tried(instance):
            self._take_back()
            before = self._watch.lanes
            self._score = self._observe(instance)
            self._tried = dict(instance), before
        return self._score

    def take(self, instance: Mapping[str, float]) -> None:
        """Takes the next instance in."""
        if not self._is_tried(instance):
            self._take_back()
            self._score = self._observe(instance)
        self._tried = None
        self._step += 1

    def take_and_score(self, instance: Mapping[str, float]) -> float:
        """Returns the score of the next instance, and takes it in."""
        self.take(instance)
        return self._score

    def _observe(self, instance: Mapping[str, float]) -> float:
        names = list(instance)
        if not names:
            return 0.0
        seen = self._watch.observe(names, np.full(len(names), self._step), [float(instance[name]) for name in names])
        known = seen.p[~np.isnan(seen.p)]
        return 1.0 - min(1.0, float(known.min()) * len(known)) if len(known) else 0.0

    def _is_tried(self, instance: Mapping[str, float]) -> bool:
        if self._tried is None or self._tried[0].keys() != instance.keys():
            return False
        pairs = [(value, instance[name]) for name, value in self._tried[0].items()]
        return all(one == other or (one != one and other != other) for one, other in pairs)

    def _take_back(self) -> None:
        if self._tried is not None:
            self._watch.lanes, self._tried = self._tried[1], None
