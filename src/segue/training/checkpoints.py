"""Checkpoints: `RUN/checkpoints/step-N/{model,optimizer,average,state}.safetensors` and `trainer.json`.

Each is written under a temporary name, synced and renamed, so a folder called step-N is whole even if the process was
killed. There is no pickle: reading a checkpoint runs no code.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from segue.atomic import atomic_folder, write_file
from segue.errors import UserError
from segue.folder import load_arrays, save_arrays
from segue.state import State
from segue.training.models import arrays_of, tensors_of

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
        facts = {"step": checkpoint.step, "loss_sum": checkpoint.loss_sum, "loss_count": checkpoint.loss_count}
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
            write_file(temporary / "trainer.json", json.dumps(facts) + "\n")
    _remove_old(parent)
    return folder


def latest(run: Path) -> Path | None:
    """The folder of the newest whole checkpoint, or `None`; temporary folders, which a crash leaves, are ignored."""
    folders = _by_step(run / "checkpoints")
    return folders[-1] if folders else None


def load_checkpoint(folder: Path) -> Checkpoint:
    """Reads what `save_checkpoint` wrote, onto the CPU.

    Raises:
        UserError: A file is missing, truncated or unreadable; the checkpoint before it may still be whole.
    """
    try:
        facts = json.loads((folder / "trainer.json").read_text(encoding="utf-8"))
        average, state = (
            _load(folder, name) if (folder / f"{name}.safetensors").exists() else None for name in ("average", "state")
        )
        return Checkpoint(
            step=facts["step"],
            model=_load(folder, "model"),
            optimizer=_load(folder, "optimizer"),
            average=average,
            loss_sum=facts["loss_sum"],
            loss_count=facts["loss_count"],
            state=None if state is None else State(state),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:  # ValueError: also a UserError about one file
        remedy = "delete this folder (it cannot be read) and resume from the checkpoint before"
        raise UserError("checkpoint", folder, remedy) from error


def _load(folder: Path, name: str) -> dict[str, Tensor]:
    return tensors_of(load_arrays(folder / f"{name}.safetensors", "checkpoint"))


def _by_step(parent: Path) -> list[Path]:
    folders = [path for path in parent.glob("step-*") if path.name.removeprefix("step-").isdecimal()]
    return sorted(folders, key=lambda path: int(path.name.removeprefix("step-")))


def _remove_old(parent: Path) -> None:
    for folder in _by_step(parent)[:-KEPT]:
        folder.rename(parent / f".{folder.name}-old")  # a half removed folder must not look like a checkpoint
    for leftover in parent.glob(".step-*"):
        shutil.rmtree(leftover, ignore_errors=True)
