"""Cycles against known answers: exact repetition, reported periods that are the true ones, noise as large as drawn."""

import pytest
import torch
from torch import Generator

from segue.forecasting.pretraining.grammar import PRODUCTIONS, Grammar, cycles
from segue.forecasting.pretraining.grammar.combinators import Drawn, choose_drawn, drawn
from segue.forecasting.pretraining.grammar.draws import normal
from segue.forecasting.pretraining.grammar.seasons import PHASES, polygon, repeat, waveform


@pytest.fixture
def generator():
    return Generator().manual_seed(0)


def correlation(values, lag):
    """The autocorrelation of each series at a lag, after the removal of a line, which would hide a cycle."""
    time = torch.linspace(-1, 1, values.shape[1], dtype=torch.float64)[None]
    wide = values.double() - values.double().mean(1, keepdim=True)
    wide = wide - time * (wide * time).mean(1, keepdim=True) / time.square().mean()
    return (wide[:, lag:] * wide[:, : -lag or None]).mean(1) / wide.square().mean(1)


def test_a_cycle_without_drift_and_noise_repeats_exactly_with_its_period(generator, monkeypatch):
    # catches a period that is reported but not drawn, and a phase that slides
    monkeypatch.setattr(cycles, "gentle_level", lambda *_: torch.zeros(1, 1))
    monkeypatch.setattr(cycles, "noise_around", lambda *_: torch.zeros(1, 1))
    monkeypatch.setattr(cycles, "drifting_cycle", lambda _, cycle, position: position * torch.nan)
    made = cycles.cycles(generator, 400, 1200)
    checked = 0
    for values, (main, other) in zip(made.values, made.periods.tolist(), strict=True):
        if values.isfinite().all() and main == round(main) and other == 0:
            period = round(main)
            assert torch.equal(values[period:], values[:-period])
            assert not torch.equal(values[1:], values[:-1])
            checked += 1
    assert checked > 60


def test_a_drifting_cycle_without_its_walks_is_the_plain_one(generator, monkeypatch):
    monkeypatch.setattr(cycles, "walks", lambda _, count, number, *__: torch.zeros(count, number))
    cycle, period = waveform(generator, 20), torch.full((20, 1), 36.0)
    position = torch.arange(200.0) / period
    plain = repeat(cycle, period, torch.zeros(20, 1), 200)
    assert torch.allclose(cycles.drifting_cycle(generator, cycle, position), plain, atol=2e-3 * PHASES / 36)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_noise_is_the_drawn_share_of_the_deviation_of_the_wave(generator, share):
    wave = 3 * repeat(waveform(generator, 600), torch.full((600, 1), 96.0), torch.zeros(600, 1), 960)
    noise = cycles.noise_around(generator, wave, torch.full((600, 1), share))
    measured = noise.square().mean(1).sqrt() / wave.std(1)
    assert measured.square().mean().sqrt().item() == pytest.approx(share, rel=0.1)
    assert measured.median().item() == pytest.approx(share, rel=0.05)


def test_half_of_the_cycles_have_noise_between_2_and_12_percent(generator):
    share = cycles.noise_share(generator, 20_000)
    assert ((share > 0.02) & (share < 0.12)).float().mean().item() == pytest.approx(0.5, abs=0.015)
    assert share.min() >= 0.0019
    assert share.max() <= 0.301


def test_the_reported_period_is_where_the_autocorrelation_peaks(generator):
    made = cycles.cycles(generator, 300, 2000)
    better = []
    for values, (main, other) in zip(made.values, made.periods.tolist(), strict=True):
        if main == round(main) and other == 0:
            period = round(main)
            around = [correlation(values[None], lag).item() for lag in (period // 2, period, period + period // 2)]
            better.append(around[1] > max(around[0], around[2]))
    assert sum(better) / len(better) > 0.9


def test_half_of_the_teeth_rise_or_fall_at_once_and_squares_never_shrink_to_spikes(generator):
    cycle = polygon(generator, 4000, PHASES)
    unit = (cycle - cycle.amin(1, keepdim=True)) / (cycle.amax(1, keepdim=True) - cycle.amin(1, keepdim=True))
    high = (unit > 0.999).double().mean(1)
    square = ((unit < 0.001) | (unit > 0.999)).all(1)
    steepest = (unit - unit.roll(1, 1)).abs().amax(1)[~square]
    assert abs(square.double().mean() - 0.3) < 0.03
    assert ((high[square] > 0.09) & (high[square] < 0.91)).all()
    assert abs((steepest > 0.99).double().mean() - 0.5) < 0.04
    assert ((steepest > 0.99) | (steepest < 0.03)).all()  # the others take a tenth of the cycle, or more


SEASONAL = {"cycles": 0.95, "calendar": 0.95, "exact_week": 0.95, "weather_load": 0.95, "traffic": 0.95,
            "visits": 0.95, "climate": 0.95, "multiplicative": 0.95, "tourism": 0.95, "smooth_growth": 0.95,
            "daily_year": 0.7, "dated_weeks": 0.8, "wave": 0.9, "growth": 0.9, "decomposition": 0.85,
            "dated_days": 0.65, "diffusion": 0.85, "smoothing": 0.9, "sarima": 0.6, "counts": 0.8}  # fmt: skip
"""The least share of series that repeat better after the reported period than a third earlier and later.

In some series the season is weak or has no height: a third of the dated days, for instance, have no week.
"""


@pytest.mark.parametrize("name", SEASONAL)
def test_series_repeat_at_the_reported_period(name, generator):
    # catches a period in days where steps are due, and one that belongs to another series of the batch
    made = PRODUCTIONS[name](generator, 900, 1000)  # of 300, the share had a standard error of .025
    better = []
    for values, main in zip(made.values, made.periods[:, 0].tolist(), strict=True):
        lags = (round(0.63 * main), round(main), round(1.37 * main))
        if main and lags[2] < 500:
            end = len(values)
            early, right, late = ((values[lags[2] :] - values[lags[2] - k : end - k]).abs().mean().item() for k in lags)
            better.append(2 * right < early + late)
    assert len(better) > 300
    assert sum(better) / len(better) > SEASONAL[name]


def test_long_series_are_drawn_as_short_ones_are():
    values, production, periods = Grammar().sample(Generator().manual_seed(5), 64, 8392)
    assert values.shape == (64, 8392)
    assert values.isfinite().all()
    assert len(set(production.tolist())) > 15
    assert periods.isfinite().all()


def test_periods_travel_through_choices_and_to_the_sample(generator):
    def seasonal(_, count, length):
        return drawn(torch.ones(count, length), torch.full((count, 1), 12.0), torch.full((count, 1), 365.25))

    def plain(source, count, length):
        return normal(source, count, length)

    made, member = choose_drawn(generator, 100, 9, [seasonal, plain], [1, 1])
    assert torch.equal(
        made.periods[member == 0], torch.tensor([[12, 365.25]]).double().expand(int((member == 0).sum()), 2)
    )
    assert torch.equal(made.periods[member == 1], torch.zeros(int((member == 1).sum()), 2).double())
    names = list(PRODUCTIONS)
    values, production, periods = Grammar({"tourism": 1, "random_walk": 1}).sample(generator, 60, 40)
    assert periods.dtype == torch.float64
    assert periods.shape == (60, 2)
    assert set(periods[production == names.index("tourism"), 0].tolist()) == {4, 12}
    assert periods[production == names.index("random_walk")].abs().max() == 0
    assert values.shape == (60, 40)


def test_a_lone_period_comes_first_and_none_is_zero():
    made = drawn(torch.zeros(3, 8), torch.tensor([[1.0], [0], [7]]), torch.tensor([[24.0], [1], [0]]))
    assert isinstance(made, Drawn)
    assert made.periods.tolist() == [[24, 0], [0, 0], [7, 0]]
