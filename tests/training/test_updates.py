"""One update: the learning rate of a step, AdamW, which weights decay, the running average."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from segue.config import read_config
from segue.errors import UserError
from segue.language.config import LanguageConfig
from segue.training.average import average_of, update_average
from segue.training.loop import train
from segue.training.optimizer import build_adamw, is_decayed
from segue.training.schedule import learning_rate
from tests.training.conftest import CONFIG, tiny_loss

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("no_sync")


def test_schedule_is_the_trapezium():
    """Warm-up of 3, decay of the last 6 of 20 steps; no step has a rate of zero."""
    expected = [1 / 4, 2 / 4, 3 / 4] + [1.0] * 11 + [k / 7 for k in (6, 5, 4, 3, 2, 1)]
    rates = [learning_rate(step, CONFIG) / CONFIG.learning_rate for step in range(1, 21)]
    assert rates == pytest.approx(expected, rel=1e-12)


def test_a_cosine_falls_to_its_floor_as_nanogpt_has_it():
    """Its formula, by iterations from 0: linear over 100, then half a cosine down to a tenth at 2,000."""
    config = read_config(LanguageConfig, ROOT / "configs" / "language" / "shakespeare-nanogpt.toml").training
    for n in (0, 50, 99, 100, 500, 1050, 1999):
        falling = 1e-4 + 0.5 * (1 + math.cos(math.pi * (n - 100) / 1900)) * 9e-4
        assert learning_rate(n + 1, config) == pytest.approx(1e-3 * (n + 1) / 101 if n < 100 else falling, rel=2e-3)


def test_updates_are_those_of_torch_adamw(tmp_path):
    """Against torch's plain AdamW, with decay set by hand per parameter, for 8 clipped steps."""
    config = replace(CONFIG, steps=8, average_decay=0.0, clip=0.5)
    ours, theirs = (nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 1)) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    train(ours, tiny_loss(ours), config, tmp_path / "run")
    groups = [{"params": [p], "weight_decay": 0.1 if p.dim() == 2 else 0.0} for p in theirs.parameters()]
    optimizer = torch.optim.AdamW(groups, betas=config.betas, foreach=False)
    loss = tiny_loss(theirs)
    for step in range(1, 9):
        optimizer.zero_grad()
        loss(step).backward()
        nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, config)
        optimizer.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_decay_is_for_matrices_only():
    """Counted twice: by name here, by group in the optimiser."""
    model = nn.ModuleDict(
        {
            "linear": nn.Linear(3, 3),
            "norm": nn.LayerNorm(3),
            "learned": nn.ParameterDict({"positions": torch.ones(5, 3)}),
        }
    )
    decayed = [name for name, parameter in model.named_parameters() if is_decayed(name, parameter)]
    assert decayed == ["linear.weight"]
    groups = build_adamw(dict(model.named_parameters()), CONFIG).param_groups
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == [(1, 0.1), (4, 0.0)]


def test_average_closed_form():
    """For weights w_n = n, the average is the sum of n (1 - d_n) times the product of all later d."""
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.zeros_(model.weight)
    average = average_of(model)
    decays = [min(0.6, n / (n + 9)) for n in range(1, 31)]
    for n in range(1, 31):
        nn.init.constant_(model.weight, n)
        update_average(average, model, n, 0.6)
    expected = sum(n * (1 - decays[n - 1]) * math.prod(decays[n:]) for n in range(1, 31))
    assert average.weight.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 0},
        {"decay_share": 1.5},
        {"decay_floor": -0.1},
        {"clip": 0.0},
        {"betas": (0.9, 1.0)},
        *({"minutes": minutes} for minutes in (0.0, -1.0, math.nan, math.inf)),
    ],
)
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(UserError, match=next(iter(change))):
        replace(CONFIG, **change)
