"""Values as classes: the codebook both ways, its distributions, and the NanoTST that predicts bins."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from benchmarks.forecasting.bins import Binned, BinnedHead, BinnedTST, Bins
from segue.errors import UserError
from segue.forecasting.nanotst.config import NanoTSTConfig
from segue.forecasting.predictor import LEVELS, Predictor, predict_lanes
from segue.forecasting.pretraining.examples import examples_of
from segue.forecasting.pretraining.pretrain import loss_of
from segue.forecasting.pretraining.windows import DataConfig, Windows
from segue.heads.categorical import Categorical
from segue.heads.protocol import Distribution


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_value_comes_back_within_half_a_bin():
    bins = Bins.uniform(50, -3.0, 2.0)
    values = torch.empty(10_000, dtype=torch.float64).uniform_(-3, 2, generator=generator())
    assert (bins.centres[bins.encode(values)] - values).abs().max().item() <= 0.05 + 1e-12
    assert torch.equal(bins.encode(bins.centres), torch.arange(50))


def test_values_beyond_the_bins_are_clipped():
    bins = Bins.uniform(4, -1.0, 1.0)
    beyond = torch.tensor([-torch.inf, -7.0, -1.0, 1.0, 7.0, torch.inf])
    assert bins.encode(beyond).tolist() == [0, 0, 0, 3, 3, 3]
    assert bins.centres[bins.encode(beyond)].tolist() == [-0.75, -0.75, -0.75, 0.75, 0.75, 0.75]


def test_a_value_on_an_edge_belongs_to_the_bin_above():
    assert Bins.uniform(4, 0.0, 4.0).encode(torch.tensor([1.0, 2.0, 3.0])).tolist() == [1, 2, 3]


@pytest.mark.parametrize("edges", [torch.zeros(9), torch.tensor([0.0, 0.0, 1.0]), torch.tensor([1.0])])
def test_bins_without_a_width_are_refused(edges):
    with pytest.raises(UserError, match="edges"):
        Bins(edges)


@pytest.fixture
def uneven() -> Binned:
    """A distribution over bins of different widths, one of them empty."""
    probabilities = torch.tensor([[0.2, 0.0, 0.5, 0.3]], dtype=torch.float64)
    return Binned(Categorical(probabilities.log()), Bins(torch.tensor([-1.0, 0.0, 1.0, 1.5, 4.0], dtype=torch.float64)))


def test_quantiles_are_those_of_a_density_constant_within_each_bin(uneven):
    levels = (0.05, 0.1999, 0.2001, 0.45, 0.7, 0.85, 0.99)
    exact = stats.rv_histogram((np.array([0.2, 0.0, 0.5, 0.3]), uneven.bins.edges.numpy()), density=False)
    np.testing.assert_allclose(uneven.quantiles(levels)[0], exact.ppf(levels), rtol=1e-9)
    assert uneven.mean.item() == pytest.approx(exact.mean())
    at = torch.tensor([0.3, 1.2, 3.0], dtype=torch.float64)
    found = [uneven.log_density(y[None]).exp().item() for y in at]
    np.testing.assert_allclose(found, exact.pdf(at.numpy()), atol=1e-12)


def test_the_density_integrates_to_one_and_ends_with_the_bins(uneven):
    def density(y: float) -> float:
        return uneven.log_density(torch.tensor([y], dtype=torch.float64)).exp().item()

    pieces = pairwise(uneven.bins.edges.tolist())
    assert sum(integrate.quad(density, low, high)[0] for low, high in pieces) == pytest.approx(1)
    assert density(-1.01) == density(4.01) == 0


def test_samples_pass_a_kolmogorov_smirnov_test(uneven):
    exact = stats.rv_histogram((np.array([0.2, 0.0, 0.5, 0.3]), uneven.bins.edges.numpy()), density=False)
    assert stats.kstest(uneven.sample(20_000, generator())[:, 0].numpy(), exact.cdf).pvalue > 0.01


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


@pytest.fixture(scope="module")
def binned_tst() -> BinnedTST:
    """Small, in double precision, with weights that are far from zero."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BinnedTST(NanoTSTConfig(context=48, patch=6, span=2, width=16, heads=2, layers=1)).double().eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return model


def test_the_forecast_of_bins_follows_unit_and_offset(binned_tst):
    """By the contract of every forecaster, beyond one pass; catches quantiles of the wrong levels or out of order."""
    assert isinstance(binned_tst, Predictor)
    values = np.random.default_rng(0).normal(size=(3, 40)).cumsum(axis=1)
    observed, seasons = np.ones(values.shape, dtype=bool), np.zeros((3, 0))
    quantiles = predict_lanes(binned_tst, values, observed, seasons, 15).quantiles
    assert quantiles.shape == (3, 15, len(LEVELS))
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    moved = predict_lanes(binned_tst, 3.7 * values - 250.0, observed, seasons, 15).quantiles
    np.testing.assert_allclose(moved, 3.7 * quantiles - 250.0, rtol=0, atol=1e-8)


def test_bins_of_a_patch_learn_their_cross_entropy():
    """That of equally likely bins is the logarithm of their number; catches a loss of quantiles, or of other bins."""
    model = BinnedTST(NanoTSTConfig(context=36, patch=6, span=2, width=16, heads=2, layers=1))
    for parameter in model.head.parameters():
        torch.nn.init.zeros_(parameter)
    data = DataConfig(
        tokens=64, contexts=(36,), shares=(1.0,), unrest=(0.5,), growing=(0.2,), compounding=(0.2,), block=8
    )
    loss = loss_of(model, examples_of(Windows(data, patch=6, span=2, seed=0).batch(1)))
    assert loss.item() == pytest.approx(np.log(128), rel=1e-5)
