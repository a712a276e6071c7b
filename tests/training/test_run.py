"""The run that all tasks share: what it decides and records, and what it saves when it ends or is stopped."""

from dataclasses import dataclass, replace

import pytest
import torch

from segue.errors import Notice, UserError
from segue.training.checkpoints import latest
from segue.training.interrupt import Interrupted
from segue.training.run import Work, begin_run
from segue.training.runs import read_run
from segue.training.schedule import TrainingConfig
from tests.training.conftest import CONFIG, everything, interrupt, tiny_loss, tiny_model

pytestmark = pytest.mark.usefixtures("no_sync")


@dataclass(frozen=True)
class TinyConfig:
    training: TrainingConfig = CONFIG
    device: str = "auto"
    precision: str = "auto"


CPU = TinyConfig(device="cpu", precision="float32")


def run_through(folder, config=CPU, *, resume=False, minutes=None, stop_at=None, saved=None, save=None):
    """A whole run; `saved` collects the weights that the save step is given."""

    def keep(model):
        assert not model.training
        saved.append({name: tensor.clone() for name, tensor in model.state_dict().items()})

    run = begin_run(TinyConfig, None if resume else config, folder, resume=resume, minutes=minutes)
    model = tiny_model().to(run.device.device)
    work = Work(model, tiny_loss(model, stop_at, interrupt), save=keep if saved is not None else save)
    return run.config, run.train(run.config, work)


def test_what_was_left_open_is_decided_once_and_recorded(tmp_path):
    """A resumed run takes device and precision from its folder, or it would depend on the machine."""
    run = begin_run(TinyConfig, None, tmp_path / "run", resume=False, minutes=None)
    assert run.config.device == str(run.device.device) != "auto"
    assert run.config.precision == ("float32" if run.device.autocast_dtype is None else "bfloat16")
    assert not (tmp_path / "run").exists()
    final, _ = run_through(tmp_path / "run")
    assert read_run(TinyConfig, tmp_path / "run") == final == CPU
    assert begin_run(TinyConfig, None, tmp_path / "run", resume=True, minutes=None).config == CPU


def test_the_last_model_is_saved_once_at_the_end(tmp_path):
    saved = []
    _, kept = run_through(tmp_path / "run", saved=saved)
    (weights,) = saved
    assert all(torch.equal(weights[name], tensor) for name, tensor in kept.state_dict().items())
    run_through(tmp_path / "run", resume=True, saved=saved)  # a finished run saves again what may have been deleted
    assert len(saved) == 2
    assert all(torch.equal(saved[1][name], tensor) for name, tensor in weights.items())


def test_ctrl_c_saves_the_model_of_that_step(tmp_path):
    """The averaged weights, as at the end: those of a run of so many steps, where no rate decays."""
    undecayed = replace(CPU, training=replace(CONFIG, decay_share=0.0))
    saved = []
    with pytest.raises(Interrupted, match="stopped at step 12"):
        run_through(tmp_path / "stopped", undecayed, stop_at=13, saved=saved)
    short = replace(undecayed, training=replace(undecayed.training, steps=12))
    _, kept = run_through(tmp_path / "short", short)
    (weights,) = saved
    assert all(torch.equal(weights[name], tensor) for name, tensor in kept.state_dict().items())


def test_the_checkpoint_comes_before_the_save_step(tmp_path):
    """Also where the save step fails, the work of the run is safe."""
    newest = []
    with pytest.raises(Interrupted):
        run_through(tmp_path / "run", stop_at=13, save=lambda model: newest.append(latest(tmp_path / "run").name))
    assert newest == ["step-12"]


@pytest.mark.parametrize("stop_at", [13, None])
def test_ctrl_c_within_the_save_step_loses_the_saved_model_only(tmp_path, stop_at):
    """At the end of a run, or after another Ctrl-C: the checkpoint is there, and the message says how to continue."""
    with pytest.raises(Interrupted, match=f"stopped at step {12 if stop_at else 20}, saved in"):
        run_through(tmp_path / "run", stop_at=stop_at, save=lambda model: interrupt())
    saved = []
    run_through(tmp_path / "run", resume=True, saved=saved)
    run_through(tmp_path / "unbroken")
    assert len(saved) == 1
    assert everything(tmp_path / "run") == everything(tmp_path / "unbroken")


def test_a_run_that_fails_saves_nothing(tmp_path):
    saved = []
    run = begin_run(TinyConfig, CPU, tmp_path / "run", resume=False, minutes=None)
    model = tiny_model()
    work = Work(model, lambda step: model[0].weight.sum() * torch.nan, save=saved.append)
    with pytest.raises(UserError, match="loss nan at step 1"):
        run.train(run.config, work)
    assert not saved


def test_mistakes_are_named(tmp_path):
    run_through(tmp_path / "run")
    with pytest.raises(UserError, match="continue this run with `resume`, or name a new folder"):
        run_through(tmp_path / "run")
    with pytest.raises(UserError, match=r"name the folder of a run that was started"):
        begin_run(TinyConfig, None, tmp_path / "nothing", resume=True, minutes=None)
    with pytest.raises(UserError, match=r"minutes 0\.0: give a number above 0"):
        run_through(tmp_path / "other", minutes=0.0)
    assert not (tmp_path / "other").exists()


def test_a_supervisor_that_always_resumes_begins_and_continues(tmp_path):
    """The same call each time: it begins where nothing was started, and keeps the settings of a run that was."""
    with pytest.warns(Notice, match="nothing was started in .*: the run begins"):
        run = begin_run(TinyConfig, CPU, tmp_path / "run", resume=True, minutes=None)
    assert not run.resume
    run_through(tmp_path / "run")
    other = replace(CPU, training=replace(CONFIG, steps=99))
    with pytest.warns(Notice, match="resumed with its own settings; `config` and `minutes` count for a new run only"):
        assert begin_run(TinyConfig, other, tmp_path / "run", resume=True, minutes=3.0).config == CPU
