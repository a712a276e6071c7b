"""The process beside the training: the same batches, in any order, and nothing left behind."""

import dataclasses
import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
import torch

from segue.forecasting.pretraining import pretrain as module
from segue.forecasting.pretraining.ahead import AHEAD, BatchesAhead, made_ahead
from segue.forecasting.pretraining.examples import examples_of
from tests.forecasting.pretraining.conftest import TINY, windows


def same(examples, other):
    return all(torch.equal(*parts) for parts in zip(examples.tensors(), other.tensors(), strict=True))


def test_batches_are_those_made_here_bit_for_bit_and_a_step_back_or_a_leap_costs_time_only():
    """Catches batches in another order than asked for, as after the timing of steps, or where a run is resumed."""
    here = windows()
    with made_ahead(windows()) as ahead:
        for number in (1, 2, 3, 1, 2, 4, 4 + AHEAD, 900, 901, 3):
            assert same(ahead.examples(number), examples_of(here.batch(number))), number


def test_nothing_is_left_of_it_whatever_ends_the_training():
    with suppress(KeyboardInterrupt), made_ahead(windows()) as ahead:
        ahead.examples(1)
        raise KeyboardInterrupt
    assert ahead._process.poll() is not None


def test_it_ends_with_a_training_that_is_killed():
    """The process has the other end of a pipe of ours: the end of that file means that it is gone as well."""
    script = """
import os, signal
from segue.forecasting.pretraining.ahead import BatchesAhead
from tests.forecasting.pretraining.conftest import windows
BatchesAhead(windows()).examples(1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    reading, writing = os.pipe()
    command = [sys.executable, "-c", script]
    # standard error is the one file that both inherit
    with subprocess.Popen(command, stderr=writing, stdout=subprocess.DEVNULL) as training:
        os.close(writing)
        assert training.wait() == -signal.SIGKILL
        with os.fdopen(reading) as said:
            said.read()  # returns once nobody can write any more


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how full a pipe is")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_stopped_and_continued_as_by_ctrl_z_it_loses_nothing(unbuffered):
    """A signal cuts a long write to a pipe short; an unbuffered file of Python, usual in containers, loses the rest."""
    here = windows(tokens=500)
    command = [sys.executable, "-c", "from segue.forecasting.pretraining.ahead import serve; serve()"]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        for order in ((here.data, here.patch, here.span, here.seed), 1):
            pickle.dump(order, process.stdin)
        process.stdin.flush()
        while not half_full(process.stdout):  # so the process is within a write, which is longer than the pipe
            assert process.poll() is None
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        os.kill(process.pid, signal.SIGCONT)
        number, arrays = pickle.load(process.stdout)
        process.stdin.close()
    expected = examples_of(here.batch(1)).tensors()
    assert number == 1
    assert all(np.array_equal(array, part.numpy()) for array, part in zip(arrays, expected, strict=True))


def half_full(pipe):
    import fcntl
    import termios

    waiting = int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
    return waiting > fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) / 2


def test_a_process_that_fails_ends_the_training_with_an_error(capfd):
    broken = windows()
    broken.patch = 0
    with made_ahead(broken) as ahead:
        for number in (1, 2):  # a second request does not wait for ever
            with pytest.raises(RuntimeError, match=f"ended before batch {number}"):
                ahead.examples(number)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_run_is_the_same_with_batches_made_here_or_beside_it(tmp_path, monkeypatch, exported):
    """Also if it is stopped and resumed; catches a process that is not used, or is used by a short run."""
    made = []

    class Noted(BatchesAhead):
        def examples(self, number):
            made.append(number)
            return super().examples(number)

    monkeypatch.setattr("segue.forecasting.pretraining.ahead.BatchesAhead", Noted)
    module.pretrain(TINY, tmp_path / "here")
    assert not made
    monkeypatch.setattr(module, "_LONG", 1)
    monkeypatch.setattr(module, "usable_processors", lambda: 2)

    def stop(progress):
        if progress.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        module.pretrain(TINY, tmp_path / "beside", progress=stop)
    module.pretrain(None, tmp_path / "beside", resume=True)
    assert made == list(range(1, 13))
    for name in ("log.jsonl", "model/model.safetensors", "checkpoints/step-12/optimizer.safetensors"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "beside" / name).read_bytes()


@pytest.mark.parametrize(
    ("processors", "steps", "minutes", "beside"),
    [
        (1, 10_000, None, False),
        (2, 10_000, None, True),
        (2, 12, None, False),
        (2, 12, 90.0, True),
        (2, 12, 0.1, False),
    ],
)
def test_the_process_is_used_where_it_pays(monkeypatch, processors, steps, minutes, beside):
    started = []

    class Started:
        def __init__(self, windows):
            started.append(windows)

        def examples(self, number): ...

        def close(self): ...

    monkeypatch.setattr("segue.forecasting.pretraining.ahead.BatchesAhead", Started)
    monkeypatch.setattr(module, "usable_processors", lambda: processors)
    config = dataclasses.replace(TINY, training=dataclasses.replace(TINY.training, steps=steps, minutes=minutes))
    with module._examples(config):
        assert bool(started) is beside
