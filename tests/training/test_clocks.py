"""Multi-rate training: each level at its own clock, by the mean gradient of its period, exact across a restart."""

import math
import tomllib
from dataclasses import dataclass, replace
from functools import partial

import pytest
import torch
from torch import nn

from segue.backbones.nested import Nested
from segue.config import from_dict, to_toml
from segue.errors import UserError
from segue.training.checkpoints import latest, load_checkpoint
from segue.training.clocks import NESTED, Clock, LevelConfig, MultiRate, require_partition, split_levels
from segue.training.interrupt import Interrupted
from segue.training.loop import train
from segue.training.optimizer import SingleRate
from segue.training.schedule import TrainingConfig, learning_rate
from segue.training.trainer import Trainer

CONFIG = TrainingConfig(steps=12, learning_rate=1e-2, weight_decay=0.1, warmup_steps=3, clip=math.inf, seed=7)
CLOCKS = (LevelConfig(1), LevelConfig(2, learning_rate=3e-3, clip=0.01), LevelConfig(5))


pytestmark = pytest.mark.usefixtures("no_sync")


class Tiny(nn.Module):
    """An embedding and a head around a nested backbone, as a language model has them."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.embed = nn.Linear(3, 4)
            self.backbone = Nested(4)
            self.head = nn.Linear(4, 1)

    def forward(self, x):
        return self.head(self.backbone(self.embed(x))[0])


def levels_of(model):
    return split_levels(model, "backbone.level2", "backbone.level3")


def batch(step):
    x = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(step))
    return x, x.cumsum(1).sum(-1, keepdim=True)


def loss_of(model, stop_at=None):
    def loss(step):
        if step == stop_at:
            raise KeyboardInterrupt
        x, y = batch(step)
        return (model(x) - y).square().mean()

    return loss


def multi_rate(settings, tokens=None):
    return lambda model, config: MultiRate(model, config, levels_of(model), settings, tokens)


def steps(model, count, **optimizer):
    trainer = Trainer(model, loss_of(model), CONFIG, **optimizer)
    for _ in range(count):
        trainer.apply(trainer.compute())
    return model.state_dict()


def test_periods_of_one_are_the_ordinary_optimiser_bit_for_bit():
    """Catches a gradient that goes through the sums changed, and levels whose weights decay otherwise."""
    ordinary = steps(Tiny(), 8)
    clocked = steps(Tiny(), 8, optimizer=multi_rate((LevelConfig(),) * 3))
    assert all(torch.equal(clocked[name], ordinary[name]) for name in ordinary)


def test_a_level_of_period_p_takes_ordinary_steps_on_mean_gradients():
    """By hand for 11 steps of periods 1, 2, 5; level 2 has a clip so low that it always works, and its own rate."""
    ours, theirs = Tiny(), Tiny()
    steps(ours, 11, optimizer=multi_rate(CLOCKS))
    optimizers = []
    for level, setting in zip(levels_of(theirs), CLOCKS, strict=True):
        groups = [{"params": [p], "weight_decay": 0.1 if p.dim() == 2 else 0.0} for p in level.values()]
        optimizers.append((torch.optim.AdamW(groups, foreach=False), level, setting, [0.0] * len(level)))
    for step in range(1, 12):
        theirs.zero_grad()
        loss_of(theirs)(step).backward()
        for k, (optimizer, level, setting, sums) in enumerate(optimizers):
            parameters = list(level.values())
            sums = [total + p.grad for total, p in zip(sums, parameters, strict=True)]
            if step % setting.period == 0:
                for p, total in zip(parameters, sums, strict=True):
                    p.grad = total / setting.period
                nn.utils.clip_grad_norm_(parameters, setting.clip or math.inf)
                peak = setting.learning_rate or CONFIG.learning_rate
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate(step, replace(CONFIG, learning_rate=peak))
                optimizer.step()
                sums = [0.0] * len(parameters)
            optimizers[k] = (optimizer, level, setting, sums)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_a_slow_level_stands_still_between_its_updates():
    """Catches weight decay or moments that act at every step."""
    model = Tiny()
    trainer = Trainer(model, loss_of(model), CONFIG, optimizer=multi_rate(CLOCKS))
    changed = []
    for _ in range(10):
        before = [{name: p.detach().clone() for name, p in level.items()} for level in levels_of(model)]
        trainer.apply(trainer.compute())
        after = levels_of(model)
        changed.append(
            [any(not torch.equal(p, a[name]) for name, p in b.items()) for b, a in zip(before, after, strict=True)]
        )
    assert changed == [[True, step % 2 == 0, step % 5 == 0] for step in range(1, 11)]


def test_tokens_are_counted_like_steps():
    """12 tokens a step and a period of 24 tokens are a period of 2 steps."""
    by_token = (LevelConfig(), LevelConfig(24, "token", 3e-3, 0.01), LevelConfig(60, "token"))
    one, other = (steps(Tiny(), 11, optimizer=multi_rate(clocks, 12)) for clocks in (CLOCKS, by_token))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("period", "advance"), [(1, 1), (16, 1), (7, 3), (3, 7), (256, 100), (5, 5)])
def test_a_clock_against_counting(period, advance):
    """The closed forms against a loop that counts units, where periods and batches do not divide each other, too."""
    clock, units, waited = Clock(period, advance), 0, 0
    for step in range(1, 200):
        due = (units + advance) // period > units // period
        units, waited = units + advance, waited + 1
        assert (clock.due(step), clock.waited(step)) == (due, waited)
        waited = 0 if due else waited


@pytest.mark.parametrize("stop_at", [1, 2, 5, 6, 8, 12])
def test_stopped_within_a_period_and_resumed_equals_unbroken(stop_at, tmp_path):
    """Catches sums that a checkpoint forgets, or that hold part of the interrupted step's gradients."""
    config = replace(CONFIG, clip=0.5)

    def run_through(run, stop_at=None, resume=False):
        model = Tiny()
        train(model, loss_of(model, stop_at), config, run, resume=resume, optimizer=multi_rate(CLOCKS))

    run_through(tmp_path / "unbroken")
    with pytest.raises(Interrupted):
        run_through(tmp_path / "run", stop_at)
    sums = {name for name in load_checkpoint(latest(tmp_path / "run")).optimizer if name.endswith("gradient_sum")}
    assert {name[:15] for name in sums} == {
        f"backbone.level{level}" for level, period in ((2, 2), (3, 5)) if (stop_at - 1) % period
    }
    run_through(tmp_path / "run", resume=True)
    one, other = (load_checkpoint(latest(run)) for run in (tmp_path / "run", tmp_path / "unbroken"))
    for tensors in ("model", "optimizer"):
        mine, theirs = getattr(one, tensors), getattr(other, tensors)
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_gradient_that_is_not_finite_spoils_no_sum():
    """The run stops before it; its checkpoint must still be whole."""
    model = Tiny()
    trainer = Trainer(model, loss_of(model), CONFIG, optimizer=multi_rate(CLOCKS))
    trainer.apply(trainer.compute())
    loss = trainer.compute()
    model.backbone.level3.up.weight.grad.fill_(math.nan)
    with pytest.raises(UserError, match="gradient norm nan"):
        trainer.apply(loss)
    assert all(tensor.isfinite().all() for tensor in trainer.checkpoint().optimizer.values())


@dataclass(frozen=True)
class Config:
    levels: tuple[LevelConfig, ...] = NESTED


def test_clocks_are_written_to_a_runs_config_and_read_back():
    assert from_dict(Config, tomllib.loads(to_toml(Config(CLOCKS)))) == Config(CLOCKS)


def test_the_gradient_norm_is_that_of_all_levels():
    model = Tiny()
    optimizer = MultiRate(model, CONFIG, levels_of(model), CLOCKS)
    loss_of(model)(1).backward()
    every = SingleRate(dict(model.named_parameters()), CONFIG)
    torch.testing.assert_close(optimizer.gradient_norm(), every.gradient_norm())


def test_a_parameter_no_loss_reaches_is_left_alone():
    """As in torch: without a gradient there is no update, not even decay."""
    model = Tiny()
    before = {name: p.clone() for name, p in model.backbone.level3.state_dict().items()}
    loss = loss_of(model)
    model.backbone.level3.forward = lambda h: h
    trainer = Trainer(model, loss, CONFIG, optimizer=multi_rate(CLOCKS))
    for _ in range(5):
        trainer.apply(trainer.compute())
    assert all(torch.equal(p, before[name]) for name, p in model.backbone.level3.state_dict().items())


def test_a_parameter_in_no_level_is_refused():
    """The original experiment forgot the embedding and the head: they were never trained."""
    model = Tiny()
    backbone = split_levels(model.backbone, "level2", "level3")
    with pytest.raises(UserError, match=r"levels embed.weight, embed.bias, head.weight and 1 more: .*now in none") as e:
        MultiRate(model, CONFIG, backbone, NESTED)
    assert "\n" not in str(e.value)
    for part in (model.embed, model.head):
        part.requires_grad_(False)
    require_partition(model, backbone)  # what is frozen needs no level


def test_a_parameter_in_two_levels_is_refused():
    model = Tiny()
    with pytest.raises(UserError, match=r"levels backbone.level2.norm.weight, .*now in several"):
        require_partition(model, split_levels(model, "backbone.level2", "backbone.level2"))
    tied = Tiny()
    tied.head.weight = tied.backbone.level2.norm.weight  # another name, the same parameter
    with pytest.raises(UserError, match="several"):
        require_partition(tied, ({"head.weight": tied.head.weight}, *levels_of(tied)))


def test_levels_of_another_model_are_refused():
    with pytest.raises(UserError, match="exactly one level"):
        require_partition(Tiny(), levels_of(Tiny()))
    model = Tiny()
    with pytest.raises(UserError, match="of this very model"):
        require_partition(model, (*levels_of(model), {"p": nn.Parameter(torch.ones(1))}))


@pytest.mark.parametrize(
    ("build", "match"),
    [
        (partial(LevelConfig, 0), "period 0"),
        (lambda: MultiRate(Tiny(), CONFIG, levels_of(Tiny()), CLOCKS[:2]), "each of the model's 3 levels"),
        (
            lambda: multi_rate((*CLOCKS[:2], LevelConfig(9, "token")))(Tiny(), CONFIG),
            "unit token: give the number of tokens",
        ),
        (lambda: split_levels(Tiny(), "backbone.level4"), "levels backbone.level4: name a module"),
    ],
)
def test_mistakes_are_named(build, match):
    with pytest.raises(UserError, match=match):
        build()
