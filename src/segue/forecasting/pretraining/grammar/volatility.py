"""Prices, returns and sizes of returns whose volatility clusters."""

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, uniform
from segue.forecasting.pretraining.grammar.filters import accumulate, linear_scan
from segue.forecasting.pretraining.grammar.noises import innovations
from segue.forecasting.pretraining.grammar.trends import clock, exponentiate

WARM_UP = 200
"""Steps that are dropped before the first one kept."""


def garch(shocks: Series, alpha: PerSeries, beta: PerSeries, leverage: PerSeries) -> Series:
    """GARCH(1, 1) with leverage (Bollerslev, 1986; Glosten, Jagannathan and Runkle, 1993), of variance 1.

        v[t] = w + (alpha + leverage * [r[t-1] < 0]) r[t-1]^2 + beta v[t-1],   r[t] = sqrt(v[t]) * shock[t].

    Since r^2 = v shock^2, the variance is a linear recursion with random gains, driven by a constant.

    Args:
        shocks: Symmetric, of unit variance.
        alpha: Weight of the last squared return.
        beta: Weight of the last variance; the sum of alpha, beta and half of the leverage is below 1.
        leverage: Extra weight of a fall.
    """
    rest = 1 - alpha - beta - leverage / 2
    gain = (alpha + leverage * (shocks < 0)) * shocks.square() + beta
    late = torch.cat([torch.zeros_like(gain[:, :1]), gain[:, :-1]], 1)
    drive = rest.expand_as(shocks).clone()
    drive[:, 0] = 1
    return linear_scan(late, drive).clamp(max=1e4).sqrt() * shocks


def volatility(generator: Generator, count: int, length: int) -> Series:
    """GARCH series: half are prices, which are geometric walks; a quarter returns, a quarter sizes of returns."""
    alpha, leverage = uniform(generator, count, 0.02, 0.2), uniform(generator, count, 0, 0.1)
    beta = (1 - alpha - leverage / 2) * uniform(generator, count, 0.7, 0.99)
    returns = garch(innovations(generator, count, WARM_UP + length), alpha, beta, leverage)[:, WARM_UP:]
    scale = log_uniform(generator, count, 0.002, 0.04)
    drift = 0.1 * normal(generator, count) * chance(generator, count, 0.5)
    price = exponentiate(scale * (accumulate(returns) + drift * clock(generator, length)))
    size = (returns.abs() + 0.1).log()
    kind = uniform(generator, count, 0, 1)
    return torch.where(kind < 0.5, price, torch.where(kind < 0.75, returns, size.exp()))
