"""Exponential smoothing state-space models, in closed form (Hyndman, Koehler, Ord and Snyder, 2008, chapter 2)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.combinators import Drawn, PerSeries, Series, choose_drawn, drawn
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, power, uniform
from segue.forecasting.pretraining.grammar.filters import Lag, Spectrum, accumulate, lag_filter
from segue.forecasting.pretraining.grammar.noises import innovations
from segue.forecasting.pretraining.grammar.seasons import repeat, waveform
from segue.forecasting.pretraining.grammar.trends import exponentiate


@dataclass(frozen=True)
class Smoothing:
    """Parameters of ETS models, one a series."""

    alpha: PerSeries
    """Share of a shock that stays in the level."""
    beta: PerSeries
    """Share of a shock that stays in the trend."""
    gamma: PerSeries
    """Share of a shock that stays in the season."""
    phi: PerSeries
    """Damping of the trend; 1 for none."""
    period: PerSeries
    """Steps of the season; 1 with `gamma` 0 for none."""
    level: PerSeries
    """Level before the first step."""
    slope: PerSeries
    """Trend before the first step."""
    season: Float[Tensor, "series length"]
    """The season before any shock, at each step."""


def damped_sums(phi: PerSeries, length: int) -> Series:
    """`phi + phi^2 + ... + phi^(t + 1)` at step t: the sum that one unit of slope adds to the level."""
    exponent = torch.arange(1, length + 1, dtype=torch.float64, device=phi.device)[None]
    return phi.double().pow(exponent).cumsum(1).float()


def additive_ets(model: Smoothing, errors: Series) -> Series:
    """ETS(A,Ad,A): every state is a linear filter of the errors.

    y = l[t-1] + phi b[t-1] + s[t-m] + e,   l = l[t-1] + phi b[t-1] + alpha e,
    b = phi b[t-1] + beta e,                s = s[t-m] + gamma e.
    """

    def response(lag: Lag) -> Spectrum:
        level = model.alpha * lag(1) / (1 - lag(1))
        trend = _trend_response(model)(lag) * model.beta
        return 1 + level + trend + _season_response(model)(lag) * model.gamma

    certain = model.level + model.slope * damped_sums(model.phi, errors.shape[1]) + model.season
    return certain + lag_filter(errors, response)


def multiplicative_ets(model: Smoothing, errors: Series) -> Series:
    """ETS(M,Md,M) with relative errors in every state, so that logarithms are linear filters.

        y = l[t-1] b[t-1]^phi s[t-m] (1 + e),   l = l[t-1] b[t-1]^phi (1 + alpha e),
        b = b[t-1]^phi (1 + beta e),            s = s[t-m] (1 + gamma e).

    `level`, `slope` and `season` are the logarithms of the first states. The recursion for b differs from the book's,
    where beta multiplies the error of the level. Errors are kept above -0.95.

    Returns:
        The logarithm of the series.
    """
    errors = errors.clamp(-0.95, 3)
    zero = torch.zeros_like(errors[:, :1])
    level = accumulate(torch.cat([zero, (model.alpha * errors).log1p()[:, :-1]], 1))
    trend = lag_filter((model.beta * errors).log1p(), _trend_response(model))
    cycle = lag_filter((model.gamma * errors).log1p(), _season_response(model))
    certain = model.level + model.slope * damped_sums(model.phi, errors.shape[1]) + model.season
    return certain + level + trend + cycle + errors.log1p()


def sample_smoothing(generator: Generator, count: int, length: int) -> Smoothing:
    """Random parameters, for errors of scale 1: two thirds have a trend, mostly damped, eight of eleven a season."""
    alpha = power(generator, count, 1.6)
    has_trend = chance(generator, count, 0.65)
    beta = alpha * power(generator, count, 4) * has_trend
    damped = chance(generator, count, 0.6)
    phi = torch.where(damped, uniform(generator, count, 0.8, 0.99), 1.0)
    beta = torch.where(damped, beta, beta * 0.05)
    period = pick(generator, count, [1, 1, 1, 4, 4, 7, 12, 12, 12, 24, 52])
    gamma = (1 - alpha) * power(generator, count, 5) * 0.5 * (period > 1)
    start = (uniform(generator, count, 0, 1) * period).floor()
    height = log_uniform(generator, count, 0.3, 20) * (period > 1)
    season = height * repeat(waveform(generator, count), period, start, length)
    slope = normal(generator, count) * log_uniform(generator, count, 0.01, 1.5) * has_trend
    return Smoothing(alpha, beta, gamma, phi, period, torch.zeros_like(alpha), slope, season)


def additive_smoothing(generator: Generator, count: int, length: int) -> Drawn:
    """ETS series with additive errors, of standard deviation 1."""
    model = sample_smoothing(generator, count, length)
    return drawn(additive_ets(model, innovations(generator, count, length)), model.period)


def multiplicative_smoothing(generator: Generator, count: int, length: int) -> Drawn:
    """ETS series with relative errors of 0.3 % to 20 %."""
    scale = log_uniform(generator, count, 0.003, 0.2)
    model = sample_smoothing(generator, count, length)
    season = (model.season * scale).clamp(-1.5, 1.5)
    scaled = replace(model, slope=model.slope * scale.clamp(max=0.03), season=season)
    path = multiplicative_ets(scaled, scale * innovations(generator, count, length))
    return drawn(exponentiate(path), model.period)


def smoothing(generator: Generator, count: int, length: int) -> Drawn:
    """ETS series, half additive, half multiplicative."""
    return choose_drawn(generator, count, length, [additive_smoothing, multiplicative_smoothing], [1, 1])[0]


def _trend_response(model: Smoothing) -> Callable[[Lag], Spectrum]:
    """From the trend's shocks to their sum in the series: phi B / ((1 - B)(1 - phi B))."""
    return lambda lag: model.phi * lag(1) / ((1 - lag(1)) * (1 - model.phi * lag(1)))


def _season_response(model: Smoothing) -> Callable[[Lag], Spectrum]:
    """From the season's shocks to their effect on later cycles: B^m / (1 - B^m)."""

    def response(lag: Lag) -> Spectrum:
        cycle = lag(model.period.long())
        return cycle / (1 - cycle)

    return response
