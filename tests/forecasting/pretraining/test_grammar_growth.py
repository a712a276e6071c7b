"""Smooth growth and years of days against known answers: curves, heights that follow the level, dates that recur."""

import pytest
import torch
from torch import Generator

from segue.forecasting.pretraining.grammar import days, expansion
from segue.forecasting.pretraining.grammar.dates import Dates, days_from, holidays


@pytest.fixture
def generator():
    return Generator().manual_seed(0)


def test_growth_curves_are_positive_smooth_and_end_at_one(generator):
    level = expansion.growth_curve(generator, 2000, 300)
    assert level.min() > 0
    assert torch.equal(level[:, -1], torch.ones(2000))
    assert ((level[:, -1] > level[:, -25]).float().mean() > 0.7).item()
    step = level.log().diff(dim=1).abs()  # a curve without noise: each step resembles the one before it
    assert (step.diff(dim=1).abs().mean(1) < 0.15 * step.mean(1)).float().mean() > 0.8


def test_the_season_of_growth_has_its_period_and_little_noise(generator):
    made = expansion.smooth_growth(generator, 400, 240)
    for period in (4, 12):
        values = made.values[made.periods[:, 0] == period][:, -8 * period :]
        smooth = values.unfold(1, period + 1, 1)
        level = (smooth.sum(2) - 0.5 * (smooth[..., 0] + smooth[..., -1])) / period
        season = values[:, period // 2 : -(period // 2)] - level
        copy = (season[:, period:] - season[:, :-period]).abs().mean(1)
        half = (season[:, period // 2 :] - season[:, : -(period // 2)]).abs().mean(1)
        assert (copy < 0.5 * half).float().mean() > 0.75


def test_dates_are_consecutive_days_of_one_calendar(generator):
    # 25 December is day 359 of a year, 360 of a leap year; Easter returns on another date
    dates = days_from(generator, 50, 900)
    assert torch.equal(dates.number.diff(dim=1), torch.ones(50, 899).long())
    assert torch.equal(dates.weekday, (dates.number + 3) % 7)
    turns = dates.of_year.diff(dim=1)
    assert set(turns.unique().tolist()) == {1, -364, -365}
    easter_days = dates.from_easter == 0
    assert set(dates.weekday[easter_days].tolist()) == {6}
    assert dates.of_year[easter_days].min() >= 81


def test_a_fixed_holiday_returns_on_its_date_every_year(generator):
    dates = days_from(generator, 1, 4000)
    never = Dates(dates.number, dates.weekday, dates.of_month, dates.of_year, torch.full_like(dates.number, 399))
    never = Dates(*(getattr(never, name).expand(200, -1) for name in vars(never)))
    effect = holidays(generator, 200, never)
    assert effect.abs().max() > 0.5
    for number in (1, 100, 200, 359):
        on_day = effect[:, dates.of_year[0] == number]
        assert torch.equal(on_day, on_day[:, :1].expand_as(on_day))


def test_years_of_days_repeat_after_a_year_of_weeks(generator):
    # 364 days later the weekday is the same and the season nearly: closer than half a year and three days later
    made = days.daily_year(generator, 300, 1500)
    assert set(made.periods.unique().tolist()) == {7, 365.25}
    level = made.values - made.values.unfold(1, 365, 1).mean(2).mean(1, keepdim=True)
    copy, other = ((level[:, lag:] - level[:, :-lag]).abs().mean(1) for lag in (364, 185))
    assert (copy < other).float().mean() > 0.75
