"""Seasonal profiles: exact cycles, known variances, chance, gaps, and their unit."""

import numpy as np
import pytest

from segue.forecasting.nanotst.profiles import CERTAIN, Profile, Rest, agreement, mean_cycle, shown, without_profiles


def rest_of(values: np.ndarray, horizon: int = 50) -> Rest:
    return Rest(np.asarray(values, dtype=np.float64), np.zeros(horizon))


def test_an_exact_cycle_is_removed_whole_and_goes_on_ahead():
    shape = np.random.default_rng(0).normal(size=24)
    values = np.resize(shape, 24 * 9 + 5)  # the last value is at phase 4
    rest = without_profiles(rest_of(values), [24.0], [24.0])
    assert np.ptp(rest.values) < 1e-12
    level = rest.values[-1]
    np.testing.assert_allclose(level + rest.ahead, np.resize(np.roll(shape, -5), 50), atol=1e-12)


def test_the_profile_is_shrunk_by_what_chance_explains():
    """By the two variances of an analysis of variance, computed by hand on a table of cycles that have no trend."""
    random = np.random.default_rng(1)
    table = np.sin(2 * np.pi * np.arange(8) / 8) + random.normal(size=(12, 8))
    table -= table.mean(1, keepdims=True)  # all cycles have the same level
    values = table.ravel()
    level = np.full(96, np.nan)
    level[4:93] = np.convolve(values, np.ones(8) / 8, "valid")
    level[:4] = level[4] + (level[12] - level[4]) / 8 * np.arange(-4, 0)
    level[92:] = level[92] + (level[92] - level[84]) / 8 * np.arange(4)
    deviation = (values - level).reshape(12, 8)
    mean = deviation.mean(0)
    chance = ((deviation - mean) ** 2).sum() / (8 * 11)
    signal = 12 * ((mean - mean.mean()) ** 2).sum() / 7
    profile = mean_cycle(values, 8.0, 8, 1, 0.0)
    assert profile is not None
    ahead = (1 - chance / signal) * (mean - mean.mean())
    np.testing.assert_allclose(profile.at(np.arange(1, 9)), ahead, atol=1e-12)


def test_a_year_of_a_fractional_number_of_days_keeps_its_phase():
    time = np.arange(365 * 7)
    year = np.sin(2 * np.pi * time / 365.25)
    rest = without_profiles(rest_of(year, 365), [365.25], [7.0, 365.25], CERTAIN)
    future = np.sin(2 * np.pi * (len(time) + np.arange(365)) / 365.25)
    level = rest.values[-1]
    assert np.abs(rest.ahead + level - future).max() < 0.03
    assert rest.values.std() < 0.02


def test_a_day_of_every_year_is_removed_from_a_year_that_has_weeks():
    """As holidays: the smooth shape of 52 weeks does not show it, the single days do."""
    random, time = np.random.default_rng(2), np.arange(365 * 7)
    values = np.resize([0, 0, 0, 0, 0, 3, 3], len(time)) + 0.3 * random.normal(size=len(time))
    values[100::365] -= 6.0
    rest = without_profiles(rest_of(values, 365), [7.0, 365.0], [7.0, 365.0])
    ahead = rest.ahead - np.resize(np.median(rest.ahead[: 52 * 7].reshape(52, 7), axis=0), 365)
    assert ahead.argmin() == 100
    assert ahead.min() < -4
    assert np.abs(rest.values).max() < 3


@pytest.mark.parametrize(("certain", "most"), [(0.0, 110), (CERTAIN, 20)])
def test_noise_has_a_profile_as_often_as_chance_allows(certain, most):
    """Of 6,000 such series 6.5 % have one at two standard errors, and 52 % at none: two deviations more are allowed."""
    random = np.random.default_rng(3)
    found = [mean_cycle(random.normal(size=500), 20.0, 20, 1, certain) for _ in range(200)]
    kept = [profile for profile in found if profile is not None]
    assert len(kept) <= most
    assert max(np.abs(profile.means).max() for profile in kept) < 0.6  # 25 cycles: a mean has an error of .2


def test_a_random_walk_rarely_has_a_year():
    random = np.random.default_rng(4)
    walks = random.normal(size=(100, 2500)).cumsum(1)
    had = sum(mean_cycle(walk, 365.25, 52, 7, CERTAIN) is not None for walk in walks)
    assert had <= 8


def test_a_season_needs_two_cycles_and_each_of_its_phases_two_values():
    time = np.arange(47)
    values = np.sin(2 * np.pi * time / 24)
    assert not shown(24.0, 47)
    assert shown(24.0, 48)
    assert without_profiles(rest_of(values), [24.0], [24.0]).values is not None
    assert (without_profiles(rest_of(values), [24.0], [24.0]).ahead == 0).all()
    longer = np.resize(np.arange(24.0), 240)
    longer[3::24] = np.nan
    longer[3] = 3.0  # one value at this phase
    assert mean_cycle(longer, 24.0, 24, 1, 0.0) is None


@pytest.mark.parametrize("period", [52.18, 23.93, 30.44])
def test_a_fractional_period_is_in_phase(period):
    """Half a step off, the error of these was .06 to .13."""
    sine = np.sin(2 * np.pi * np.arange(-2591, 200) / period)
    profile = mean_cycle(sine[:2592], period, round(period), 1, 0.0)
    assert profile is not None
    assert np.abs(profile.at(np.arange(1, 200)) - sine[2592:]).max() < 0.025


def test_a_trend_does_not_leak_into_a_season():
    """A level that is flat at both ends makes a saw tooth of it, which jumps by a third of a year's trend."""
    time = np.arange(365 * 3 + 60)
    year = np.sin(2 * np.pi * time / 365.25)
    flat, rising = (without_profiles(rest_of(part, 60), [365.25], [365.25]) for part in (year, year + 0.01 * time))
    np.testing.assert_allclose(rising.ahead, flat.ahead, atol=0.02)


def test_a_profile_is_agreed_with_as_far_as_the_last_values_still_have_it():
    random = np.random.default_rng(8)
    season = np.resize(3 * np.sin(2 * np.pi * np.arange(24) / 24), 48)
    noise = random.normal(size=48)
    assert agreement(season + noise, noise) == 1.0
    assert agreement(np.zeros(48), -season) == 0.0  # the series has stopped
    assert agreement(noise, noise) == 1.0
    assert agreement(noise, noise - season) < 0.2
    assert agreement(0.5 * np.arange(48) + season, 0.5 * np.arange(48) + 0.0 * season) == 1.0  # a trend is no season
    assert agreement(np.full(48, np.nan), np.full(48, np.nan)) == 1.0


def test_gaps_change_an_exact_cycle_by_nothing_where_each_phase_is_seen():
    values = np.resize(np.random.default_rng(5).normal(size=12), 12 * 40)
    gappy = values.copy()
    gappy[np.random.default_rng(6).random(len(values)) < 0.2] = np.nan
    whole, part = (mean_cycle(given, 12.0, 12, 1, 0.0) for given in (values, gappy))
    assert whole is not None
    assert part is not None
    np.testing.assert_allclose(part.means, whole.means, atol=0.2)  # the level of a cycle with gaps moves


def test_profiles_follow_scale_and_level():
    random = np.random.default_rng(7)
    values = np.resize(random.normal(size=24), 600) + random.normal(size=600)
    given, other = (without_profiles(rest_of(part), [24.0, 168.0], [24.0, 168.0]) for part in (values, 3 * values - 7))
    np.testing.assert_allclose(other.ahead, 3 * given.ahead, atol=1e-12)
    np.testing.assert_allclose(other.values, 3 * given.values - 7, atol=1e-12)


def test_a_profile_lies_between_its_phases_on_straight_lines():
    profile = Profile(8.0, np.array([0.0, 2.0, 0.0, -2.0]))
    np.testing.assert_allclose(profile.at(np.arange(9)), [0, 1, 2, 1, 0, -1, -2, -1, 0])
    np.testing.assert_allclose(profile.at(np.arange(-4, 0)), [0, -1, -2, -1])
