"""A tiny model, a run of 20 steps, and what the run leaves on disk."""

import torch
from torch import nn

from segue.training.checkpoints import latest
from segue.training.loop import train
from segue.training.schedule import TrainingConfig

CONFIG = TrainingConfig(
    steps=20,
    learning_rate=1e-2,
    weight_decay=0.1,
    warmup_steps=3,
    decay_share=0.3,
    average_decay=0.9,
    checkpoint_every=5,
    log_every=3,
    seed=7,
)


def tiny_model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.2), nn.LayerNorm(8), nn.Linear(8, 1))


def tiny_loss(model, stop_at=None, how=None):
    """Batch n from (seed, n) alone; at step `stop_at` it calls `how` instead."""

    def loss(step):
        if step == stop_at:
            how()
        random = torch.Generator().manual_seed(CONFIG.seed * 1000 + step)
        x = torch.randn(16, 4, generator=random)
        return (model(x) - x.sum(1, keepdim=True)).square().mean()

    return loss


def interrupt():
    raise KeyboardInterrupt


def run_through(run, config=CONFIG, resume=False, stop_at=None, how=None):
    model = tiny_model()
    return train(model, tiny_loss(model, stop_at, how), config, run, resume=resume)


def everything(run):
    """The bytes of the log and of the newest checkpoint's files."""
    folder = latest(run)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return folder.name, (run / "log.jsonl").read_bytes(), files
