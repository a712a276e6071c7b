"""The grammar as a whole: batches are pure functions of the generator, mixed by weight, finite, on a common scale."""

import math

import pytest
import torch
from torch import Generator

from segue.errors import UserError
from segue.forecasting.pretraining.grammar import DEFAULT_WEIGHTS, PRODUCTIONS, Grammar, simple_sentences
from segue.forecasting.pretraining.grammar.combinators import choose, sometimes, standardise, values_of
from segue.forecasting.pretraining.grammar.productions import counts
from segue.forecasting.pretraining.grammar.sampling import GROUPS


def seeded(seed=0):
    return Generator().manual_seed(seed)


@pytest.mark.parametrize("name", PRODUCTIONS)
def test_a_production_depends_on_its_generator_alone(name):
    # catches a draw from the global generator, which would make a resumed pretraining differ
    before = torch.random.get_rng_state()
    first = values_of(PRODUCTIONS[name](seeded(), 40, 97))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(3)
    again, other = (values_of(PRODUCTIONS[name](seeded(seed), 40, 97)) for seed in (0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (40, 97)
    assert first.dtype == torch.float32
    assert first.isfinite().all()


@pytest.mark.parametrize("length", [8, 33, 1152])
def test_a_batch_is_standardised_and_repeatable(length):
    values, production, periods = Grammar().sample(seeded(3), 150, length)
    again, same, kept = Grammar().sample(seeded(3), 150, length)
    assert torch.equal(values, again)
    assert torch.equal(production, same)
    assert torch.equal(periods, kept)
    assert values.abs().max() <= 100
    assert values.mean(1).abs().max() < 1e-4
    deviation = values.std(1, correction=0)
    assert torch.all((deviation - 1).abs().lt(1e-3) | deviation.eq(0))
    assert deviation.eq(0).float().mean() < 0.1  # flat series are meant to be rare, not what a failure looks like


def test_productions_come_by_weight_and_interleaved():
    weights = {"random_walk": 3.0, "constant": 1.0, "chaos": 0.0}
    _, production, _ = Grammar(weights).sample(seeded(), 4000, 8)
    names = list(PRODUCTIONS)
    share = (production == names.index("random_walk")).float().mean().item()
    assert abs(share - 0.75) < 4 * math.sqrt(0.75 * 0.25 / 4000)
    assert set(production.tolist()) == {names.index("random_walk"), names.index("constant")}
    changes = (production.diff() != 0).float().mean().item()  # sorted by production there would be one change
    assert abs(changes - 2 * 0.75 * 0.25) < 0.05


@pytest.mark.parametrize(
    "weights", [{"pandas": 1.0}, {"wave": -0.1}, {"wave": math.nan}, {"wave": math.inf}, {"wave": 0.0}, {}]
)
def test_weights_that_mean_nothing_are_refused(weights):
    with pytest.raises(UserError, match="weights"):
        Grammar(weights)


@pytest.mark.parametrize(("count", "length"), [(0, 64), (4, 7)])
def test_sizes_that_make_no_series_are_refused(count, length):
    with pytest.raises(UserError):
        Grammar().sample(seeded(), count, length)


def test_every_production_has_a_weight_in_one_group_and_the_weights_are_shares():
    names = [name for group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(PRODUCTIONS)
    assert sum(DEFAULT_WEIGHTS.values()) == pytest.approx(1)


def test_choose_gives_each_series_the_member_it_reports():
    members = [lambda _, count, length, k=k: torch.full((count, length), float(k)) for k in range(3)]
    values, member = choose(seeded(), 50, 4, members, [1, 1, 1])
    assert torch.equal(values, member[:, None].expand(50, 4).float())


def test_sometimes_changes_a_share_and_leaves_the_others():
    changed = sometimes(seeded(), torch.zeros(2000, 3), 0.3, lambda _, values: values + 1)
    assert torch.equal(changed[:, :1].expand(2000, 3), changed)
    assert abs(changed[:, 0].mean().item() - 0.3) < 0.05


def test_standardise_keeps_a_small_movement_on_a_large_level_and_survives_anything():
    time = torch.arange(64.0)
    rows = torch.stack([1e6 + time, torch.full((64,), 7.0), 1e35 * time, torch.where(time < 1, math.inf, time)])
    result = standardise(rows)
    assert torch.allclose(result[0], result[2], atol=1e-5)
    assert torch.equal(result[1], torch.zeros(64))
    assert result.isfinite().all()


def test_counts_are_whole_and_not_negative():
    drawn = counts(seeded(), 100, 200).values
    assert torch.equal(drawn, drawn.round())
    assert drawn.min() == 0


def test_the_sentences_are_the_classic_ones_and_go_on():
    values_of = simple_sentences(seeded())
    assert list(values_of) == ["flat", "line", "sine", "noisy sine"]
    assert {len(values) for values in values_of.values()} == {608}
    assert torch.equal(values_of["flat"], torch.full((608,), 3.0))
    assert values_of["line"][0] == 0
    assert values_of["line"][512] == 5
    assert torch.allclose(values_of["sine"][128:], values_of["sine"][:-128], atol=1e-5)  # four cycles in 512 steps
    assert abs((values_of["noisy sine"] - values_of["sine"]).std().item() - 0.1) < 0.01
