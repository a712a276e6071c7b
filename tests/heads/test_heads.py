"""The heads against closed forms, scipy and utilsforecast."""

from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats
from utilsforecast.losses import quantile_loss

from segue.errors import UserError
from segue.forecasting.predictor import LEVELS, Forecast
from segue.heads.gaussian import SMALLEST_STD, Gaussian, GaussianHead
from segue.heads.protocol import Distribution
from segue.heads.quantiles import QuantileHead, Quantiles

WIDTH, PATCH = 8, 3


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def skewed() -> Quantiles:
    """Two distributions far from normal, in float64: a lognormal, and the same stretched and moved."""
    lognormal = torch.tensor(stats.lognorm(0.8).ppf(LEVELS))
    return Quantiles(torch.stack([lognormal, 5 * lognormal - 7])[None], LEVELS)


def quantile_function(distribution: Quantiles, index: int, level: float) -> float:
    """The documented quantile function, written a second time and plainly: linear inside, exponential beyond."""
    values, levels = distribution.values[0, index].numpy(), distribution.levels
    if level < levels[0]:
        scale = levels[0] * (values[1] - values[0]) / (levels[1] - levels[0])
        return float(values[0] + scale * np.log(level / levels[0]))
    if level > levels[-1]:
        scale = (1 - levels[-1]) * (values[-1] - values[-2]) / (levels[-1] - levels[-2])
        return float(values[-1] - scale * np.log((1 - level) / (1 - levels[-1])))
    return float(np.interp(level, levels, values))


@pytest.mark.parametrize("head", [GaussianHead(WIDTH, PATCH), QuantileHead(WIDTH, PATCH, LEVELS)])
def test_heads_map_any_leading_axes_token_by_token(head):
    """Catches mixing of tokens: a batch must equal its tokens one at a time, and every method keeps the patch shape."""
    hidden, target = torch.randn(2, 4, WIDTH, generator=generator()), torch.randn(2, 4, PATCH, generator=generator(1))
    whole, single = head(hidden), head(hidden[1, 2])
    assert isinstance(whole, Distribution)
    torch.testing.assert_close(whole.mean[1, 2], single.mean)
    torch.testing.assert_close(whole.loss(target)[1, 2], single.loss(target[1, 2]))
    torch.testing.assert_close(whole.log_density(target)[1, 2], single.log_density(target[1, 2]))
    torch.testing.assert_close(whole.quantiles((0.3, 0.51))[1, 2], single.quantiles((0.3, 0.51)))
    assert whole.sample(5, generator()).shape == (5, 2, 4, PATCH)


def test_quantiles_never_cross():
    """Catches a missing sort: random weights give outputs in every order."""
    head = QuantileHead(WIDTH, PATCH, LEVELS)
    torch.nn.init.normal_(head.project.bias, generator=generator())
    distribution = head(10 * torch.randn(50, WIDTH, generator=generator()))
    assert bool((distribution.values.diff(dim=-1) >= 0).all())


def test_the_untrained_quantile_head_is_near_the_standard_normal():
    """Catches a bias laid out patch last: each value of the patch must begin with all levels in order."""
    head = QuantileHead(WIDTH, PATCH, LEVELS)
    torch.nn.init.zeros_(head.project.weight)  # the outputs are the biases alone
    distribution = head(torch.randn(1, WIDTH, generator=generator()))
    expected = torch.tensor(stats.norm.ppf(LEVELS), dtype=torch.float32).expand(1, PATCH, -1)
    torch.testing.assert_close(distribution.values, expected, atol=1e-6, rtol=1e-5)


def test_pinball_equals_utilsforecast(skewed):
    """Catches a wrong factor, sign or axis against the loss the field reports."""
    target = torch.tensor([[0.7, 30.0]], dtype=torch.float64)
    frame = pd.DataFrame({"unique_id": ["a", "b"], "ds": [0, 0], "y": target[0].numpy()})
    expected = np.zeros(2)
    for index, level in enumerate(LEVELS):
        scored = quantile_loss(frame.assign(model=skewed.values[0, :, index].numpy()), {"model": "model"}, q=level)
        expected += 2 * scored["model"].to_numpy() / len(LEVELS)
    np.testing.assert_allclose(skewed.loss(target)[0].numpy(), expected, rtol=1e-12)


def test_pinball_of_fine_levels_is_the_crps():
    """Catches a wrong factor against a closed form: the CRPS of N(0, 1) at y (Gneiting & Raftery 2007, section 4.2)."""
    levels = tuple((np.arange(2000) + 0.5) / 2000)
    distribution = Quantiles(torch.tensor(stats.norm.ppf(levels))[None], levels)
    for y in (-2.0, 0.0, 0.7):
        closed = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
        assert distribution.loss(torch.tensor([y], dtype=torch.float64)).item() == pytest.approx(closed, abs=1e-4)


def test_loss_is_least_at_the_true_quantiles():
    """Catches a flipped sign, which would learn the quantile of 1 - q; training must meet scipy's quantiles."""
    target = torch.tensor(stats.lognorm(0.8).ppf((np.arange(4001) + 0.5) / 4001))[:, None]
    levels = (0.1, 0.5, 0.8)
    values = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([values], lr=0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.98)
    for _ in range(400):
        optimiser.zero_grad()
        Quantiles(values.expand(4001, 1, 3), levels).loss(target).mean().backward()
        optimiser.step()
        schedule.step()
    np.testing.assert_allclose(values.detach().numpy(), stats.lognorm(0.8).ppf(levels), atol=0.01)


def test_quantiles_between_levels_are_those_of_a_forecast(skewed):
    """Catches two rules of interpolation in one package; a given level must come back to the last bit."""
    levels = (*LEVELS, 0.013, 0.5001, 0.9899)
    expected = Forecast(skewed.values.numpy()).at(levels)
    np.testing.assert_allclose(skewed.quantiles(levels).numpy(), expected, rtol=1e-14)
    np.testing.assert_array_equal(skewed.quantiles(levels)[..., : len(LEVELS)].numpy(), skewed.values.numpy())
    assert torch.equal(skewed.quantiles(LEVELS), skewed.values)
    single = Quantiles(skewed.values.float(), LEVELS)
    assert torch.equal(single.quantiles(LEVELS), single.values)


@pytest.mark.parametrize("level", [0.009, 0.991, 0.0, 1.0])
def test_quantiles_beyond_the_outer_levels_are_refused(skewed, level):
    with pytest.raises(ValueError, match="must lie in"):
        skewed.quantiles((0.5, level))


@pytest.mark.parametrize("levels", [(0.5,), (0.5, 0.5), (0.9, 0.1), (0.0, 0.5), (0.5, 1.0), (0.5, float("nan"))])
def test_levels_that_are_no_levels_are_refused(levels):
    with pytest.raises(UserError, match="at least two, ascending"):
        QuantileHead(WIDTH, PATCH, levels)


def test_mean_is_the_integral_of_the_quantile_function(skewed):
    """Catches a tail left out of the mean: the tails of these distributions move it by several percent."""
    for index in range(2):
        function = partial(quantile_function, skewed, index)
        pieces = pairwise((0.0, *LEVELS, 1.0))  # between the kinks
        expected = sum(integrate.quad(function, low, high, epsabs=1e-10)[0] for low, high in pieces)
        assert skewed.mean[0, index].item() == pytest.approx(expected, rel=1e-8)


def test_log_density_integrates_to_one_and_gives_the_same_mean(skewed):
    """Catches a density of another distribution than the mean's: both moments come from the density alone."""
    for index in range(2):
        values = skewed.values[0, index].numpy()
        lowest, highest = values[0] - 40 * (values[1] - values[0]), values[-1] + 40 * (values[-1] - values[-2])
        edges = [lowest, *values, highest]

        def density(y: float, index: int = index) -> float:
            target = torch.full((1, 2), y, dtype=torch.float64)
            return float(skewed.log_density(target)[0, index].exp())

        pieces = list(pairwise(edges))
        total = sum(integrate.quad(density, low, high)[0] for low, high in pieces)
        mean = sum(integrate.quad(lambda y: y * density(y), low, high)[0] for low, high in pieces)
        assert total == pytest.approx(1, abs=1e-7)
        assert mean == pytest.approx(skewed.mean[0, index].item(), rel=1e-6)


def test_log_density_stays_finite_where_quantiles_coincide():
    """Catches log 0 and 0 / 0 when the head is certain: a ladder of equal quantiles, hit and missed."""
    distribution = Quantiles(torch.zeros(2, len(LEVELS)), LEVELS)
    for y in (-1.0, 0.0, 1.0):
        assert bool(distribution.log_density(torch.full((2,), y)).isfinite().all())
    assert bool((distribution.sample(10, generator()) == 0).all())


def test_samples_follow_the_quantiles_tails_and_mean(skewed):
    """Catches a sampler of another distribution.

    The share below a quantile has the standard error sqrt(q (1 - q) / n) at most. With n = 200,000 and 17 + 4 shares
    per distribution, 4.5 standard errors fail by chance in 3 of 10,000 seeds; ours is fixed.
    """
    count = 200_000
    draws = skewed.sample(count, generator())[:, 0]
    levels = np.array([0.001, 0.005, *LEVELS, 0.995, 0.999])
    for index in range(2):
        points = np.array([quantile_function(skewed, index, level) for level in levels])
        shares = (draws[:, index].numpy()[:, None] < points).mean(0)
        assert np.all(np.abs(shares - levels) < 4.5 * np.sqrt(levels * (1 - levels) / count))
        error = draws[:, index].std() / count**0.5
        assert abs(draws[:, index].mean() - skewed.mean[0, index]) < 4.5 * error


def test_gaussian_equals_scipy():
    """Catches a variance taken for a standard deviation, a lost constant, a quantile of the wrong side."""
    mean, std = torch.tensor([[0.3, -4.0]], dtype=torch.float64), torch.tensor([[0.01, 7.0]], dtype=torch.float64)
    distribution, target = Gaussian(mean, std), torch.tensor([[0.31, 20.0]], dtype=torch.float64)
    peer = stats.norm(mean.numpy(), std.numpy())
    np.testing.assert_allclose(distribution.log_density(target), peer.logpdf(target.numpy()), rtol=1e-12)
    np.testing.assert_allclose(distribution.loss(target), -peer.logpdf(target.numpy()), rtol=1e-12)
    for index, level in enumerate(LEVELS):
        np.testing.assert_allclose(distribution.quantiles(LEVELS)[..., index], peer.ppf(level), rtol=1e-12, atol=1e-14)


def test_gaussian_samples_pass_a_kolmogorov_smirnov_test():
    """Catches a wrong scale or location: at n = 20,000 an error of 5 % of the scale has p < 1e-4."""
    distribution = Gaussian(torch.tensor([[2.0]]), torch.tensor([[3.0]]))
    assert stats.kstest(distribution.sample(20_000, generator()).flatten().numpy(), stats.norm(2, 3).cdf).pvalue > 0.01


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5])
def test_gaussian_quantiles_have_levels_between_zero_and_one(level):
    with pytest.raises(ValueError, match="must lie in"):
        Gaussian(torch.zeros(1), torch.ones(1)).quantiles((level,))


def test_gaussian_head_is_one_linear_map_means_first():
    """Catches another layout or parametrisation, which copied weights would not survive."""
    head = GaussianHead(WIDTH, PATCH)
    assert {name: tuple(p.shape) for name, p in head.named_parameters()} == {
        "project.weight": (2 * PATCH, WIDTH),
        "project.bias": (2 * PATCH,),
    }
    hidden = torch.randn(5, WIDTH, generator=generator())
    out, distribution = head.project(hidden).detach().double(), head(hidden)
    torch.testing.assert_close(distribution.mean.double(), out[:, :PATCH])
    torch.testing.assert_close(
        distribution.std.double(), out[:, PATCH:].exp().log1p() + SMALLEST_STD, atol=1e-6, rtol=1e-6
    )


@pytest.mark.parametrize("head", [GaussianHead(WIDTH, PATCH), QuantileHead(WIDTH, PATCH, LEVELS)])
def test_every_parameter_has_a_gradient_and_it_is_that_of_finite_differences(head):
    """Catches a detach or a gradient lost in the sort."""
    head = head.double()
    hidden = torch.randn(4, WIDTH, generator=generator(), dtype=torch.float64, requires_grad=True)
    target = torch.randn(4, PATCH, generator=generator(1), dtype=torch.float64)
    head(hidden).loss(target).mean().backward()
    assert all(p.grad is not None and bool((p.grad != 0).any()) for p in head.parameters())
    assert torch.autograd.gradcheck(lambda h: head(h).loss(target), hidden)


def test_quantile_loss_skips_nothing_on_exact_hits():
    """Catches a NaN or a wrong value where the error is zero: the loss of a certain and right distribution is zero."""
    distribution = Quantiles(torch.full((PATCH, len(LEVELS)), 1.5), LEVELS)
    assert torch.equal(distribution.loss(torch.full((PATCH,), 1.5)), torch.zeros(PATCH))
