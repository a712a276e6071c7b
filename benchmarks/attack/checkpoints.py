"""Run folders that were damaged, or whose checkpoints were forged, resumed to their last step.

What belongs to runs in progress (locks, leftovers, kills) is attacked elsewhere; this is about reading a checkpoint.
"""

import hashlib
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.attack.damage import ORDINARY, RARE, flip
from benchmarks.attack.headers import forge_header
from benchmarks.attack.trial import Attempt, run_all
from benchmarks.attack.values import changed_value, hostile_json

_STEPS, _STOP = 8, 6


def attack(count: int, seed: int) -> tuple[list[dict[str, object]], int]:
    """Makes so many attempts; see `benchmarks.attack.trial.run_all`."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        sources = []
        for name in ("plain", "average", "carried"):
            source = _stopped(home / name, name)
            sources.append((source, _reader(name, (source / "log.jsonl").read_text().splitlines())))
        attempts = _attempts(sources, seed)
        return run_all((next(attempts) for _ in range(count)), home)


def _train(run: Path, name: str, resume: bool, stop: int | None = None) -> Any:
    """Trains a tiny model; `name` says whether the run averages weights, or carries a state."""
    import torch
    from torch import nn

    from segue.backbones.recurrent import LSTM
    from segue.state import State
    from segue.training.loop import train
    from segue.training.runs import read_run
    from segue.training.schedule import TrainingConfig

    decay = 0.9 if name == "average" else 0.0
    config = TrainingConfig(steps=_STEPS, checkpoint_every=3, log_every=1, warmup_steps=2, average_decay=decay)
    if resume:
        config = read_run(TrainingConfig, run)
    torch.manual_seed(0)
    model = nn.ModuleDict({"cell": LSTM(4), "head": nn.Linear(4, 1)})

    def carried(step: int, state: State) -> tuple[Any, State]:
        if step == stop:
            raise KeyboardInterrupt
        x = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(config.seed + step))
        hidden, after = model["cell"](x, state)
        return (model["head"](hidden) - x.sum(2, keepdim=True)).square().mean(), after

    fresh = model["cell"].initial_state(2)
    if name == "carried":
        return train(model, carried, config, run, state=fresh, resume=resume)
    return train(model, lambda step: carried(step, fresh)[0], config, run, resume=resume)


def _stopped(run: Path, name: str) -> Path:
    """A run that Ctrl-C stopped."""
    from segue.training.interrupt import Interrupted

    try:
        _train(run, name, resume=False, stop=_STOP + 1)
    except Interrupted:
        return run
    raise RuntimeError("the run was not stopped")


def _reader(name: str, earlier: list[str]) -> Callable[[Path], str]:
    def read(run: Path) -> str:
        log = run / "log.jsonl"
        deleted = not log.exists()  # then the run goes on without the earlier lines, and says so
        kept = _train(run, name, resume=True)
        lines = log.read_text().splitlines()
        if deleted and all(json.loads(line)["step"] > _STOP for line in lines):
            lines = earlier + lines
        digest = hashlib.sha256("\n".join(lines).encode())
        for key, tensor in kept.state_dict().items():
            digest.update(key.encode() + tensor.numpy().tobytes())
        return digest.hexdigest()

    return read


def _attempts(sources: list[tuple[Path, Callable[[Path], str]]], seed: int) -> Iterator[Attempt]:
    """Attempts without end: damage, and what a stranger can forge, in turn."""
    draw = random.Random(seed)
    while True:
        source, read = draw.choice(sources)
        newest = f"checkpoints/step-{_STOP}"
        files = ["config.toml", "log.jsonl", *(f"{newest}/{path.name}" for path in sorted((source / newest).iterdir()))]
        name = draw.choice(files)
        damage, own = (
            draw.choice(RARE if draw.random() < 0.2 else (flip, flip, *ORDINARY)),
            random.Random(draw.random()),
        )
        shown = f"{damage.__name__} {Path(name).name}"
        yield Attempt(shown, source, lambda run, name=name, damage=damage, own=own: damage(run / name, own), read)
        source, read = draw.choice(sources)
        forge, own = (
            draw.choice((_forge_facts, _forge_json, _forge_tensors, _forge_header)),
            random.Random(draw.random()),
        )
        shown = f"forged {forge.__name__.removeprefix('_forge_')}"
        yield Attempt(shown, source, lambda run, forge=forge, own=own: _forged(run, forge, own), read, forged=True)


def _forged(run: Path, forge: Callable[[Path, random.Random], None], draw: random.Random) -> None:
    """Changes the newest checkpoint, and writes its checksums anew."""
    from segue.manifest import write_manifest

    folder = run / "checkpoints" / f"step-{_STOP}"
    forge(folder, draw)
    write_manifest(folder)


def _forge_facts(folder: Path, draw: random.Random) -> None:
    facts = json.loads((folder / "trainer.json").read_text())
    changed_value(facts, draw)
    (folder / "trainer.json").write_text(json.dumps(facts))


def _forge_json(folder: Path, draw: random.Random) -> None:
    path = folder / "trainer.json"
    path.write_bytes(hostile_json(path.read_text(), draw))


def _forge_header(folder: Path, draw: random.Random) -> None:
    forge_header(draw.choice(sorted(folder.glob("*.safetensors"))), draw)


def _forge_tensors(folder: Path, draw: random.Random) -> None:
    """A tensor less, one more, or one of another type or shape; or a whole file less."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    path = draw.choice(sorted(folder.glob("*.safetensors")))
    arrays = dict(load_file(path))
    name = draw.choice(sorted(arrays))
    match draw.randrange(6):
        case 0:
            path.unlink()
            return
        case 1:
            del arrays[name]
        case 2:
            arrays[draw.choice(["", "x", "x.exp_avg", f"{name}.exp_avg", "head.weight.step"])] = arrays[name]
        case 3:
            arrays[name] = arrays[name].astype(draw.choice(["float64", "float16", "int64", "bool"]))
        case 4:
            arrays[name] = arrays[name][None]
        case _:
            arrays[name] = np.zeros((*arrays[name].shape, 3), dtype=arrays[name].dtype)
    save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, path)
