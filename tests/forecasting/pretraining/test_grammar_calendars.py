"""Hourly and monthly productions: weeks that return exactly, true dates, levels that scale seasons."""

import math
from datetime import date

import pytest
import torch
from dateutil.easter import easter as dateutil_easter
from torch import Generator

from segue.forecasting.pretraining.grammar import hourly, tourism, weather


@pytest.fixture
def generator():
    return Generator().manual_seed(0)


@pytest.mark.parametrize("slots", [24, 48, 144, 288])
def test_a_week_laid_out_returns_exactly_and_has_seven_days(generator, slots):
    # catches a week that slides by a step because phases are rounded anew each time
    steps = torch.arange(15.0 * slots)[None].expand(20, -1)
    laid = hourly.lay_out(hourly.activity(generator, 20), torch.full((20, 1), float(slots)), steps)
    assert torch.equal(laid[:, 7 * slots :], laid[:, : -7 * slots])
    assert not torch.equal(laid[:, slots:], laid[:, :-slots])


def test_blurring_a_week_is_circular_and_keeps_its_mean(generator):
    week = torch.zeros(1, 7, 512)
    week[0, 0, 0] = 1.0  # Monday at midnight: half of the bell belongs to Sunday evening
    soft = hourly.blur(week, torch.tensor([[1.0]]))
    assert soft.sum().item() == pytest.approx(1, abs=1e-4)
    assert soft[0, 6].sum().item() == pytest.approx(0.5, abs=0.02)
    hour = torch.arange(-256, 256) * 24 / 512
    around = torch.cat([soft[0, 6, 256:], soft[0, 0, :256]])
    assert (around * hour.square()).sum().sqrt().item() == pytest.approx(1, rel=0.02)


def test_an_exact_week_is_predicted_by_last_weeks_value(generator):
    # the production that teaches 24 and 168 together: a drift or a noise that hides the week would show here
    values = hourly.exact_week(generator, 300, 1176).values
    deviation = values.std(1)
    best = torch.stack([(values[:, 7 * s :] - values[:, : -7 * s]).abs().mean(1) for s in (24, 48, 96, 144, 12)])
    assert (best.amin(0) / deviation).median() < 0.12


def test_daylight_is_exactly_dark_at_night_and_weather_never_is(generator):
    drawn = hourly.climate(generator, 400, 500).values
    dark = (drawn == 0).float().mean(1)
    assert 0.1 < (dark > 0.1).float().mean() < 0.25
    assert torch.all((drawn >= 0).all(1) | (dark == 0))


def test_traffic_has_its_peaks_at_the_hours_of_work(generator):
    week = hourly.rush_hours(generator, 200)
    morning, night = int(8 / 24 * 512), int(3 / 24 * 512)
    assert (week[:, :5, morning] > 2 * week[:, :5, night]).float().mean() > 0.95
    assert week[:, 5:, morning].mean() < 0.6 * week[:, :5, morning].mean()


def test_a_burst_fades_by_a_constant_factor(generator):
    surge = hourly.bursts(generator, 50, 600)
    factor = surge[:, 1:] / surge[:, :-1].clamp(min=1e-9)
    falling = (surge[:, :-1] > 1e-3) & (factor < 1)
    for row in range(50):
        if falling[row].sum() > 20:
            kept = factor[row][falling[row]]
            assert (kept - kept.median()).abs().median() < 1e-4
    assert surge.min() >= 0


def test_easter_is_the_calendars():
    years = torch.arange(1900, 2100)
    for year, days in zip(years.tolist(), tourism.easter(years).tolist(), strict=True):
        assert (dateutil_easter(year) - date(year, 3, 22)).days == days


def test_the_journey_of_easter_is_shared_by_march_and_april():
    # 2008: 23 March, all in March; 2011: 24 April, all in April; 2013: 31 March with its week before it
    assert tourism.easter_share(torch.tensor([[2008, 2011, 2013]])).tolist() == [[1.0, 0.0, 0.875]]


def test_months_follow_one_another_and_years_turn_in_january(generator):
    month, year = tourism.months(generator, 30, 100)
    assert torch.equal(month[:, 1:], (month[:, :-1] + 1) % 12)
    assert torch.equal(year.diff(dim=1), (month[:, 1:] == 0).long())
    assert year[:, -1].min() >= 1970


def test_seasons_of_tourism_grow_with_the_level(generator):
    values = tourism.quarterly(generator, 400, 240).values.unfold(1, 20, 20)
    level, swing = values.mean(2).log(), values.std(2).log()
    together = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(level, swing, strict=True)])
    assert together.median() > 0.6
    assert values.min() > 0


def test_weather_has_the_memory_of_its_fronts(generator):
    # catches a day's weather that forgets at once, or that never ends
    drawn = weather.fronts(generator, 4000, 60, torch.full((4000, 1), 4.0))
    for begin, days in ((0, 1), (0, 4), (40, 8)):
        measured = (drawn[:, begin] * drawn[:, begin + days]).mean().item()
        assert measured == pytest.approx(math.exp(-days / 4), abs=0.06)


def test_a_load_is_the_response_to_its_temperature(generator):
    # hinges and parabolas turn upwards only; in 0.3 x 0.3 of the series there is neither heating nor cooling
    drawn = weather.response(generator, torch.linspace(-3, 3, 301, dtype=torch.float64).expand(2000, -1))
    assert drawn.min() == 0
    assert drawn.diff(dim=1, n=2).min() >= -1e-9
    assert (drawn == 0).all(1).float().mean().item() == pytest.approx(0.09, abs=0.03)


def test_level_and_amplitude_of_a_load_move_together(generator):
    days = weather.weather_load(generator, 400, 1152)
    hourly_days = days.values[days.periods[:, 0] == 24].unfold(1, 168, 24)
    level, swing = hourly_days.mean(2), hourly_days.std(2)
    pairs = zip(level, swing, strict=True)
    together = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in pairs])
    assert together.median() > 0.3
