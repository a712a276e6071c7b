"""The model for pysad; it runs where pysad is installed."""

import numpy as np
import pytest

pytest.importorskip("pysad", exc_type=ImportError)

from segue.adapters.pysad import AnomalyModel


def test_a_batch_and_single_instances_score_alike_and_a_jump_stands_out():
    random = np.random.default_rng(0)
    values = random.normal(size=(300, 2))
    values[280, 1] = 25.0
    scores = AnomalyModel("seasonal-naive:1", warm_up=50).fit_score(values)
    assert scores.argmax() == 280
    assert ((scores >= 0) & (scores <= 1)).all()
    model = AnomalyModel("seasonal-naive:1", warm_up=50).fit(values[:280])
    assert model.score_partial(values[280]) == scores[280] == model.fit_score_partial(values[280])
