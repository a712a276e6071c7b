"""Runs by the clock: the minutes are kept under any load, and a resumed run has the same bits up to the kill."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from segue.errors import UserError
from segue.training.checkpoints import latest, load_checkpoint
from segue.training.interrupt import Interrupted
from segue.training.loop import train
from segue.training.pace import ClockPace
from segue.training.schedule import TrainingConfig, schedule, schedule_by_clock
from segue.training.validation import Validation
from tests.training.conftest import CONFIG, everything, interrupt, tiny_loss, tiny_model

pytestmark = pytest.mark.usefixtures("no_sync")

MINUTE = replace(CONFIG, minutes=1.0, checkpoint_every=1000, log_every=7)


class Machine:
    """A clock that training moves on; how much a step takes depends on the time, as on a machine with other work."""

    def __init__(self, seconds_of_a_step, began=0.0):
        self.now, self._cost = began, seconds_of_a_step

    def loss(self, model, stop_at=None):
        inner = tiny_loss(model, stop_at, interrupt)

        def loss(step):
            value = inner(step)
            self.now += self._cost(self.now)
            return value

        return loss


def timed(run, machine, *, resume=False, stop_at=None, validation=None, config=MINUTE):
    model, begin = tiny_model(), machine.now
    train(
        model,
        machine.loss(model, stop_at),
        config,
        run,
        resume=resume,
        validation=validation,
        watch=lambda: machine.now - begin,
    )
    return model


def pace(run):
    return [json.loads(line) for line in (run / "pace.jsonl").read_text().splitlines()]


LOADS = {
    "none": lambda now: 0.5,
    "first ten seconds": lambda now: 2.0 if now < 10 else 0.5,
    "after ten seconds": lambda now: 0.5 if now < 10 else 2.0,
    "last third": lambda now: 0.5 if now < 40 else 2.0,
    "waves": lambda now: 0.2 if now % 20 < 10 else 1.7,
    "long steps": lambda now: 7.0,
}


@pytest.mark.parametrize("load", LOADS)
def test_the_minutes_are_kept_and_the_rate_falls_to_its_end(load, tmp_path):
    """Catches a number of steps that is settled before the load changes, and a decay that counts steps."""
    machine = Machine(LOADS[load])
    timed(tmp_path, machine)
    assert machine.now == pytest.approx(60, abs=max(1.0, 0.5 * LOADS[load](59)))
    lines = pace(tmp_path)
    rates = [line["rate"] for line in lines[:-1]]
    assert lines[-1]["rate"] is None
    assert rates[3] == 1.0  # after the warm-up of three steps
    assert rates[-1] <= 0.13 * (LOADS[load](59) / 0.5)  # about one step before the end of the last 30 %
    assert latest(tmp_path).name == f"step-{len(rates)}"


def test_the_schedule_by_the_clock_is_that_of_steps_of_equal_length():
    config = TrainingConfig(steps=10_000, warmup_steps=10, decay_share=0.25, decay_shape="cosine", decay_floor=0.1)
    for step in (1, 5, 11, 7000, 8000, 9999):
        assert schedule_by_clock(step, (step - 1) / 10_000, config) == pytest.approx(schedule(step, config), abs=1e-3)


@pytest.mark.parametrize("stop_at", [2, 20, 59, 110])
def test_a_resumed_run_has_the_same_bits_up_to_the_stop_and_keeps_its_minutes(stop_at, tmp_path):
    """Also where the machine is four times slower afterwards; catches rates that are computed again."""
    timed(tmp_path / "unbroken", Machine(LOADS["none"]))
    machine = Machine(LOADS["none"])
    with pytest.raises(Interrupted):
        timed(tmp_path / "run", machine, stop_at=stop_at)
    used = machine.now
    assert pace(tmp_path / "run") == pace(tmp_path / "unbroken")[:stop_at]
    again = Machine(lambda now: 2.0, used)
    timed(tmp_path / "run", again, resume=True)
    assert again.now == pytest.approx(60, abs=2.0)
    lines, unbroken = ((tmp_path / run / "log.jsonl").read_text().splitlines() for run in ("run", "unbroken"))
    whole = (stop_at - 1) // 7
    assert lines[:whole] == unbroken[:whole]


def test_written_steps_are_taken_again_with_their_rates(tmp_path):
    """A kill loses the steps after the last checkpoint: a slower process must take them with the same rates."""
    timed(tmp_path / "run", Machine(LOADS["none"]))
    at = load_checkpoint(latest(tmp_path / "run"))
    for folder in (tmp_path / "run" / "checkpoints").iterdir():
        if folder == latest(tmp_path / "run"):
            newest = folder
    (tmp_path / "aside").mkdir()
    newest.rename(tmp_path / "aside" / newest.name)
    before = (tmp_path / "run" / "pace.jsonl").read_bytes()
    timed(tmp_path / "run", Machine(lambda now: 9.0), resume=True)
    assert (tmp_path / "run" / "pace.jsonl").read_bytes() == before
    after = load_checkpoint(latest(tmp_path / "run"))
    assert after.step == at.step
    assert all(torch.equal(after.model[name], tensor) for name, tensor in at.model.items())


def test_the_last_measurement_is_within_the_minutes(tmp_path):
    """Each measurement takes five seconds; none is due by steps, so one is made early to learn that."""
    machine, kept = Machine(LOADS["none"]), []

    def measure(model):
        machine.now += 5
        return 1.0 - 0.1 * len(kept)

    validation = Validation(measure, every=10_000, keep=kept.append)
    timed(tmp_path, machine, validation=validation)
    assert len(kept) == 2
    assert machine.now == pytest.approx(60, abs=6)  # the clock of this test does not move within a call


def test_a_finished_run_takes_no_step_and_a_lost_pace_is_refused(tmp_path):
    machine = Machine(LOADS["none"])
    timed(tmp_path, machine)
    before, end = everything(tmp_path), machine.now
    timed(tmp_path, machine, resume=True)
    assert everything(tmp_path) == before
    assert machine.now == end
    (tmp_path / "pace.jsonl").unlink()
    with pytest.raises(UserError, match=r"pace\.jsonl: put the file back"):
        timed(tmp_path, machine, resume=True)


def test_a_killed_run_repeats_at_most_a_twentieth(tmp_path):
    """Checkpoints come by the clock, too, or a resumed run would lose its minutes to steps that it takes again."""
    now = [0.0]
    pace = ClockPace(replace(MINUTE, minutes=10.0), tmp_path, 0, lambda: now[0])
    saved = []
    for step in range(1, 500):
        assert pace.turn(step) is not None
        now[0] += 1.0
        if pace.wants_checkpoint(step):
            saved.append(now[0])
            with pace.saving():
                now[0] += 0.1
    pace.close()
    assert 30 <= saved[0] <= 31
    assert max(later - earlier for earlier, later in pairwise(saved)) <= 31.2
