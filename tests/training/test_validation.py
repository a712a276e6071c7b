"""Held-out loss on the way: the best model is kept, patience ends a run, and a restart changes neither."""

import math
from dataclasses import replace

import pytest

from segue.errors import UserError
from segue.training.checkpoints import latest
from segue.training.interrupt import Interrupted
from segue.training.log import read_log
from segue.training.loop import train
from segue.training.validation import Validation
from tests.training.conftest import CONFIG, everything, interrupt, tiny_loss, tiny_model

pytestmark = pytest.mark.usefixtures("no_sync")


def scripted(losses, kept):
    """A validation that sees these losses, one a measurement, and notes which of them kept a model."""
    measurements = iter(enumerate(losses, start=1))
    seen = []

    def loss(model):
        assert not model.training
        seen.append(next(measurements))
        return seen[-1][1]

    return Validation(loss, every=4, keep=lambda model: kept.append(seen[-1][0]), patience=2)


def test_the_best_model_is_kept_and_patience_ends_the_run(tmp_path):
    """Measured at steps 4, 8, ...: the third is the best, two worse ones end the run at step 20 of 40."""
    model, kept = tiny_model(), []
    validation = scripted([3.0, 3.5, 2.0, 2.0, 2.5, 1.0], kept)
    train(model, tiny_loss(model), replace(CONFIG, steps=40), tmp_path, validation=validation)
    assert kept == [1, 3]
    curve = [(line["step"], line["held_out_loss"]) for line in read_log(tmp_path) if "held_out_loss" in line]
    assert curve == [(4, 3.0), (8, 3.5), (12, 2.0), (16, 2.0), (20, 2.5)]
    assert latest(tmp_path).name == "step-20"
    again = tiny_model()
    nothing = scripted([], kept)
    train(again, tiny_loss(again), replace(CONFIG, steps=40), tmp_path, validation=nothing, resume=True)
    assert kept == [1, 3]


def test_a_run_stopped_while_it_measures_measures_again(tmp_path):
    """Ctrl-C in the second measurement, at step 8: the step is saved, its measurement is the first on resume."""
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    losses = [3.0, 2.0, 2.5, 1.0, 0.5]
    model = tiny_model()
    train(model, tiny_loss(model), CONFIG, unbroken, validation=scripted(losses, []))
    calls = iter([3.0])
    model = tiny_model()
    stopped = Validation(lambda model: next(calls, None) or interrupt(), every=4, keep=lambda model: None, patience=2)
    with pytest.raises(Interrupted, match="stopped at step 8"):
        train(model, tiny_loss(model), CONFIG, broken, validation=stopped)
    model, kept = tiny_model(), []
    train(model, tiny_loss(model), CONFIG, broken, validation=scripted(losses[1:], kept), resume=True)
    assert kept == [1, 3, 4]
    assert everything(broken) == everything(unbroken)


def test_a_held_out_loss_that_is_not_finite_ends_the_run_and_is_not_the_best(tmp_path):
    """Nothing is less than NaN: catches that it counts as the best of all, and a log that can't be read again."""
    model, kept = tiny_model(), []
    with pytest.raises(UserError, match="held-out loss nan at step 8"):
        train(model, tiny_loss(model), CONFIG, tmp_path, validation=scripted([3.0, math.nan], kept))
    assert kept == [1]
    assert [line["step"] for line in read_log(tmp_path) if "held_out_loss" in line] == [4]
