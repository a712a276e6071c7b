"""The grammar's terminals and events against theory, textbook recursions and scipy."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from scipy.stats import kstest
from scipy.stats import t as student_t
from torch import Generator

from segue.forecasting.pretraining.grammar.calendars import across_days
from segue.forecasting.pretraining.grammar.draws import normal, student, uniform
from segue.forecasting.pretraining.grammar.events import (
    censor,
    compounding,
    count_events,
    growing,
    moving_mean,
    quantile,
    resting,
    round_to,
    shift_level,
    splice,
    unrest,
)
from segue.forecasting.pretraining.grammar.filters import accumulate, lag_filter, linear_scan
from segue.forecasting.pretraining.grammar.noises import autoregression, sample_sections
from segue.forecasting.pretraining.grammar.seasons import PHASES, repeat, waveform
from segue.forecasting.pretraining.grammar.smoothing import Smoothing, additive_ets, multiplicative_ets
from segue.forecasting.pretraining.grammar.trends import exponentiate, unit_excursion


@pytest.fixture
def generator():
    return Generator().manual_seed(0)


def column(*values):
    return torch.tensor(values)[:, None]


def test_the_lag_filter_is_the_seasonal_arima_recursion(generator):
    # unit roots at lag 1 and at the season: a filter that wrapped around in time would be wrong by orders of magnitude
    noise = normal(generator, 3, 1000).double()
    period, theta, phi = column(1, 12, 168), column(0.5, -0.3, 0.9).double(), column(0.7, -0.9, 0.97).double()
    ours = lag_filter(
        noise, lambda lag: (1 - theta * lag(period)) / ((1 - lag(1)) * (1 - lag(period)) * (1 - phi * lag(1)))
    )
    for row in range(3):
        moving, seasonal = np.zeros(period[row] + 1), np.zeros(period[row] + 1)
        moving[0], seasonal[0], moving[-1], seasonal[-1] = 1, 1, -theta[row], -1
        auto = np.convolve(np.convolve([1, -1], [1, -phi[row].item()]), seasonal)
        theirs = lfilter(moving, auto, noise[row].numpy())
        assert np.abs(ours[row].numpy() - theirs).max() < 1e-9 * np.abs(theirs).max()


def test_the_scan_is_the_loop(generator):
    gain, drive = uniform(generator, 5, -1, 1, 77).double(), normal(generator, 5, 77).double()
    looped, state = [], torch.zeros(5, dtype=torch.float64)
    for step in range(77):
        state = gain[:, step] * state + drive[:, step]
        looped.append(state)
    assert torch.allclose(linear_scan(gain, drive), torch.stack(looped, 1), atol=1e-12)


def some_smoothing(generator, length, season_height):
    """Three models, and for each the seasonal states before the first step."""
    period = column(1.0, 4.0, 12.0)
    cycles = normal(generator, 3, 12) * season_height * (period > 1)
    slot = torch.remainder(torch.arange(length)[None], period).long()
    model = Smoothing(
        alpha=column(0.3, 0.8, 0.1), beta=column(0.1, 0.2, 0.02), gamma=column(0.0, 0.1, 0.4),
        phi=column(0.9, 1.0, 0.98), period=period, level=column(1.0, 2.0, 3.0),
        slope=column(0.02, -0.01, 0.0), season=cycles.gather(1, slot),
    )  # fmt: skip
    return model, cycles


def parameters(model, row):
    return (p[row].item() for p in (model.alpha, model.beta, model.gamma, model.phi, model.level, model.slope))


def test_additive_smoothing_is_its_recursion(generator):
    model, cycles = some_smoothing(generator, 150, 1.0)
    errors = normal(generator, 3, 150)
    closed = additive_ets(model, errors)
    for row, cycle in enumerate((1, 4, 12)):
        alpha, beta, gamma, phi, level, trend = parameters(model, row)
        season = cycles[row].tolist()
        for step, error in enumerate(errors[row].tolist()):
            value = level + phi * trend + season[step % cycle] + error
            level, trend = level + phi * trend + alpha * error, phi * trend + beta * error
            season[step % cycle] += gamma * error
            assert closed[row, step].item() == pytest.approx(value, abs=1e-4, rel=1e-5)


def test_multiplicative_smoothing_is_its_recursion(generator):
    model, cycles = some_smoothing(generator, 150, 0.2)
    errors = 0.05 * normal(generator, 3, 150)
    closed = multiplicative_ets(model, errors).exp()
    for row, cycle in enumerate((1, 4, 12)):
        alpha, beta, gamma, phi, level, trend = parameters(model, row)
        level, trend, season = math.exp(level), math.exp(trend), cycles[row].exp().tolist()
        for step, error in enumerate(errors[row].tolist()):
            value = level * trend**phi * season[step % cycle] * (1 + error)
            level, trend = level * trend**phi * (1 + alpha * error), trend**phi * (1 + beta * error)
            season[step % cycle] *= 1 + gamma * error
            assert closed[row, step].item() == pytest.approx(value, rel=1e-4)


def test_autoregressive_noise_has_the_autocorrelation_of_its_poles(generator):
    # poles 0.8 exp(+-i pi/6): rho_1 = -a1 / (1 + a2), rho_k = -a1 rho_{k-1} - a2 rho_{k-2} (Yule-Walker)
    first, second = -2 * 0.8 * math.cos(math.pi / 6), 0.64
    sections = torch.tensor([first, second]).expand(500, 1, 2)
    drawn = autoregression(normal(generator, 500, 1024), sections)
    rho = [1.0, -first / (1 + second)]
    for _ in range(4):
        rho.append(-first * rho[-1] - second * rho[-2])
    variance = drawn.square().mean()
    for lag in range(1, 6):
        measured = (drawn[:, lag:] * drawn[:, :-lag]).mean() / variance
        assert abs(measured.item() - rho[lag]) < 0.02


def test_several_sections_filter_as_one_after_the_other(generator):
    sections, noise = sample_sections(generator, 20, 3, 0.9).double(), normal(generator, 20, 256).double()
    stepwise = noise
    for part in sections.split(1, 1):
        stepwise = autoregression(stepwise, part)
    assert torch.allclose(autoregression(noise, sections), stepwise)


def test_sampled_poles_are_inside_their_circle(generator):
    for first, second in sample_sections(generator, 200, 2, 0.9).flatten(0, 1).tolist():
        assert np.abs(np.roots([1, first, second])).max(initial=0) <= 0.9 + 1e-3


def test_heavy_noise_is_students_scaled_to_unit_variance(generator):
    drawn = student(generator, column(5.0), 20000)[0] / math.sqrt(3 / 5)
    assert kstest(drawn.numpy(), student_t(5).cdf).pvalue > 0.01


@pytest.mark.parametrize("period", [4, 7, 12, 168, 365])
def test_a_season_returns_after_exactly_one_period(generator, period):
    series = repeat(waveform(generator, 30), torch.full((30, 1), float(period)), torch.full((30, 1), 3.0), 800)
    assert torch.equal(series[:, period:], series[:, :-period])
    assert not torch.equal(series[:, 1:], series[:, :-1])


def test_a_season_of_a_fractional_period_is_the_continuous_wave():
    cycle = torch.sin(2 * math.pi * torch.arange(PHASES) / PHASES)[None]
    expected = torch.sin(2 * math.pi * (torch.arange(500) + 2) / 7.3)
    assert torch.allclose(repeat(cycle, column(7.3), column(2.0), 500)[0], expected, atol=1e-3)


def test_a_random_walk_spreads_with_the_root_of_time(generator):
    walk = accumulate(normal(generator, 4000, 100))
    for step in (10, 100):
        assert walk[:, step - 1].var().item() == pytest.approx(step, rel=0.1)
    assert walk.diff(dim=1).var().item() == pytest.approx(1, rel=0.01)


def test_an_excursion_is_measured_over_the_last_span_only():
    line = torch.arange(1000.0)[None]
    steep = unit_excursion(torch.where(line < 900, 0, line - 900), column(100.0))
    assert steep[0, :901].abs().max() == 0
    assert steep[0, 900:].square().mean().sqrt().item() == pytest.approx(1, rel=1e-3)


def test_an_exponential_ends_at_one_and_stays_in_its_bounds():
    time = torch.arange(100.0)
    ends = exponentiate(torch.stack([0.01 * time, 3 * time, -3 * time]))
    assert torch.allclose(ends[0], (0.01 * (time - 99)).exp())  # gentle paths are left as they are
    assert torch.equal(ends[:, -1], torch.ones(3))
    assert torch.allclose(ends[1:, 0], torch.tensor([math.exp(-8), math.exp(2)]))


def test_counts_have_the_mean_of_their_rate_and_are_whole(generator):
    rate = column(0.1, 2.0, 50.0).expand(3, 5000)
    drawn = count_events(generator, rate)
    assert torch.equal(drawn, drawn.round())
    assert drawn.min() >= 0
    assert torch.allclose(drawn.mean(1), rate[:, 0], rtol=0.15)
    assert torch.allclose(drawn.var(1), rate[:, 0], rtol=0.15)


def test_censoring_never_exceeds_its_bound_and_leaves_what_is_below(generator):
    values, bound = normal(generator, 4, 50), column(0.0, 1.0, -1.0, 9.0)
    cut = censor(values, bound)
    assert torch.all(cut <= bound)
    assert torch.equal(cut[values <= bound], values[values <= bound])


def test_a_quantile_has_its_share_below(generator):
    values = normal(generator, 2, 101)
    assert torch.equal((values < quantile(values, column(0.5, 0.95))).sum(1), torch.tensor([50, 95]))


def test_a_moving_mean_is_the_mean_of_the_last_steps(generator):
    values = normal(generator, 2, 30)
    averaged = moving_mean(values, column(4.0, 1.0))
    assert torch.allclose(averaged[0, 3:], values[0].unfold(0, 4, 1).mean(-1), atol=1e-6)
    assert averaged[0, 1].item() == pytest.approx(values[0, :2].mean().item(), abs=1e-6)
    assert torch.allclose(averaged[1], values[1], atol=1e-6)


def test_rounding_gives_the_nearest_multiple(generator):
    values, unit = normal(generator, 2, 50), column(0.5, 0.25)
    rounded = round_to(values, unit)
    assert torch.equal(rounded / unit, (rounded / unit).round())
    assert torch.all((rounded - values).abs() <= unit / 2)


def test_a_level_shift_is_a_constant_difference_from_its_start(generator):
    values = normal(generator, 2, 20)
    difference = shift_level(values, column(5.0, 19.0), column(3.0, -2.0)) - values
    expected = torch.zeros(2, 20)
    expected[0, 5:], expected[1, 19:] = 3, -2
    assert torch.allclose(difference, expected, atol=1e-6)


def test_a_splice_is_its_parts_at_both_ends_and_halfway_in_the_middle(generator):
    early, late = normal(generator, 1, 201), normal(generator, 1, 201)
    joined = splice(early, late, column(100.0), column(4.0))
    assert torch.allclose(joined[:, :20], early[:, :20], atol=1e-6)
    assert torch.allclose(joined[:, -20:], late[:, -20:], atol=1e-6)
    assert torch.allclose(joined[:, 100], (early + late)[:, 100] / 2, atol=1e-6)


@pytest.mark.parametrize("sharpness", [1.0, 24.0])
def test_daily_values_hold_at_noon_and_meet_at_midnight(sharpness):
    values = torch.tensor([[1.0, 5.0, 2.0]])
    times = torch.tensor([[1.0, 1.5, 2.0]])  # midnight, noon, midnight
    assert torch.allclose(across_days(values, times, column(sharpness)), torch.tensor([[3.0, 5.0, 3.5]]))


def test_unrest_begins_at_its_step_and_has_the_scale_of_what_follows():
    """Catches a walk that is invisible in a short stretch, or that reaches back before it."""
    generator = torch.Generator().manual_seed(0)
    values = torch.sin(torch.arange(200.0)).expand(2000, -1).clone()
    values[:, :150] *= 1000.0  # what lies before must not set the scale
    added = unrest(generator, values, torch.full((2000, 1), 150.0)) - values
    assert (added[:, :150] == 0).all()
    begun_at_once = added[:, 150] != 0
    assert 0.4 < begun_at_once.float().mean() < 0.6
    size = added[begun_at_once, 150:].std(1) / values[0, 150:].std()
    assert 0.3 < size.median() < 0.8  # log-uniform from 0.1 to 2: a median of 0.45, and shifts come on top


def test_a_lasting_trend_begins_at_its_step_and_mostly_rises():
    """Catches a trend on the scale of what lies before the window, and one that turns within it."""
    generator = torch.Generator().manual_seed(0)
    values = torch.sin(torch.arange(200.0)).expand(2000, -1).clone()
    values[:, :150] *= 1000.0
    added = growing(generator, values, torch.full((2000, 1), 150.0)) - values
    assert (added[:, :151] == 0).all()
    assert ((added[:, 151:] > 0).all(1) | (added[:, 151:] < 0).all(1)).all()
    assert 0.8 < (added[:, -1] > 0).float().mean() < 0.87  # five in six
    rise = added[:, -1].abs() / 50 / values[0, 150:].diff().abs().mean()  # in mean steps a step, up to the bend
    assert 0.5 < rise.median() < 0.7


def test_a_compounding_series_is_the_exponential_of_a_line_and_the_values_or_a_walk():
    """Catches growth on the scale of what lies before the window, and rates that no economy has."""
    generator = torch.Generator().manual_seed(0)
    values = torch.sin(torch.arange(200.0)).expand(2000, -1).clone()
    values[:, :150] *= 1000.0
    made = compounding(generator, values, torch.full((2000, 1), 150.0)).double().log()[:, 150:]
    time = torch.arange(50.0, dtype=torch.float64)
    known = torch.stack([torch.ones(50), time, values[0, 150:]], dim=1).double()
    found = torch.linalg.lstsq(known, made.T).solution
    exact = (made.T - known @ found).abs().amax(0) < 1e-4
    assert 0.63 < exact.double().mean() < 0.71  # two thirds
    slope, size = found[1, exact], found[2, exact] * values[0, 150:].std(correction=0)
    assert 0.83 < (slope > 0).double().mean() < 0.88  # six of seven rise
    assert slope.abs().max() <= 0.1501
    assert slope.abs().min() > 0.0029  # 0.15 over 50 steps
    assert size.min() > 0.0099
    assert size.max() < 0.601
    assert 0.06 < size.median() < 0.1  # log-uniform: the root of 0.01 times 0.6


def test_what_rests_on_its_least_value_a_quarter_of_the_time_is_distinguished_from_what_does_not():
    sales = torch.tensor([[0.0, 2, 0, 1], [-1, 3, 2, 4], [5, 5, 5, 5], [4, 4, 4, 1]])
    assert resting(sales)[:, 0].tolist() == [True, True, True, True]
    assert not resting(torch.arange(5.0)[None]).any()
    assert not resting(torch.tensor([[3.0, 1, 3, 3, 3]])).any()  # at its most, as what is sold out: a rise may follow
