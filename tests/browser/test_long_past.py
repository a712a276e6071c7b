"""Seasonal profiles and forecasts from a long past, beside the library in numpy: no onnxruntime-web is needed."""

import numpy as np
import pytest

from segue.forecasting.nanotst.long_past import forecast_quantiles, reach
from segue.forecasting.nanotst.profiles import CERTAIN, Rest, without_profiles
from segue.forecasting.nanotst.rollout import roll_out
from segue.forecasting.predictor import LEVELS, History
from tests.browser.conftest import in_node, needs_node

pytestmark = needs_node
HORIZON = 30


class Means:
    """A model without a graph: means of its past, and a width that grows; `MEANS` is the same."""

    pass_context, pass_steps = 720, 24

    def one_pass(self, history, steps):
        last, mean = history.values[:, -1], history.values.sum(1) / history.observed.sum(1)
        ahead = np.arange(1, steps + 1)
        middle = (0.6 * last + 0.4 * mean)[:, None] + 1e-3 * history.seasons.sum(1)[:, None] * ahead
        return middle[..., None] + (np.array(LEVELS) - 0.5) * np.sqrt(ahead)[:, None]


MEANS = """
import { forecastQuantiles, reachOf } from "./forecast/longPast.js";
import { LEVELS } from "./forecast/quantiles.js";
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const run = async (lanes, seasons, steps) => lanes.map((lane) => {
  const seen = lane.filter((value) => !Number.isNaN(value));
  const middle = 0.6 * lane.at(-1) + (0.4 * sum(seen)) / seen.length;
  return Array.from({ length: steps }, (_, step) => LEVELS.map((level) =>
    middle + 1e-3 * sum(seasons) * (step + 1) + (level - 0.5) * Math.sqrt(step + 1)));
});
const model = { context: 720, patch: 24, most: 24, run };
result = { reach: reachOf(model), forecasts: [] };
for (const [values, seasons] of given.lanes)
  result.forecasts.push(await forecastQuantiles(model, Float64Array.from(values), seasons, given.horizon));
"""

PROFILES = """
import { withoutProfiles } from "./forecast/profiles.js";
result = given.lanes.map(([values, seasons]) => [0, given.certain].map((certain) => {
  const rest = { values: Float64Array.from(values), ahead: new Float64Array(given.horizon) };
  const found = withoutProfiles(rest, seasons, seasons, certain);
  return { values: [...found.values], ahead: [...found.ahead], same: found === rest };
}));
"""


def lanes():
    """Series and their seasons, by name."""
    random, steps = np.random.default_rng(5), np.arange(2_600)
    noise = random.normal(size=len(steps))
    hours = 20 + 6 * np.sin(steps / 24 * 2 * np.pi) + 3 * (steps % 168 < 48) + noise
    week = np.array([0.0, 1, 2, 1, 4, 9, 7])[steps % 7]
    year = 8 * np.cos(steps / 365.25 * 2 * np.pi) + 30 * (np.round(steps % 365.25) == 358)
    days = 100 + week + year + noise
    gaps = np.where(random.random(len(steps)) < 0.3, np.nan, days)
    gaps[[0, -1]], gaps[300:380], gaps[-900:-30] = days[[0, -1]], np.nan, np.nan
    stopped, quiet, yearless = hours[:1_500].copy(), noise[:1_500] + 9 * week[:1_500], days[-2_592:].copy()
    stopped[-30:], quiet[-100:], yearless[-400:] = 20.0, 1.0 + noise[:100], 100 + noise[:400]
    ends = np.where((steps[:1_500] < 40) & (steps[:1_500] > 0), np.nan, 5 * week[:1_500] + 0.02 * steps[:1_500])
    late = np.where(steps < 1_500, np.nan, hours)
    return {
        "days": (days[-2_592:], [7.0, 365.25]),
        "days, the customary season last": (days[-2_592:], [365.25, 7.0]),
        "days of a year only": (days[-2_592:] - week[-2_592:], [365.25]),
        "hours": (hours[:1_500], [24.0, 168.0]),
        "hours, zero for no season": (hours[:1_500], [24.0, 168.0, 0.0]),
        "a weekly season that changes": (week[:1_500] * np.sin(steps[:1_500] / 150) + noise[:1_500], [7.0]),
        "halves between phases": (np.sin(steps[:2_000] / 24.5 * 2 * np.pi) + 0.1 * noise[:2_000], [24.5, 3.5]),
        "halves between bins": (np.sin(steps[:2_000] / 105 * 2 * np.pi) + 0.1 * noise[:2_000], [105.0, 10.0]),
        "roundings between bins": (np.sin(steps[:2_000] / 180 * 2 * np.pi) + 0.1 * noise[:2_000], [180.0, 7.0]),
        "a phase seen once": (np.where((steps[:1_500] % 7 == 2) & (steps[:1_500] != 793), np.nan, days[:1_500]), [7.0]),
        "weeks": (week.cumsum()[:1_100] + 9 * np.sin(steps[:1_100] / 52.18 * 2 * np.pi) + noise[:1_100], [52.18]),
        "gaps": (gaps[-2_592:], [7.0, 365.25]),
        "a late begin": (late[-2_592:], [24.0, 168.0]),
        "a trend": (hours[:1_500] + 0.05 * steps[:1_500], [24.0, 168.0]),
        "a trend of days": (days[-2_592:] + 0.1 * steps[-2_592:], [7.0, 365.25]),
        "two cycles and a half": (hours[:730] + 0.05 * steps[:730], [290.5]),
        "stopped": (stopped, [24.0, 168.0]),
        "a season that has gone": (quiet, [7.0]),
        "a year that has gone": (yearless, [7.0, 365.25]),
        "no level at the begin": (ends + noise[:1_500], [7.0, 30.44]),
        "months of days": (100 + 5 * np.sin(steps / 30.44 * 2 * np.pi) + noise, [30.44]),
        "exact": (np.round(hours - noise, 1)[:1_500], [24.0, 168.0]),
        "huge": (1e12 + 1e9 * hours[:1_500], [24.0, 168.0]),
        "a walk": (noise.cumsum()[:1_500], [7.0, 365.25]),
        "two steps": (noise[:1_500] + steps[:1_500] % 2, [2.0]),
        "constant": (np.full(1_500, 7.25), [24.0]),
        "no season": (hours[:1_500], []),
        "700 values": (hours[:700], [24.0, 168.0]),
        "721 values": (hours[:721], [24.0, 168.0]),
    }


LANES = lanes()
WITHOUT = {"a phase seen once", "two steps", "constant", "no season"}  # series that have no profile
AS_READ = WITHOUT | {"700 values", "stopped"}  # series that are forecast as the network alone does


def given():
    return {"lanes": [[values.tolist(), seasons] for values, seasons in LANES.values()], "horizon": HORIZON}


@pytest.fixture(scope="module")
def profiles():
    return dict(zip(LANES, in_node(PROFILES, given() | {"certain": CERTAIN}), strict=True))


@pytest.fixture(scope="module")
def forecasts():
    found = in_node(MEANS, given())
    assert found["reach"] == reach(Means())
    return dict(zip(LANES, found["forecasts"], strict=True))


@pytest.mark.parametrize("name", LANES)
def test_profiles_are_those_of_the_library(profiles, name):
    """Catches other phases, another rounding of halves, another order of seasons, and NaN that spreads."""
    values, seasons = LANES[name]
    whole = Rest(values, np.zeros(HORIZON))
    for found, certain in zip(profiles[name], (0.0, CERTAIN), strict=True):
        wanted = without_profiles(whole, seasons, [season for season in seasons if season], certain)
        assert found["same"] == (wanted is whole)
        size = np.nanmax(np.abs(values))
        np.testing.assert_allclose(np.array(found["values"], dtype=float), wanted.values, rtol=0, atol=1e-13 * size)
        np.testing.assert_allclose(found["ahead"], wanted.ahead, rtol=0, atol=1e-13 * size)
    assert profiles[name][0]["same"] == (name in WITHOUT)


@pytest.mark.parametrize("name", LANES)
def test_forecasts_from_a_long_past_are_those_of_the_library(forecasts, name):
    """Catches another weight of both forecasts, and profiles that are not added back."""
    values, seasons = LANES[name]
    observed = ~np.isnan(values)
    history = History(np.where(observed, values, 0.0)[None], observed[None], np.array([seasons]))
    wanted = forecast_quantiles(Means(), history, HORIZON)[0]
    rounding = 1e-6 if name == "exact" else 1e-9  # its weight of both forecasts is that of two roundings
    np.testing.assert_allclose(forecasts[name], wanted, rtol=rounding)
    recent = history.select(np.array([0]), max(0, len(values) - Means.pass_context))
    assert np.array_equal(wanted, roll_out(Means(), recent, HORIZON)[0]) == (name in AS_READ)
