"""Seasons that the user gives, and those that rows show where their times suggest none."""

import numpy as np
import pandas as pd
import pytest

from segue.errors import UserError
from segue.forecasting.table.grid.seasons import season_in
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame


def wave(period, length, noise=0.3, seed=0, series=1):
    rng = np.random.default_rng(seed)
    pattern = rng.normal(size=period)[np.arange(length) % period]
    return 50 + 0.02 * np.arange(length) + pattern / pattern.std() + noise * rng.normal(size=(series, length))


def found(values):
    return season_in(values, np.ones(values.shape, dtype=bool))


@pytest.mark.parametrize(("period", "length"), [(4, 100), (7, 100), (12, 150), (24, 240), (96, 1000), (168, 1000)])
def test_a_season_is_found_in_integer_times(period, length):
    frame = pd.DataFrame({"ds": np.arange(5, 5 + length), "y": wave(period, length)[0]})
    panel = read_frame(frame, Layout()).panel
    assert (panel.season, panel.seasons.tolist()) == (period, [[period]])
    gaps = read_frame(frame.drop(index=range(17, length, 17)), Layout()).panel
    assert gaps.season == period


def test_many_short_series_show_what_one_does_not():
    assert found(wave(4, 40, 1.0, series=1)) == ()
    assert found(wave(4, 40, 1.0, series=60)) == (4.0,)
    assert found(np.repeat(wave(4, 40, 1.0), 60, axis=0)) == ()  # sixty copies are one series


@pytest.mark.parametrize("length", [30, 100, 400])
def test_series_without_a_season_have_none(length):
    rng = np.random.default_rng(length)
    noise = rng.normal(size=(200, 1, length))
    growth = np.exp(0.03 * np.arange(length)) * (1 + 0.1 * noise)
    for values in (noise, noise.cumsum(2), noise + 0.1 * np.arange(length), growth, np.abs(noise) > 1):
        assert sum(found(each.astype(float)) != () for each in values) <= 2


def test_odd_values_have_no_season():
    for values in (np.zeros((1, 50)), np.zeros((3, 1)), np.full((1, 50), 1e300), np.eye(50)[:1], np.zeros((0, 0))):
        assert found(values) == ()
    assert season_in(np.ones((2, 50)), np.zeros((2, 50), dtype=bool)) == ()


@pytest.mark.parametrize(
    ("season", "seasons", "scale"),
    [(24.0, [24], 24), ([24.0, 168.0], [24, 168], 24), (52.18, [52.18], 52), (1.0, [], 1), ((), [], 1)],
)
def test_a_given_season_replaces_those_of_the_calendar(season, seasons, scale):
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=9), "y": np.arange(9.0)})
    panel = read_frame(frame, Layout(season=season)).panel
    assert (panel.seasons.tolist(), panel.season) == ([seasons], scale)


@pytest.mark.parametrize("season", [0.0, -7.0, float("nan"), float("inf"), [7.0, 7.0], 1e10])
def test_what_is_no_season_is_refused(season):
    frame = pd.DataFrame({"ds": [1, 2], "y": [1.0, 2.0]})
    with pytest.raises(UserError, match="^season "):
        read_frame(frame, Layout(season=season))
