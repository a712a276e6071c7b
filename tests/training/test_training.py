"""Training: a run killed anywhere and resumed is the unbroken run, bit for bit."""

import json
import math
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from segue.errors import UserError
from segue.folder import load_arrays, save_arrays
from segue.manifest import write_manifest
from segue.state import State
from segue.training.checkpoints import latest, load_checkpoint
from segue.training.interrupt import Interrupted, uninterrupted
from segue.training.log import RunLog
from segue.training.loop import train
from segue.training.runs import read_run
from segue.training.schedule import TrainingConfig
from tests.training.conftest import CONFIG, everything, interrupt, run_through, tiny_loss, tiny_model

pytestmark = pytest.mark.usefixtures("no_sync")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    run = tmp_path_factory.mktemp("unbroken") / "run"
    run_through(run)
    return run


@pytest.mark.parametrize("step", range(1, CONFIG.steps + 1))
def test_stopped_by_ctrl_c_at_any_step_and_resumed_equals_unbroken(step, unbroken, tmp_path):
    """Catches any part of the state that a checkpoint forgets: moments, average, loss sums, dropout's draws."""
    run = tmp_path / "run"
    with pytest.raises(Interrupted, match=f"stopped at step {step - 1}"):
        run_through(run, stop_at=step, how=interrupt)
    assert latest(run).name == f"step-{step - 1}"
    run_through(run, resume=True)
    assert everything(run) == everything(unbroken)


SCRIPT = """
import os, signal, sys
from pathlib import Path
from tests.training.conftest import run_through
run_through(Path(sys.argv[1]), stop_at=13, how=lambda: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_killed_and_resumed_equals_unbroken(unbroken, tmp_path):
    """A real kill -9 at step 13: the lines after checkpoint 10 must not be in the log twice."""
    run = tmp_path / "run"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    died = subprocess.run([sys.executable, "-c", SCRIPT, str(run)], env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    assert latest(run).name == "step-10"
    assert b'"step": 12' in (run / "log.jsonl").read_bytes()
    run_through(run, resume=True)
    assert everything(run) == everything(unbroken)


def test_resumed_from_every_checkpoint_with_leftovers_and_a_torn_log(unbroken, tmp_path):
    """What a crash leaves (temporary folders, half a line) is passed over and removed."""
    run = tmp_path / "run"
    with pytest.raises(RuntimeError):
        run_through(run, stop_at=14, how=lambda: (_ for _ in ()).throw(RuntimeError("crash")))
    (run / "checkpoints" / ".step-15-abcd").mkdir()
    (run / "checkpoints" / ".step-15-abcd" / "model.safetensors").write_bytes(b"half")
    with (run / "log.jsonl").open("a") as file:
        file.write('{"step": 15, "lo')
    assert latest(run).name == "step-10"
    run_through(run, resume=True)
    assert everything(run) == everything(unbroken)
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step-15", "step-20"]


@pytest.fixture
def ctrl_c_interrupts():
    """As in a terminal; a shell starts what runs in its background with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_log_lines_reach_the_disk_before_the_checkpoint_after_them(tmp_path, monkeypatch):
    """In the other order, a power cut leaves a checkpoint whose log lines are lost for good."""
    order = []
    rename = Path.rename
    monkeypatch.setattr(RunLog, "sync", lambda log: order.append("log"))
    monkeypatch.setattr(Path, "rename", lambda self, to: (order.append(to.name), rename(self, to)))
    run_through(tmp_path / "run", replace(CONFIG, steps=6))
    assert [name for name in order if not name.startswith(".")] == ["step-0", "log", "step-5", "log", "step-6"]


def test_ctrl_c_within_an_update_waits_for_its_end(ctrl_c_interrupts):
    """A KeyboardInterrupt between two parameters' updates would save a state that no unbroken run has."""
    done = []

    def update():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest of the update")

    with pytest.raises(KeyboardInterrupt):
        update()
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_finished_run_resumed_takes_no_step(unbroken):
    before = everything(unbroken)
    kept = run_through(unbroken, resume=True, stop_at=21, how=interrupt)
    assert everything(unbroken) == before
    average = load_checkpoint(latest(unbroken)).average
    assert all(torch.equal(tensor, average[name]) for name, tensor in kept.state_dict().items())


def test_the_programs_own_randomness_is_left_alone(tmp_path):
    """The model has dropout, which draws from torch's global generator."""
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    run_through(tmp_path / "run", replace(CONFIG, steps=2))
    assert torch.equal(torch.rand(1), expected)


def test_config_is_on_disk_and_enough(unbroken):
    assert read_run(TrainingConfig, unbroken) == CONFIG


def test_a_used_folder_is_refused_and_kept(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=": name a new folder"):  # a folder of notes has nothing to resume
        run_through(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(UserError, match="continue this run with `resume`, or name a new folder"):
        run_through(tmp_path)


def test_nothing_to_resume_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no config\.toml"):
        run_through(tmp_path, resume=True)
    (tmp_path / "config.toml").write_text("steps = 3\n")
    (tmp_path / "log.jsonl").write_text('{"step": 3, "loss": 1.0}\n')
    with pytest.raises(UserError, match="its checkpoints are gone"):
        run_through(tmp_path, resume=True)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "average.safetensors", "trainer.json"])
def test_a_truncated_checkpoint_is_refused_by_name(name, tmp_path):
    run_through(tmp_path / "run", replace(CONFIG, steps=5))
    path = latest(tmp_path / "run") / name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match=f"step-5/{name}: delete this folder"):
        run_through(tmp_path / "run", resume=True)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "average.safetensors", "trainer.json"])
def test_every_sampled_bit_of_a_checkpoint_is_refused_by_name(name, tmp_path):
    """A run that went on from it would end at other weights, and nobody would know."""
    run_through(tmp_path / "run", replace(CONFIG, steps=5))
    path = latest(tmp_path / "run") / name
    whole = path.read_bytes()
    for bit in random.Random(0).sample(range(8 * len(whole)), 40):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=f"^checkpoint .*step-5/{name}: delete this folder and resume from the"):
            load_checkpoint(path.parent)


@pytest.mark.parametrize("name", ["config.toml", "log.jsonl"])
def test_a_changed_config_or_log_and_a_deleted_config_are_refused_on_resume(name, tmp_path):
    """With another config the run ends at other weights, and another log is another held-out curve."""
    run_through(tmp_path / "run", replace(CONFIG, steps=5))
    path = tmp_path / "run" / name
    changed = path.read_bytes().replace(b"5", b"6", 1)
    assert changed != path.read_bytes()
    longer = path.read_bytes() + b"# one more line\n"
    for content in (changed, longer, None) if name == "config.toml" else (changed,):
        path.write_bytes(content) if content is not None else path.unlink()
        with pytest.raises(UserError, match=f"^resume .*{name}: copy it again .it is missing or changed since step 5"):
            load_checkpoint(latest(tmp_path / "run"))


@pytest.mark.parametrize(
    ("name", "forge", "why"),
    [
        ("optimizer", lambda a: a.pop("0.weight.step"), r"optimizer 0\.weight\.step is None, not"),
        ("optimizer", lambda a: a.update({"9.weight.exp_avg": a["0.weight.exp_avg"]}), "optimizer 9.weight.exp_avg is"),
        ("optimizer", lambda a: a.update({"0.bias.exp_avg": a["0.bias.exp_avg"][:3]}), "optimizer 0.bias.exp_avg is"),
        ("model", lambda a: a.pop("0.weight"), "model 0.weight is None, not"),
        ("average", lambda a: a.update({"0.weight": a["0.weight"].T}), "average 0.weight is"),
    ],
)
def test_a_forged_checkpoint_names_the_first_difference(name, forge, why, tmp_path):
    """Its checksums are made anew; catches a KeyError, or a shape that only torch complains of."""
    run_through(tmp_path / "run", replace(CONFIG, steps=5))
    folder = latest(tmp_path / "run")
    arrays = load_arrays(folder / f"{name}.safetensors", "test")
    forge(arrays)
    save_arrays(folder / f"{name}.safetensors", arrays)
    write_manifest(folder)
    with pytest.raises(UserError, match=f"resume step 5: resume with the model of this run .{why}"):
        run_through(tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    "changes",
    [{"step": "5"}, {"step": 4}, {"loss_sum": None}, {"loss_count": -1}, {"log": []}, {"config": 3}, {"x": 1}],
)
def test_forged_facts_of_a_checkpoint_are_refused(changes, tmp_path):
    run_through(tmp_path / "run", replace(CONFIG, steps=5))
    folder = latest(tmp_path / "run")
    facts = json.loads((folder / "trainer.json").read_text())
    (folder / "trainer.json").write_text(json.dumps(facts | changes))
    write_manifest(folder)
    with pytest.raises(UserError, match=r"step-5: delete this folder .* \(it cannot be read\)"):
        load_checkpoint(folder)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    run_through(tmp_path / "run", replace(CONFIG, steps=5))
    other = nn.Linear(4, 1)
    with pytest.raises(UserError, match="with the model of this run"):
        train(other, tiny_loss(other), CONFIG, tmp_path / "run", resume=True)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path):
    model = tiny_model()
    loss = tiny_loss(model)
    with pytest.raises(UserError, match="nan at step 8"):
        train(model, lambda step: loss(step) * (math.nan if step == 8 else 1), CONFIG, tmp_path / "run")
    assert latest(tmp_path / "run").name == "step-5"
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_a_gradient_that_is_not_finite_stops_the_run_before_the_update(tmp_path):
    """The loss is 0 and finite here; the square root's gradient at 0 is not."""
    model = nn.Linear(1, 1)
    with pytest.raises(UserError, match="gradient norm"):
        train(model, lambda step: (model.weight * 0).sqrt().sum(), CONFIG, tmp_path / "run")
    assert model.weight.isfinite().all()


class Counter(nn.Module):
    """Its loss depends on how often its state was carried: a step that carries twice, or not at all, shows."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def carry(self, stop_at=None):
        def loss(step, state):
            if step == stop_at:
                interrupt()
            count = state["count"] + self.weight.detach() * step
            return (self.weight - 1 / count).square().sum(), State({"count": count * self.weight / self.weight})

        return loss


@pytest.mark.parametrize("step", [1, 2, 6, 11, 20])
def test_a_carried_state_is_that_of_an_unbroken_run(step, tmp_path):
    """Catches a state that is advanced by a step that was not taken, kept on the tape, or not in the checkpoint."""
    fresh = State({"count": torch.zeros(1, 1)})
    for run, stop_at in (("unbroken", None), ("broken", step)):
        model = Counter()
        try:
            train(model, model.carry(stop_at), CONFIG, tmp_path / run, state=fresh)
        except Interrupted:
            model = Counter()
            train(model, model.carry(), CONFIG, tmp_path / run, state=fresh, resume=True)
    assert everything(tmp_path / "broken") == everything(tmp_path / "unbroken")
    state = load_checkpoint(latest(tmp_path / "broken")).state
    assert not torch.equal(state["count"], fresh["count"])
    with pytest.raises(UserError, match="carry a state if this run did"):
        train(model, lambda step: model.weight.sum(), CONFIG, tmp_path / "broken", resume=True)
