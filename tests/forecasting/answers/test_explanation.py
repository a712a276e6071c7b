"""Explanations: exact sums, known parts, and words."""

import numpy as np
import pandas as pd
import pytest

from segue import LEVELS, Forecast, History, SeasonalNaive, UserError, explain, forecast, plot_explanation
from segue.forecasting.answers.attribution import attribute_past, stretches
from segue.forecasting.answers.components import components


class Linear:
    """The mean of the last `window` values plus half of what the last value was above it."""

    name, context, fingerprint = "Linear", 500, "linear"

    def __init__(self, window=10):
        self.window = window

    def predict(self, history, horizon):
        mean = history.values[:, -self.window :].mean(1)
        point = mean + 0.5 * (history.values[:, -1] - mean)
        return Forecast(point[:, None, None] + np.zeros((1, horizon, 1)) + np.array(LEVELS) - 0.5)


class Counts(Linear):
    """The same; callers move its quantiles to the counts that a series has."""

    keeps_support = True


def day(steps=24 * 20, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    time = np.arange(steps)
    values = 100 + 10 * np.sin(2 * np.pi * time / 24) + noise * rng.normal(size=steps)
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=steps, freq="h"), "y": values})


FRAMES = {
    "day": day(noise=1.0),
    "gaps": day(noise=1.0).drop(index=[5, 6, 100, 477]),
    "short": day().head(3),
    "constant": day().assign(y=7.0),
    "huge": day().assign(y=lambda f: 1e12 * f["y"]),
    "ends-with-gap": day(noise=1.0).assign(y=lambda f: f["y"].where(f.index != 470)),
}


@pytest.mark.parametrize("model", [Linear(), SeasonalNaive(24), "ar"], ids=["linear", "naive", "ar"])
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_contributions_add_up_to_the_median_that_forecast_gives(frame, model):
    reason = explain(frame, 30, model=model)
    median = forecast(frame, 30, model=model).iloc[:, 2 if "unique_id" in frame else -3].to_numpy()
    scale = max(1.0, np.abs(median).max())
    total = np.sum(list(reason.contributions.values()), axis=0)
    assert np.abs(total - reason.median).max() <= 1e-6 * scale
    assert (reason.median == median).all()
    assert np.abs(reason.stretches.sum(0) - reason.contributions["past"]).max() <= 1e-6 * scale
    assert np.abs(reason.contributions["not-attributed"]).max() <= 1e-6 * scale


def test_what_a_linear_forecaster_takes_from_each_stretch_is_its_weight_times_the_rest():
    values = np.random.default_rng(0).normal(size=100)
    parts = components(values, np.array([]), 5)
    bounds = stretches(100, 10)
    history = History(values[None], np.ones((1, 100), bool), np.zeros((1, 0)))
    _, moved = attribute_past(Linear(), parts, history, None, bounds, 3)
    expected = np.zeros(len(bounds) - 1)
    expected[-1] = 0.5 * parts.rest[-10:].mean() + 0.5 * parts.rest[-1]
    assert np.allclose(moved, expected[:, None])


def test_a_clean_day_is_repeated_from_its_level_and_nothing_else_matters():
    reason = explain(day(), 24, model=SeasonalNaive(24))
    assert np.allclose(reason.contributions["level"], 100)
    assert np.allclose(reason.contributions["cycle-24"], day()["y"].to_numpy()[-24:] - 100)
    assert np.allclose(reason.contributions["past"], 0)
    assert str(reason) == "The forecast of y starts from a level of 100 and repeats the usual day (24 steps)."


def test_white_noise_has_no_cycle():
    for seed in range(20):
        values = np.random.default_rng(seed).normal(size=24 * 30)
        assert not components(values, np.array([24.0, 168.0]), 24).cycles


def test_components_add_up_to_the_past():
    values = day(noise=2.0)["y"].to_numpy()
    values[50:60] = np.nan
    parts = components(values, np.array([24.0]), 24)
    total = parts.level + sum(parts.cycles.values()) + parts.slow + parts.rest
    assert list(parts.cycles) == [24]
    assert np.allclose(total, values, equal_nan=True)


def test_the_stretch_that_moves_the_forecast_is_named():
    frame = day(noise=0.1)
    frame.loc[frame.index[-24:], "y"] += 30
    reason = explain(frame, 24, model=SeasonalNaive(24))
    assert np.abs(reason.stretches).mean(1).argmax() == len(reason.stretches) - 1
    assert "move" in str(reason)


def test_the_table_has_the_names_of_the_user_and_the_rounding_of_counts_is_not_attributed():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=200), "sold": rng.poisson(3.0, 200)})
    reason = explain(frame, 5, model=Counts())
    assert list(reason.table.columns)[-6:] == ["day", "Linear", "level", "trend", "past", "not-attributed"]
    assert (reason.median == np.round(reason.median)).all()
    assert np.abs(np.sum(list(reason.contributions.values()), axis=0) - reason.median).max() < 1e-9


def test_one_of_several_series_must_be_named():
    frame = pd.concat([day().assign(unique_id=name) for name in "ab"])
    with pytest.raises(UserError, match=r"id \(none\): name one of the 2 series: a, b"):
        explain(frame, 3, model="ar")
    with pytest.raises(UserError, match="id c: the table has no such series; it has a, b"):
        explain(frame, 3, id="c", model="ar")
    assert explain(frame, 3, id="b", model="ar").name == "b"


def test_the_explanation_of_a_series_is_the_same_alone_and_in_a_table():
    frame = pd.concat([day(noise=1, seed=k).assign(unique_id=name) for k, name in enumerate("ab")])
    alone = explain(frame[frame["unique_id"] == "b"], 3, model="ar")
    among = explain(frame, 3, id="b", model="ar")
    for key, part in alone.contributions.items():
        assert (part == among.contributions[key]).all()


def test_the_picture_has_a_bar_for_each_step_and_visible_part():
    reason = explain(day(noise=1.0), 12, model=SeasonalNaive(24))
    above, below = plot_explanation(reason).axes
    heights = np.array([[bar.get_height() for bar in bars] for bars in below.containers])
    assert heights.shape == (2, 12)  # the usual day and unusual past values; slow changes are too small to be seen
    assert below.get_legend_handles_labels()[1][1:] == ["usual day (24 steps)", "unusual past values"]
    np.testing.assert_allclose(heights.sum(0), reason.median - reason.contributions["level"], atol=0.1)
    assert len(above.lines) == 2
