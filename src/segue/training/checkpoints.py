"""Checkpoints: `RUN/checkpoints/step-N/{model,optimizer,average,state}.safetensors` and `trainer.json`.

Each is written under a temporary name, synced and renamed, so a folder called step-N is whole even if the process was
killed. There is no pickle: reading a checkpoint runs no code. `SHA256SUMS` has a checksum of each file. `trainer.json`
has those of the run's config and of its log up to the step, because a run with another config would end at other
weights. So damage is reported on resume, and no run goes on from it.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from segue.atomic import atomic_folder, write_file
from segue.bounded import parse, read_bytes
from segue.errors import UserError
from segue.folder import load_arrays, save_arrays
from segue.header import read_header
from segue.manifest import verify, write_manifest
from segue.state import State
from segue.training.models import arrays_of, tensors_of

_FACTS, _PARTS = "trainer.json", ("model", "optimizer", "average", "state")
_MOST_FACTS, _MOST_LOG = 4096, 2**27  # bytes; a line of the log takes 100, so a million steps fit
_SUM = "gradient_sum"
_BEFORE = "delete this folder and resume from the checkpoint before"
KEPT = 2  # the newest, and the one before in case the newest cannot be read


@dataclass(frozen=True)
class Checkpoint:
    """The whole state of a training run between two steps."""

    step: int
    """Steps taken."""
    model: Mapping[str, Tensor]
    """The weights and buffers."""
    optimizer: Mapping[str, Tensor]
    """The state of the optimiser, by parameter name; empty before the first step."""
    average: Mapping[str, Tensor] | None
    """The averaged weights, if the run keeps an average."""
    loss_sum: float
    """Sum of the losses since the last line of the log with a loss."""
    loss_count: int
    """Number of steps in that sum."""
    state: State | None = None
    """The state of the lanes, if the run carries it from batch to batch."""


def save_checkpoint(run: Path, checkpoint: Checkpoint) -> Path:
    """Writes the checkpoint and removes all but the newest `KEPT`.

    Returns:
        Its folder. An existing one is left as it is: a step of a run has only one state.
    """
    parent = run / "checkpoints"
    parent.mkdir(exist_ok=True)
    folder = parent / f"step-{checkpoint.step}"
    if not folder.exists():
        facts = {
            "step": checkpoint.step,
            "loss_sum": checkpoint.loss_sum,
            "loss_count": checkpoint.loss_count,
            "config": _begin_of(run / "config.toml"),
            "log": _begin_of(run / "log.jsonl"),
        }
        parts = {
            "model": checkpoint.model,
            "optimizer": checkpoint.optimizer,
            "average": checkpoint.average,
            "state": checkpoint.state,
        }
        with atomic_folder(folder) as temporary:
            for name, tensors in parts.items():
                if tensors is not None:
                    save_arrays(temporary / f"{name}.safetensors", arrays_of(tensors))
            write_file(temporary / _FACTS, json.dumps(facts) + "\n")
            write_manifest(temporary)
    _remove_old(parent)
    return folder


def latest(run: Path) -> Path | None:
    """The folder of the newest whole checkpoint, or `None`; temporary folders, which a crash leaves, are ignored."""
    folders = _by_step(run / "checkpoints")
    return folders[-1] if folders else None


def load_checkpoint(folder: Path) -> Checkpoint:
    """Reads what `save_checkpoint` wrote, onto the CPU.

    Raises:
        UserError: A file is missing or damaged, and the checkpoint before it may still be whole; or the run's config or
            log is not the one that the checkpoint was written with.
    """
    _require_bounds(folder)
    names = verify(folder, argument="checkpoint", remedy=_BEFORE)
    try:
        facts = _facts_of(folder)
        paths = {name: folder / f"{name}.safetensors" for name in _PARTS if f"{name}.safetensors" in names}
        parts = {name: tensors_of(load_arrays(path, "checkpoint")) for name, path in paths.items()}
        state = parts.get("state")
        checkpoint = Checkpoint(
            step=facts["step"],
            model=parts["model"],
            optimizer=parts["optimizer"],
            average=parts.get("average"),
            loss_sum=facts["loss_sum"],
            loss_count=facts["loss_count"],
            state=None if state is None else State(state),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:  # ValueError: also a UserError about a file
        raise UserError("checkpoint", folder, f"{_BEFORE} (it cannot be read)") from error
    run = folder.parent.parent
    for name, begin in (("config.toml", facts["config"]), ("log.jsonl", facts["log"])):
        path, grows = run / name, name == "log.jsonl"
        if grows and not path.exists():
            continue  # a run goes on without its log, and says so
        found = _begin_of(path, begin[0] if grows else None)
        if found != begin or (path.is_file() and path.stat().st_size > _MOST_LOG):
            remedy = f"copy it again (it is missing or changed since step {checkpoint.step}), or start anew"
            raise UserError("resume", path, remedy)
    return checkpoint


def require_like(checkpoint: Checkpoint, fresh: Checkpoint) -> None:
    """Refuses a checkpoint whose tensors have other names, types or shapes than those of the run that resumes.

    Args:
        checkpoint: What was read.
        fresh: The state of the run before it takes the checkpoint.

    Raises:
        UserError: The checkpoint belongs to another model; the message gives the first difference.
    """
    pairs: list[tuple[str, Any, Any]] = [
        ("model", checkpoint.model, fresh.model),
        ("average", checkpoint.average, fresh.average),
    ]
    if checkpoint.state is not None and fresh.state is not None:
        pairs.append(("state", checkpoint.state, fresh.state))
    differences = [
        f"{part} {name} is {one}, not {other}"
        for part, found, expected in pairs
        for name, one, other in _different(_forms(found), _forms(expected))
    ]
    moments = _forms(checkpoint.optimizer)
    differences += [
        f"optimizer {name} is {one}, not {other}"
        for name, one, other in _different(moments, _moments(moments, _forms(fresh.model)))
    ]
    if differences:
        remedy = f"resume with the model of this run ({differences[0]})"
        raise UserError("resume", f"step {checkpoint.step}", remedy)


def _moments(found: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """The forms that an optimiser's tensors must have: for each weight that has some of them, all of them."""
    expected = {}
    for name in found:
        owner, _, key = name.rpartition(".")
        if key == _SUM and owner in model:
            expected[name] = model[owner]
        elif owner in model:
            expected |= {f"{owner}.exp_avg": model[owner], f"{owner}.exp_avg_sq": model[owner]}
            expected[f"{owner}.step"] = ("torch.float32", ())
    return expected


def _different(found: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    names = sorted({*found, *expected})
    return [(name, found.get(name), expected.get(name)) for name in names if found.get(name) != expected.get(name)]


def _forms(tensors: Mapping[str, Tensor] | State | None) -> dict[str, Any]:
    """The type and the shape of each tensor."""
    return {name: (str(tensor.dtype), tuple(tensor.shape)) for name, tensor in (tensors or {}).items()}


def _facts_of(folder: Path) -> dict[str, Any]:
    """The content of `trainer.json`.

    Raises:
        ValueError: A value has another type than those that are written, or the step is not that of the folder.
    """
    facts = parse(read_bytes(folder / _FACTS, _MOST_FACTS))
    begins = (facts["config"], facts["log"])
    right = facts.keys() == {"step", "loss_sum", "loss_count", "config", "log"}
    right = right and type(facts["step"]) is int and folder.name == f"step-{facts['step']}"
    right = right and type(facts["loss_sum"]) in (int, float) and math.isfinite(facts["loss_sum"])
    right = right and type(facts["loss_count"]) is int and facts["loss_count"] >= 0
    right = right and all(isinstance(begin, list) and type(begin[0]) is int for begin in begins)
    if not right:
        raise ValueError("values of other types")
    return dict(facts)


def _begin_of(path: Path, size: int | None = None) -> list[int | str]:
    """The size of a file, or of its beginning, and its SHA-256 hash; of a missing file as of an empty one."""
    content = b""
    if path.is_file():
        with path.open("rb") as file:
            content = file.read(_MOST_LOG if size is None else min(max(0, size), _MOST_LOG))
    return [len(content), hashlib.sha256(content).hexdigest()]


def _require_bounds(folder: Path) -> None:
    """Refuses files that are longer than what they say they hold, before all of their bytes are hashed."""
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors")):
        try:
            if path.name == _FACTS:
                read_bytes(path, _MOST_FACTS)
            else:
                read_header(path)
        except (OSError, ValueError) as error:
            why = (isinstance(error, OSError) and error.strerror) or str(error)
            raise UserError("checkpoint", path, f"{_BEFORE} (it cannot be read: {why})") from error


def _by_step(parent: Path) -> list[Path]:
    folders = [path for path in parent.glob("step-*") if path.name.removeprefix("step-").isdecimal()]
    return sorted(folders, key=lambda path: int(path.name.removeprefix("step-")))


def _remove_old(parent: Path) -> None:
    for folder in _by_step(parent)[:-KEPT]:
        folder.rename(parent / f".{folder.name}-old")  # a half removed folder must not look like a checkpoint
    for leftover in parent.glob(".step-*"):
        shutil.rmtree(leftover, ignore_errors=True)
