"""Values as classes: the codebook both ways, its distribution, and the model that reads series one token a value."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from segue.errors import UserError
from segue.forecasting.nanotst.bins import Binned, BinnedHead, Bins
from segue.forecasting.nanotst.codebook import CodebookConfig, CodebookTST, latin_hypercube, next_value_loss
from segue.forecasting.nanotst.scaling import deviation_scale
from segue.forecasting.predictor import LEVELS
from segue.heads.categorical import Categorical
from segue.heads.protocol import Distribution

CODEBOOK = CodebookConfig(context=24, bins=64, width=16, layers=2)
backbones = pytest.mark.parametrize("backbone", ["transformer", "lstm", "rnn", "nested"])


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(backbone: str = "transformer") -> CodebookTST:
    """A double-precision model with weights large enough that nothing is near zero by luck."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CodebookTST(CodebookConfig(**{**vars(CODEBOOK), "backbone": backbone})).double().eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return model


@pytest.fixture
def values() -> torch.Tensor:
    return torch.randn(4, 24, generator=generator(1), dtype=torch.float64).cumsum(1)


def everything(values: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(values, dtype=torch.bool)


def test_a_value_comes_back_within_half_a_bin():
    bins = Bins.uniform(50, -3.0, 2.0)
    values = torch.empty(10_000, dtype=torch.float64).uniform_(-3, 2, generator=generator())
    assert (bins.decode(bins.encode(values)) - values).abs().max().item() <= 0.05 + 1e-12
    assert torch.equal(bins.encode(bins.centres), torch.arange(50))


def test_values_beyond_the_bins_are_clipped():
    bins = Bins.uniform(4, -1.0, 1.0)
    beyond = torch.tensor([-torch.inf, -7.0, -1.0, 1.0, 7.0, torch.inf])
    assert bins.encode(beyond).tolist() == [0, 0, 0, 3, 3, 3]
    assert bins.decode(bins.encode(beyond)).tolist() == [-0.75, -0.75, -0.75, 0.75, 0.75, 0.75]


def test_a_value_on_an_edge_belongs_to_the_bin_above():
    assert Bins.uniform(4, 0.0, 4.0).encode(torch.tensor([1.0, 2.0, 3.0])).tolist() == [1, 2, 3]


def test_quantile_spaced_bins_are_equally_filled():
    """Also by another sample of the law: catches edges that are not its quantiles."""
    draws = torch.tensor(stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000))
    bins = Bins.equally_filled(16, draws)
    assert bins.encode(draws).bincount().tolist() == pytest.approx([1250] * 16, abs=1)
    np.testing.assert_allclose(bins.edges[1:-1], stats.norm.ppf(np.arange(1, 16) / 16), atol=1e-3)


@pytest.mark.parametrize("reference", [torch.zeros(9), torch.tensor([0.0, 0.0, 0.0, 1.0])])
def test_bins_without_a_width_are_refused(reference):
    with pytest.raises(UserError, match="edges"):
        Bins.equally_filled(4, reference)


@pytest.fixture
def uneven() -> Binned:
    """A law over bins of different widths, one of them empty."""
    probabilities = torch.tensor([[0.2, 0.0, 0.5, 0.3]], dtype=torch.float64)
    return Binned(Categorical(probabilities.log()), Bins(torch.tensor([-1.0, 0.0, 1.0, 1.5, 4.0], dtype=torch.float64)))


def test_quantiles_are_those_of_a_density_constant_within_each_bin(uneven):
    levels = (0.05, 0.1999, 0.2001, 0.45, 0.7, 0.85, 0.99)
    law = stats.rv_histogram((np.array([0.2, 0.0, 0.5, 0.3]), uneven.bins.edges.numpy()), density=False)
    np.testing.assert_allclose(uneven.quantiles(levels)[0], law.ppf(levels), rtol=1e-9)
    assert uneven.mean.item() == pytest.approx(law.mean())
    at = torch.tensor([0.3, 1.2, 3.0], dtype=torch.float64)
    found = [uneven.log_density(y[None]).exp().item() for y in at]
    np.testing.assert_allclose(found, law.pdf(at.numpy()), atol=1e-12)


def test_the_density_integrates_to_one_and_ends_with_the_bins(uneven):
    def density(y: float) -> float:
        return uneven.log_density(torch.tensor([y], dtype=torch.float64)).exp().item()

    pieces = pairwise(uneven.bins.edges.tolist())
    assert sum(integrate.quad(density, low, high)[0] for low, high in pieces) == pytest.approx(1)
    assert density(-1.01) == density(4.01) == 0


def test_samples_pass_a_kolmogorov_smirnov_test(uneven):
    law = stats.rv_histogram((np.array([0.2, 0.0, 0.5, 0.3]), uneven.bins.edges.numpy()), density=False)
    assert stats.kstest(uneven.sample(20_000, generator())[:, 0].numpy(), law.cdf).pvalue > 0.01


def test_the_loss_is_the_cross_entropy_of_the_bin(uneven):
    assert uneven.loss(torch.tensor([1.2], dtype=torch.float64)).item() == pytest.approx(-np.log(0.5))
    assert uneven.loss(torch.tensor([99.0], dtype=torch.float64)).item() == pytest.approx(-np.log(0.3))  # clipped


def test_the_head_maps_any_leading_axes_place_by_place():
    head = BinnedHead(8, 3, Bins.uniform(16, -4.0, 4.0))
    hidden, target = torch.randn(2, 4, 8, generator=generator()), torch.randn(2, 4, 3, generator=generator(1))
    whole, single = head(hidden), head(hidden[1, 2])
    assert isinstance(whole, Distribution)
    torch.testing.assert_close(whole.mean[1, 2], single.mean)
    torch.testing.assert_close(whole.loss(target)[1, 2], single.loss(target[1, 2]))
    torch.testing.assert_close(whole.quantiles(LEVELS)[1, 2], single.quantiles(LEVELS))
    assert (whole.quantiles(LEVELS).diff(dim=-1) >= 0).all()
    assert whole.sample(5, generator()).shape == (5, 2, 4, 3)


def test_the_deviation_scale_is_the_running_mean_and_the_mean_distance_to_it():
    """Computed plainly, value by value; a missing one leaves the scale as it was."""
    values = torch.tensor([[9.0, 2.0, 4.0, 77.0, 9.0]], dtype=torch.float64)
    observed = torch.tensor([[False, True, True, False, True]])
    scale = deviation_scale(values, observed)
    assert scale.count.tolist() == [[0, 1, 2, 2, 3]]
    assert scale.location[0, 1:].tolist() == pytest.approx([2, 3, 3, 5])
    assert scale.spread[0, 1:].tolist() == pytest.approx([0, 1 / 2, 1 / 2, (0 + 1 + 4) / 3])


@backbones
def test_one_value_at_a_time_is_the_whole(backbone, values):
    """Decoding with a state must be what training saw; catches a scale, a position or a token off by one."""
    model = build(backbone)
    whole, _, _ = model(values, everything(values))
    first, _, state = model(values[:, :20], everything(values)[:, :20])
    logits = [first.law.logits]
    for step in range(20, 24):
        seen = slice(0, step + 1)
        law, _, state = model(values[:, seen], everything(values)[:, seen], state, since=step)
        logits.append(law.law.logits)
    torch.testing.assert_close(torch.cat(logits, dim=1), whole.law.logits, rtol=0, atol=1e-10)


@backbones
def test_no_token_sees_the_future(backbone, values):
    model, other = build(backbone), values.clone()
    other[:, 15:] = 1e6
    now, then = (model(lane, everything(values))[0].law.logits[:, :15] for lane in (values, other))
    torch.testing.assert_close(now, then, rtol=0, atol=1e-10)


@backbones
def test_a_forecast_follows_unit_and_offset_whatever_lanes_are_beside_it(backbone, values):
    """And does not see padding, nor what is not observed."""
    model = build(backbone)
    observed = torch.stack([torch.arange(24) >= 24 - length for length in (24, 24, 9, 3)])
    observed[1, 5:8] = False
    forecast = model.predict(values, observed, 6).quantiles
    assert forecast.shape == (4, 6, len(LEVELS))
    assert (forecast.diff(dim=-1) >= 0).all()
    moved = model.predict(3.7 * values.where(observed, 1e9) - 250.0, observed, 6).quantiles
    torch.testing.assert_close(moved, 3.7 * forecast - 250.0, rtol=0, atol=1e-8)
    for lane, length in enumerate((24, 24, 9, 3)):
        part = slice(lane, lane + 1), slice(24 - length, None)
        alone = model.predict(values[part], observed[part], 6).quantiles[0]
        torch.testing.assert_close(alone, forecast[lane], rtol=0, atol=1e-10)


def test_odd_lanes_are_forecast_as_every_model_forecasts_them(values):
    """Equal values stay, exactly; steps missing at the end belong to the future; nothing observed has no forecast."""
    model = build()
    equal = torch.full((1, 9), -1e15, dtype=torch.float64)
    assert (model.predict(equal, everything(equal), 5).quantiles == -1e15).all()
    known = model.predict(values[:, :20], everything(values)[:, :20], 9).quantiles[:, 4:]
    ending = everything(values)
    ending[:, 20:] = False
    torch.testing.assert_close(model.predict(values, ending, 5).quantiles, known, rtol=0, atol=1e-10)
    assert model.predict(values, ~everything(values), 2).quantiles.isnan().all()
    nothing = torch.zeros(2, 0, dtype=torch.float64)
    assert model.predict(nothing, everything(nothing), 3).quantiles.isnan().all()


def test_the_first_step_is_the_law_of_the_next_value(values):
    """No path has been drawn yet: the forecast is the law itself, up to twenty points for a law."""
    model = build()
    law, scale, _ = model(values, everything(values), since=23)
    expected = scale.restore(law.quantiles((0.5,)))[:, 0, 0, 0]
    width = scale.spread[:, 0] * 2 * CODEBOOK.reach / CODEBOOK.bins
    error = (model.predict(values, everything(values), 1).median[:, 0] - expected).abs()
    assert (error <= 2 * width).all()


def test_the_loss_is_that_of_the_next_values_bin(values):
    """By hand, on one lane: the first value with a scale is the third, the last has no next; a missing one is none."""
    model, observed = build(), everything(values)
    observed[:, 10] = False
    law, scale, _ = model(values[:1], observed[:1])
    losses = []
    for step in range(2, 23):
        if step + 1 != 10:
            target = (values[0, step + 1] - scale.location[0, step]) / scale.spread[0, step]
            token = int(((target + CODEBOOK.reach) / (2 * CODEBOOK.reach) * CODEBOOK.bins).floor())
            losses.append(-law.law.logits[0, step, 0].log_softmax(-1)[token].item())
    assert next_value_loss(model, values[:1], observed[:1]).item() == pytest.approx(np.mean(losses))


def test_a_latin_hypercube_has_one_draw_in_each_part():
    draws = latin_hypercube(50, 8, generator())
    assert torch.equal((draws * 8).long().sort(1).values, torch.arange(8).expand(50, 8))
    assert (draws[:, 0] * 8).long().unique().numel() == 8  # the parts come in another order each time
