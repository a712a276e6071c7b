"""Productions of textbooks and of the world against closed forms: kernels, GARCH, the Bass curve, the logistic map."""

from datetime import date, timedelta

import pytest
import torch
from torch import Generator

from segue.forecasting.pretraining.grammar import (
    artefacts,
    dates,
    days,
    demand,
    gaussian,
    machines,
    noises,
    stationary,
    volatility,
)
from segue.forecasting.pretraining.grammar.draws import normal


@pytest.fixture
def generator():
    return Generator().manual_seed(0)


def column(*values):
    return torch.tensor(values)[:, None]


def test_a_gaussian_process_has_the_covariance_of_its_kernel(generator):
    # a cycle times a rough decay plus a smooth part: an embedding that wrapped around would correlate start and end
    lag = torch.arange(513.0)[None]
    cycle = gaussian.periodic(lag, column(12.0), column(1.0)) * gaussian.matern(lag, column(60.0), 0)
    kernel = 0.6 * cycle + 0.4 * gaussian.squared_exponential(lag, column(20.0))
    drawn = gaussian.sample_process(generator, kernel.expand(6000, -1), 256)
    for begin, lags in ((0, (0, 1, 6, 12, 100, 255)), (100, (0, 5, 24))):
        for step in lags:
            measured = (drawn[:, begin] * drawn[:, begin + step]).mean()
            assert abs(measured - kernel[0, step]) < 0.06


def test_kernels_are_the_textbooks():
    lag, scale = torch.linspace(0, 5, 50)[None], column(1.7)
    assert torch.allclose(gaussian.matern(lag, scale, 0), (-lag / scale).exp())
    root = 5**0.5 * lag / scale
    assert torch.allclose(gaussian.matern(lag, scale, 2), (1 + root + root.square() / 3) * (-root).exp(), atol=1e-6)
    back = gaussian.periodic(torch.tensor([[0.0, 7.0, 3.5]]), column(7.0), column(1.3))
    assert back.tolist()[0] == pytest.approx([1, 1, torch.tensor(-2 * 1.3**2).exp().item()], abs=1e-5)


def test_garch_is_its_recursion(generator):
    shocks = normal(generator, 2, 300).double()
    alpha, beta, leverage = column(0.1, 0.2).double(), column(0.85, 0.5).double(), column(0.05, 0.0).double()
    closed = volatility.garch(shocks, alpha, beta, leverage)
    variance = torch.ones(2, 1, dtype=torch.float64)
    for step in range(300):
        returned = variance.sqrt() * shocks[:, step, None]
        assert torch.allclose(closed[:, step, None], returned, rtol=1e-9)
        weight = alpha + leverage * (returned < 0)
        variance = 1 - alpha - beta - leverage / 2 + weight * returned.square() + beta * variance


def test_volatility_clusters_as_theory_has_it(generator):
    # rho_1 = alpha (1 - alpha beta - beta^2) / (1 - 2 alpha beta - beta^2), rho_k = (alpha + beta)^(k-1) rho_1 for the
    # squares, no correlation of the returns (Bollerslev, 1986)
    alpha, beta = 0.15, 0.6
    parameters = (column(value).expand(2000, 1) for value in (alpha, beta, 0.0))
    drawn = volatility.garch(normal(generator, 2000, 700), *parameters)[:, 200:]
    square = drawn.square() - drawn.square().mean()
    first = alpha * (1 - alpha * beta - beta**2) / (1 - 2 * alpha * beta - beta**2)
    for lag in (1, 2, 4):
        measured = (square[:, lag:] * square[:, :-lag]).mean() / square.square().mean()
        assert abs(measured.item() - first * (alpha + beta) ** (lag - 1)) < 0.02
    assert abs((drawn[:, 1:] * drawn[:, :-1]).mean().item()) < 0.01
    assert drawn.square().mean().item() == pytest.approx(1, rel=0.02)


def test_the_bass_curve_solves_its_equation():
    # dF/dt = (p + q F)(1 - F)
    time = torch.linspace(0, 3, 3001, dtype=torch.float64)[None]
    share = demand.bass(time, column(0.1).double(), column(4.0).double())
    slope = (share[:, 2:] - share[:, :-2]) / (time[:, 2:] - time[:, :-2])
    inside = share[:, 1:-1]
    assert torch.allclose(slope, (0.1 + 4 * inside) * (1 - inside), atol=1e-5)
    assert share[0, 0] == 0


def test_intermittent_demand_is_whole_mostly_zero_and_never_between_zero_and_one(generator):
    pieces = demand.intermittent(generator, 400, 300)
    assert torch.equal(pieces, pieces.round())
    assert pieces.min() == 0
    assert 0.4 < (pieces == 0).float().mean() < 0.85


def test_the_logistic_map_is_its_recursion_to_the_last_step(generator):
    # iterating doubles loses a digit a step and falls to 0 after 53 steps; this must not
    orbit = machines.logistic_map(generator, 20, 1000)
    assert torch.allclose(orbit[:, 1:], 4 * orbit[:, :-1] * (1 - orbit[:, :-1]), atol=1e-4)
    assert orbit[:, -50:].std(1).min() > 0.2


def test_what_settles_reaches_its_target_at_a_constant_rate(generator):
    step = torch.cat([torch.zeros(30, 1), torch.ones(30, 400)], 1)
    gap = 1 - machines.settled(generator, step)[:, 1:]
    rate = gap[:, 1] / gap[:, 0]
    assert torch.allclose(gap[:, 20], gap[:, 0] * rate**20, atol=1e-4)
    assert gap[:, -1].max() < 1e-3


def test_pulses_are_at_rest_and_at_work_in_each_cycle(generator):
    values = machines.pulses(generator, 200, 1000)
    assert (values.amin(1) == 0).float().mean() > 0.9
    assert (values.amax(1) > 0.5).float().mean() > 0.9


def test_dates_are_the_calendars():
    # two days before 1 March, leap years and a century: where a shortcut of 365.25 days is off by one
    days = torch.arange(-3000, 50000)[None]
    year, month, of_month = dates.civil(days)
    number = dates.day_of_year(year, month, of_month)
    for index in range(0, days.shape[1], 7):
        true = date(1970, 1, 1) + timedelta(days=int(days[0, index]))
        assert (year[0, index], month[0, index], of_month[0, index]) == (true.year, true.month, true.day)
        assert number[0, index] == true.timetuple().tm_yday
        assert (days[0, index] + 3) % 7 == true.weekday()


def test_weeks_sum_their_days_and_return_with_the_year(generator):
    values = days.dated_weeks(generator, 100, 520).values.log()
    year, half = ((values[:, lag:] - values[:, :-lag]).abs().mean(1) for lag in (52, 26))
    assert (year < half).float().mean() > 0.55  # without a year the shorter way would be the closer one


def test_holding_repeats_the_last_fresh_value():
    values = torch.arange(6.0)[None]
    fresh = torch.tensor([[0.0, 0, 1, 0, 1, 0]])
    assert artefacts.hold(values, fresh).tolist() == [[0, 0, 2, 2, 4, 4]]


def test_periodic_spikes_come_once_a_cycle_and_leave_the_rest(generator):
    values = normal(generator, 300, 1000)
    changed = artefacts.periodic_spikes(generator, values) != values
    share = changed.float().mean(1)
    assert share.max() < 0.4
    assert 0.005 < share.median() < 0.3


def test_a_stationary_process_fades_at_its_rate_and_is_of_unit_variance_from_its_first_step(generator):
    drawn = noises.first_order(column(0.8, 0.0).repeat(3000, 1), normal(generator, 6000, 60)).unflatten(0, (3000, 2))
    for begin in (0, 40):
        assert drawn[:, :, begin].var(0).tolist() == pytest.approx([1, 1], abs=0.1)
        for lag in (1, 3):
            together = (drawn[:, :, begin] * drawn[:, :, begin + lag]).mean(0)
            assert together.tolist() == pytest.approx([0.8**lag, 0], abs=0.08)


def test_distributions_of_counts_give_whole_numbers_and_that_of_rain_zeros(generator):
    hidden = normal(generator, 400, 300)
    counted, rain = stationary.counted(generator, hidden), stationary.cut_off(generator, hidden)
    assert torch.equal(counted, counted.round())
    assert counted.min() == rain.min() == 0
    dry = (rain == 0).float().mean(1)  # the bound is between -1 and 1.7 deviations
    assert 0.1 < dry.min() < 0.3
    assert 0.9 < dry.max() < 0.99
    assert 0.3 < (rain == rain.round()).all(1).float().mean() < 0.7


def test_two_levels_are_parted_by_the_hidden_process(generator):
    hidden = normal(generator, 200, 400)
    values = stationary.two_valued(generator, hidden)
    exact = ((values == 0) | (values == 1)).all(1)
    assert 0.15 < exact.float().mean() < 0.45
    for row, process in zip(values[exact], hidden[exact], strict=True):
        assert not (row == 1).any() or process[row == 1].min() > process[row == 0].max()
