"""Seasons in a lane's past: found where they are, exact where they repeat, and following the unit of the series."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from segue.forecast.seasonality import average_with_adjusted, find_periods, find_seasons, repeat_cycle
from test_nanotst import TINY, build, everything


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def find_period(values: np.ndarray) -> int:
    return int(find_periods(torch.from_numpy(values)[None], torch.tensor([0])))


@pytest.mark.parametrize("period", [4, 7, 12, 24])
def test_a_period_is_found_under_noise_and_a_trend(period):
    time = np.arange(8 * period)
    shape = noise(period, seed=period)
    assert find_period(np.resize(shape, len(time)) + 0.3 * time + 0.2 * noise(len(time))) == period


def test_a_week_of_days_is_found_where_weekends_differ_and_a_day_where_they_do_not():
    day, time = np.sin(2 * np.pi * np.arange(24) / 24), np.arange(6 * 168)
    same = np.resize(day, len(time))
    weekend = np.where(time // 24 % 7 >= 5, 0.3, 1.0) * same
    assert find_period(same + 0.05 * noise(len(time))) == 24
    assert find_period(weekend + 0.02 * noise(len(time))) == 168


@pytest.mark.parametrize("values", [noise(300), noise(300).cumsum(), np.arange(50.0), np.ones(50), np.ones(1)])
def test_no_period_is_found_where_there_is_none(values):
    assert find_period(values) == 0


def test_two_cycles_are_too_few():
    shape = noise(20)
    assert find_period(np.resize(shape, 45)) == 0
    assert find_period(np.resize(shape, 70)) == 20


def test_the_profile_of_an_exact_season_on_a_line_is_that_season():
    shape = noise(12) - noise(12).mean()
    values = np.resize(shape, 60) + 0.7 * np.arange(60) + 5.0
    lanes = torch.from_numpy(np.stack([values, np.pad(values[:-5], (5, 0))]))  # the second begins later
    parts = repeat_cycle(lanes, torch.tensor([0, 5]), torch.tensor([12, 12]), 9).numpy()
    np.testing.assert_allclose(parts[0], np.resize(shape, 69), atol=1e-12)
    np.testing.assert_allclose(parts[1], np.resize(np.roll(shape, 5), 69), atol=1e-12)


def season_of_one_lane(values: np.ndarray, observed: np.ndarray, horizon: int) -> np.ndarray:
    """`find_seasons` as its definitions read, one lane and one cycle after another."""
    season, seen = np.zeros(len(values) + horizon), np.flatnonzero(observed)
    if not len(seen):
        return season
    rest = np.interp(np.arange(seen[0], len(values)), seen, values[seen])
    for _ in range(2):
        steps = np.diff(rest)
        if len(rest) < 6 or np.ptp(steps) == 0:
            break
        steps = steps - steps.mean()
        likeness = np.array(
            [steps[lag:] @ steps[: len(steps) - lag] / (len(steps) - lag) for lag in range(len(rest) // 3 + 2)]
        )
        likeness /= likeness[0]
        peaks = [k for k in range(2, len(rest) // 3 + 1) if likeness[k - 1] < likeness[k] >= likeness[k + 1]]
        least = max(0.3, likeness[2:-1].max() - 0.05)
        period = next((k for k in peaks if likeness[k] >= least), None)
        if period is None:
            break
        cycles = rest[len(rest) % period :].reshape(-1, period)
        drift = np.diff(cycles.mean(1), prepend=2 * cycles[0].mean() - cycles[1].mean()) / period
        free = cycles - cycles.mean(1)[:, None] - np.outer(drift, np.arange(period) - (period - 1) / 2)
        profile = np.average(free, axis=0, weights=0.7 ** np.arange(len(cycles))[::-1])
        part = (profile - profile.mean())[(np.arange(len(season)) - len(values)) % period]
        rest, season = rest - part[seen[0] : len(values)], season + part
    return season


@pytest.mark.parametrize("time", [1, 5, 6, 7, 40, 129])
def test_all_lanes_at_once_are_each_by_itself(time):
    """Catches what leaks from lane to lane: another's beginning, period or number of cycles, its gaps, its padding."""
    random = np.random.default_rng(time)
    periods, levels = random.integers(2, 15, size=(2, 60, 1)), random.normal(size=(60, 1))
    day = np.arange(time)
    values = np.sin(2 * np.pi * day / periods[0]) + np.sin(2 * np.pi * day / (3 * periods[1])) + 0.1 * levels * day
    values += 0.3 * random.normal(size=(60, time))
    observed = (random.random(size=(60, time)) > 0.1) & (day >= random.integers(0, time, size=(60, 1)) // 2)
    observed[0], observed[1] = False, True
    together = find_seasons(torch.from_numpy(values), torch.from_numpy(observed), 20).numpy()
    alone = np.stack([season_of_one_lane(v, o, 20) for v, o in zip(values, observed, strict=True)])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-10)
    assert time < 40 or (together != 0).any(1).sum() > 20, "many lanes have a season to find"


def last_value(values: torch.Tensor, observed: torch.Tensor, horizon: int) -> torch.Tensor:
    return values[:, -1:, None].expand(-1, horizon, 3)


def test_what_repeats_exactly_is_continued_exactly_whoever_forecasts_the_rest():
    # the naive forecast knows no season at all; adjusted, it is the seasonal one
    shape = torch.tensor([3.0, -1.0, 2.0, -4.0], dtype=torch.float64)
    values = shape.repeat(10)[None] + 7.0
    forecast = average_with_adjusted(last_value, values, everything(values), 6, weight=1.0)
    torch.testing.assert_close(forecast[0, :, 1], shape.repeat(2)[:6] + 7.0, rtol=0, atol=1e-12)
    plain = average_with_adjusted(last_value, values, everything(values), 6, weight=0.0)
    half = average_with_adjusted(last_value, values, everything(values), 6, weight=0.5)
    torch.testing.assert_close(half, (forecast + plain) / 2, rtol=0, atol=1e-12)


def test_a_lane_without_a_season_is_left_alone():
    values = torch.stack([torch.from_numpy(noise(80).cumsum()), torch.tensor([1.0, 5.0, 2.0, 8.0]).double().repeat(20)])
    forecast = average_with_adjusted(last_value, values, everything(values), 4, weight=1.0)
    assert torch.equal(forecast[0], last_value(values, everything(values), 4)[0])
    assert not torch.equal(forecast[1], last_value(values, everything(values), 4)[1])


def test_the_laws_hold_with_adjustment():
    model = build(replace(TINY, adjusted=0.5))
    time = torch.arange(64, dtype=torch.float64)
    walk = torch.randn(3, 64, generator=torch.Generator().manual_seed(1), dtype=torch.float64).cumsum(1)
    values = walk + 5 * torch.sin(2 * torch.pi * time / torch.tensor([[8.0], [12.0], [1e9]]))
    observed = everything(values)
    observed[0, 20:23] = observed[1, :9] = observed[2, 60:] = False
    together = model.predict(values, observed, 20).quantiles
    moved = model.predict(3.7 * values - 250.0, observed, 20).quantiles
    torch.testing.assert_close(moved, 3.7 * together - 250.0, rtol=0, atol=1e-10)
    for lane in range(3):
        alone = model.predict(values[lane : lane + 1], observed[lane : lane + 1], 20).quantiles[0]
        torch.testing.assert_close(together[lane], alone, rtol=0, atol=1e-10)
    short = model.predict(values[1:2, 9:], observed[1:2, 9:], 20).quantiles[0]
    torch.testing.assert_close(together[1], short, rtol=0, atol=1e-10)
    plain = build(TINY).predict(values, observed, 20).quantiles
    assert (together[:2] - plain[:2]).abs().amax((1, 2)).min() > 0.1, "the first two lanes have a season"
