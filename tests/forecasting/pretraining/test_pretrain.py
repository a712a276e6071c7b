"""Pretraining: exact resume, and no data but the grammar's."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from segue.config import from_dict, read_config, to_toml
from segue.device import decide_device
from segue.errors import UserError
from segue.forecasting.nanotst.features import features_of
from segue.forecasting.nanotst.graph import ExportedModel
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.predictor import History
from segue.forecasting.pretraining.examples import Examples, examples_of
from segue.forecasting.pretraining.losses import mixed_loss
from segue.forecasting.pretraining.pretrain import PretrainConfig, loss_of, pretrain, pretraining_loss
from segue.forecasting.pretraining.windows import Batch, DataConfig
from segue.heads.quantiles import Quantiles
from tests.forecasting.pretraining.conftest import CONFIGS, TINY, windows

pytestmark = pytest.mark.usefixtures("exported")


def loss_from(model: NanoTST, batch: Batch) -> torch.Tensor:
    return loss_of(model, examples_of(batch))


def test_the_loss_does_not_depend_on_values_that_do_not_exist():
    torch.manual_seed(0)
    model, batch = NanoTST(TINY.model), windows().batch(0)
    expected = loss_from(model, batch)
    other = dataclasses.replace(batch, patches=batch.patches.where(batch.present, 1e4))
    torch.testing.assert_close(loss_from(model, other), expected)
    hidden = batch.present & ~batch.observed  # a hidden value that exists is a target, so it does matter
    changed = dataclasses.replace(batch, patches=batch.patches + 5.0 * hidden)
    assert (loss_from(model, changed) - expected).abs() > 0.01


def test_the_loss_depends_on_suggested_seasons_where_they_are_cycles():
    torch.manual_seed(0)
    model, wave = NanoTST(TINY.model), torch.sin(torch.arange(240) * torch.pi / 5)
    everywhere = torch.ones(1, 10, 24, dtype=torch.bool)
    waves = wave.view(1, 10, 24)
    plain, other = (
        loss_from(model, Batch(waves, everywhere, everywhere, torch.tensor([[period]]).double()))
        for period in (0.0, 20.0)
    )
    assert (plain - other).abs() > 1e-6


def test_a_lane_of_equal_values_teaches_nothing_and_breaks_nothing():
    torch.manual_seed(0)
    everywhere = torch.ones(2, 4, 24, dtype=torch.bool)
    batch = Batch(torch.full((2, 4, 24), 3.0), everywhere, everywhere, torch.zeros(2, 1).double())
    assert loss_from(NanoTST(TINY.model), batch).item() == 0.0


def test_examples_hold_the_squashed_next_patch_and_count_what_has_a_scale():
    batch = windows().batch(0)
    examples = examples_of(batch)
    features, reference = features_of(batch.patches, batch.observed, batch.seasons, torch.float32)
    for token in (0, 1):
        next_patch = batch.patches[:, token + 1].double()
        expected = ((next_patch - reference.path[:, token]) / reference.divisor[:, token]).asinh().clamp(-8, 8)
        torch.testing.assert_close(examples.target[:, token], expected.float(), rtol=1e-6, atol=1e-6)
        known = (reference.count[:, token] >= 3)[:, None] & (reference.unit[:, token] > 0)
        assert torch.equal(examples.weight[:, token], batch.present[:, token + 1] & known)
    assert not examples.weight[:, -1].any()
    assert torch.equal(examples.inputs.features, features.stacked(torch.float32))
    again = Examples.of(*examples.to(torch.device("cpu")).tensors())
    for found, part in zip(again.tensors(), examples.tensors(), strict=True):
        assert torch.equal(found, part)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_config_that_we_ship_is_whole(path):
    config = read_config(PretrainConfig, path)
    import tomllib

    assert from_dict(PretrainConfig, tomllib.loads(to_toml(config))) == config
    assert sum(p.numel() for p in NanoTST(config.model).parameters()) <= 8_000_000
    assert config.model.context >= max(config.data.contexts)


def finished(run: Path) -> dict[str, bytes]:
    files = ("log.jsonl", "config.toml", "model/model.safetensors", "checkpoints/step-12/optimizer.safetensors")
    return {name: (run / name).read_bytes() for name in files}


WITHOUT_EXPORT = """
from segue.forecasting.pretraining import pretrain as module
module.export_model = lambda folder: None
"""


def segue(*arguments: str | Path, kill_at: int | None = None, export: bool = False) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, on one thread; `kill_at` kills it -9 within that batch."""
    code = f"{'' if export else WITHOUT_EXPORT}\nfrom segue.cli import main\nmain()"
    if kill_at is not None:
        code = f"""
import os, signal
from segue.forecasting.pretraining.windows import Windows
batch = Windows.batch
Windows.batch = lambda self, n: os.kill(os.getpid(), signal.SIGKILL) if n == {kill_at} else batch(self, n)
{code}"""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_run_killed_and_resumed_is_the_unbroken_run_bit_for_bit(tmp_path):
    broken = tmp_path / "broken"
    killed = segue("pretrain", CONFIGS / "tiny.toml", "--output", broken, kill_at=9)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (broken / "model").exists()
    resumed = segue("pretrain", "--output", broken, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pretrain(TINY, tmp_path / "whole")
    torch.set_num_threads(threads)
    assert finished(broken) == finished(tmp_path / "whole")
    steps = [json.loads(line)["step"] for line in (broken / "log.jsonl").read_text().splitlines()]
    assert steps == [2, 4, 6, 8, 10, 12]
    NanoTST.from_pretrained(broken / "model")


def test_a_run_exports_what_it_leaves_once_at_its_end(tmp_path, exported):
    """After each checkpoint would cost half a minute each; a recurrent model has no exported form."""
    pretrain(TINY, tmp_path / "run")
    assert exported == [tmp_path / "run" / "model"]
    recurrent = dataclasses.replace(TINY, model=dataclasses.replace(TINY.model, backbone="rnn"))
    pretrain(recurrent, tmp_path / "recurrent")
    assert len(exported) == 1
    assert NanoTST.from_pretrained(tmp_path / "recurrent" / "model").config == recurrent.model


@pytest.mark.slow
def test_onnxruntime_runs_what_a_run_leaves(tmp_path):
    """The whole way, which takes as long as half of this folder's tests; its parts are tested on their own."""
    run = tmp_path / "run"
    done = segue("pretrain", CONFIGS / "tiny.toml", "--output", run, export=True)
    assert done.returncode == 0, done.stderr
    history = History(np.arange(60.0)[None] % 7, np.ones((1, 60), dtype=bool), np.zeros((1, 0)))
    expected = NanoTST.from_pretrained(run / "model").predict(history, 60).quantiles
    found = ExportedModel(run / "model").predict(history, 60).quantiles
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_pretraining_opens_its_config_its_run_folder_and_installed_code_only(tmp_path):
    """No real series enters the weights: an audit hook sees every file that a short pretraining opens."""
    script = f"""
import sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, found: opened.append(found[0]) if event == "open" else None)
from segue.config import read_config
from segue.forecasting.pretraining.pretrain import PretrainConfig, pretrain
{WITHOUT_EXPORT}  # it reads the model that was trained, and changes no weight
config, run = Path({str(CONFIGS / "tiny.toml")!r}), Path({str(tmp_path / "run")!r})
pretrain(read_config(PretrainConfig, config), run)
import segue
allowed = [str(config), str(run), {str(tmp_path)!r}, *(str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix)),
           str(Path(segue.__file__).parent), "/dev/", "/proc/", "/sys/", "/usr/lib", "/etc/"]
paths = {{str(Path(p).resolve() if not str(p).startswith(("/dev", "/proc")) else p) for p in map(
    lambda p: p.decode() if isinstance(p, bytes) else p, opened) if isinstance(p, (str, Path))}}
others = [p for p in paths if not p.startswith(tuple(allowed)) and Path(p).suffix not in (".py", ".pyc")]
data = [p for p in paths if p.endswith((".csv", ".parquet", ".tsv", ".npy")) and "segue" not in p.rsplit("/", 1)[0]]
assert any(p.startswith(str(run)) for p in paths), "the hook sees the run folder"
print(others + data)
"""
    environment = os.environ | {"TMPDIR": str(tmp_path)}  # where tempfile tries its luck on first use
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_minutes_stand_in_the_run(tmp_path):
    seen = []
    pretrain(TINY, tmp_path / "run", minutes=1e-4, started=lambda config, device: seen.append(config))
    assert read_config(PretrainConfig, tmp_path / "run" / "config.toml") == seen[0]
    assert seen[0].training.minutes == 1e-4
    assert seen[0].device == "cpu"
    assert seen[0].precision in ("float32", "bfloat16")


def test_a_run_can_begin_with_the_weights_of_a_model_of_the_same_sizes(tmp_path):
    first = pretrain(TINY, tmp_path / "first")
    folder = str(tmp_path / "first" / "model")
    still = dataclasses.replace(TINY.training, steps=1, learning_rate=1e-30)
    again = pretrain(dataclasses.replace(TINY, initial=folder, training=still), tmp_path / "second")
    for name, tensor in again.state_dict().items():
        half = first.state_dict()[name].half().float()  # a folder holds half precision
        torch.testing.assert_close(tensor, half, rtol=0, atol=1e-20, msg=name)  # a step moves a zero by the rate
    shutil.rmtree(folder)  # a resumed run needs its own folder only
    pretrain(None, tmp_path / "second", resume=True)
    first.save_pretrained(folder)
    other = dataclasses.replace(TINY.model, width=32)
    with pytest.raises(UserError, match="name a model with the sizes and parts"):
        pretrain(dataclasses.replace(TINY, initial=folder, model=other), tmp_path / "third")


def test_mistakes_are_named(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="full: name a new folder"):
        pretrain(TINY, tmp_path / "full")
    with pytest.raises(UserError, match="it has no config.toml"):
        pretrain(None, tmp_path / "nothing", resume=True)
    with pytest.raises(UserError, match="shares .* give one share for each of the 5 contexts"):
        DataConfig(shares=(1.0,))
    with pytest.raises(UserError, match="unrest .* give one share for each of the 5 contexts"):
        DataConfig(unrest=(1.0,))


@pytest.mark.parametrize(
    ("part", "name", "value", "remedy"),
    [
        *[("model", name, 0, "at least 1") for name in ("context", "patch", "span", "width", "heads", "layers")],
        ("model", "width", 15, "a multiple of 4 for 2 heads"),
        ("model", "width", 18, "a multiple of 4 for 2 heads"),  # 9 a head: rotary positions turn pairs
        *[("data", name, 0, "at least 1") for name in ("tokens", "shortest", "block", "reuse")],
        ("data", "contexts", (0, 96), "each at least 1"),
        ("data", "shares", (0.0, 0.0), "one above 0"),
        ("data", "weights", {"sines": 1.0}, "name a production"),
    ],
)
def test_a_size_that_can_make_no_model_and_no_window_is_refused(part, name, value, remedy):
    """Catches a traceback of torch's, or worse a run that is begun and fails at its first step."""
    with pytest.raises(UserError, match=remedy) as caught:
        dataclasses.replace(getattr(TINY, part), **{name: value})
    assert caught.value.argument == name


def test_a_run_that_fails_names_a_remedy_that_works(tmp_path, monkeypatch):
    """A lower rate in the same folder would be refused: the run has left its first checkpoint there."""
    monkeypatch.setattr("segue.forecasting.pretraining.pretrain.loss_of", lambda *arguments: torch.tensor(torch.nan))
    with pytest.raises(UserError, match="start again in a new folder with a lower learning_rate"):
        pretrain(TINY, tmp_path / "run")


def test_the_unsquashed_loss_is_that_of_the_values_relative_to_the_predicted_width():
    levels = (0.1, 0.5, 0.9)
    values = torch.tensor([[[[-1.0, 0.5, 30.0], [2.0, 2.0, 3.0]]]])
    squashed = values.asinh().requires_grad_()
    target = torch.tensor([[[4.0, -1.0]]])
    loss = mixed_loss(Quantiles(squashed, levels), target.asinh(), 1.0)
    width = (1.5 + 29.5 + 1.0) / 6 + 0.05
    torch.testing.assert_close(loss, Quantiles(values, levels).loss(target) / width)
    (slope,) = torch.autograd.grad(loss.sum(), squashed)
    outer = 2 / 3 * 0.1 * (1 + 30.0**2) ** 0.5 / width  # of the pinball alone: none through the width
    assert slope[0, 0, 0, 2].item() == pytest.approx(outer, rel=1e-5)


def test_a_run_counts_the_share_of_the_loss_that_its_config_says():
    torch.manual_seed(0)
    model, device = NanoTST(TINY.model), decide_device("cpu", precision="float32")
    whole, half, none = (
        pretraining_loss(model, dataclasses.replace(TINY, unsquashed=share), device)(1) for share in (1.0, 0.5, 0.0)
    )
    assert (whole - none).abs() > 0.01
    torch.testing.assert_close(half, (whole + none) / 2)


@pytest.mark.parametrize("share", [1.5, -0.1])
def test_the_unsquashed_loss_has_a_share(share):
    with pytest.raises(UserError, match=f"^unsquashed {share}: give a share from 0 to 1$"):
        dataclasses.replace(TINY, unsquashed=share)


def test_a_window_is_no_longer_than_the_context():
    """Catches windows whose beginning the model forgets, which would teach it to do without."""
    data = dataclasses.replace(TINY.data, contexts=(48, 120))
    with pytest.raises(UserError, match=r"^contexts \(48, 120\): give none above the model's context, 96$"):
        dataclasses.replace(TINY, data=data)
