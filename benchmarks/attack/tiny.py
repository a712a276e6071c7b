"""A run of a second with everything that runs have: a held-out loss, a kept model, an average, many checkpoints."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from segue.training.models import save_model
from segue.training.run import Work, begin_run
from segue.training.schedule import TrainingConfig
from segue.training.validation import Validation


@dataclass(frozen=True)
class TinyConfig:
    """The settings of the run."""

    training: TrainingConfig
    device: str = "cpu"
    precision: Literal["auto", "float32", "bfloat16"] = "float32"


CONFIG = TinyConfig(
    TrainingConfig(12, learning_rate=1e-2, warmup_steps=2, average_decay=0.9, checkpoint_every=4, log_every=2, seed=3)
)


def train_tiny(folder: Path) -> None:
    """Begins the run, or goes on with it, as a supervisor does that always says `resume`."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))
    held_out = torch.randn(16, 4, generator=torch.Generator().manual_seed(1))

    def loss(step: int) -> Tensor:
        x = torch.randn(16, 4, generator=torch.Generator().manual_seed(step))
        return error(model, x)

    def error(of: nn.Module, x: Tensor) -> Tensor:
        squares: Tensor = (of(x) - x.sum(1, keepdim=True)).square()
        return squares.mean()

    def measured(of: nn.Module) -> float:
        with torch.no_grad():
            return float(error(of, held_out))

    def keep(of: nn.Module) -> None:
        save_model(run.folder / "model", "tiny", {"width": 8}, of)

    run = begin_run(TinyConfig, CONFIG, folder, resume=True, minutes=None)
    run.train(run.config, Work(model, loss, validation=Validation(measured, 3, keep)))


def digest(folder: Path) -> str:
    """A hash of all files of a run by name, but for the checkpoint before the newest one, and for the lock."""
    newest = max((folder / "checkpoints").glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock"]
    sums = hashlib.sha256()
    for path in files:
        if "checkpoints" not in path.relative_to(folder).parts or newest in path.parents:
            sums.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return sums.hexdigest()
