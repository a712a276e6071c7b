"""Far horizons, where forecasts of means join, beside the library in numpy: no onnxruntime-web is needed."""

import numpy as np
import pytest

from segue.forecasting.nanotst.coarse import averaged, between, coarse_forecast, detail_of, rates
from segue.forecasting.nanotst.rollout import roll_out
from segue.forecasting.predictor import LEVELS, History
from tests.browser.conftest import in_node, needs_node

pytestmark = needs_node


class Bends:
    """A model without a graph: a wave that returns to the mean, wider with each step; `BENDS` is the same."""

    pass_context, pass_steps = 720, 168

    def one_pass(self, history, steps):
        assert history.values.shape[1] <= self.pass_context
        count, last = history.observed.sum(1), history.values[:, -1]
        mean = last + np.where(history.observed, history.values - last[:, None], 0.0).sum(1) / count
        apart = np.where(history.observed, history.values - mean[:, None], 0.0)
        spread = np.sqrt((apart**2).sum(1) / count)
        ahead = np.arange(1, steps + 1)
        wave = 0.97**ahead + 0.3 * np.sin(ahead * (1 + 1e-2 * history.seasons.sum(1))[:, None])
        middle = mean[:, None] + wave * (last - mean)[:, None]
        width = spread[:, None] * np.sqrt(1 + 0.02 * ahead)
        return middle[..., None] + (np.array(LEVELS) - 0.5) * width[..., None]


BENDS = """
import { rollOut } from "./forecast/rollout.js";
import { LEVELS } from "./forecast/quantiles.js";
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const run = async (lanes, seasons, steps) => lanes.map((lane) => {
  const seen = lane.filter((value) => !Number.isNaN(value)), last = lane.at(-1);
  const mean = last + sum(seen.map((value) => value - last)) / seen.length;
  const spread = Math.sqrt(sum(seen.map((value) => (value - mean) ** 2)) / seen.length);
  return Array.from({ length: steps }, (_, step) => {
    const wave = 0.97 ** (step + 1) + 0.3 * Math.sin((step + 1) * (1 + 1e-2 * sum(seasons)));
    const width = spread * Math.sqrt(1 + 0.02 * (step + 1));
    return LEVELS.map((level) => mean + wave * (last - mean) + (level - 0.5) * width);
  });
});
const model = { context: 720, patch: 24, most: 168, run };
result = [];
for (const [values, seasons] of given.lanes)
  result.push(await rollOut(model, Float64Array.from(values, (value) => value ?? NaN), seasons, given.horizon));
"""

PARTS = """
import * as coarse from "./forecast/coarse.js";
const numbers = (values) => Float64Array.from(values, (value) => value ?? NaN);
result = {
  rates: given.asked.map((asked) => coarse.rates(...asked)),
  means: given.rates.map((rate) => [...coarse.averaged(numbers(given.lane), rate)]),
  seasons: given.rates.map((rate) => coarse.averagedSeasons(given.seasons, rate)),
  between: given.rates.map((rate) => given.steps.map((step) => coarse.between(given.rows, rate, step))),
  alone: given.steps.map((step) => coarse.between(given.rows.slice(0, 1), 4, step)),
  details: given.rates.map((rate) => coarse.detailOf(given.detail, rate)),
  far: given.rates.map((rate) => {
    const found = coarse.coarseForecast(given.rows, rate, given.first);
    return given.steps.map((step) => coarse.coarseQuantiles(found, step, given.detail[step - 1]));
  }),
};
"""


def lanes():
    """Series and their seasons, by name."""
    random, steps = np.random.default_rng(6), np.arange(720)
    noise = random.normal(size=len(steps))
    day, week = 5 * np.sin(steps / 24 * 2 * np.pi), np.array([0.0, 1, 2, 1, 4, 9, 7])[steps % 7]
    gaps = np.where(random.random(len(steps)) < 0.3, np.nan, day + noise)
    gaps[300:380], gaps[-1] = np.nan, 1.0
    return {
        "noise": (noise, []),
        "a season of 24": (day + noise, [24.0, 168.0]),
        "a season of 7": (week + noise, [7.0, 365.25]),
        "the customary season first": (week + noise, [168.0, 24.0, 0.0]),
        "half a step": (week + noise, [6.5]),
        "60 values": ((day + noise)[:60], [24.0]),
        "700 values": ((day + noise)[:700], [24.0, 168.0]),
        "gaps": (gaps, [24.0]),
        "a late begin": (np.where(steps < 500, np.nan, day + noise), [0.0]),
        "large": (1e9 + week + noise, [7.0]),
        "constant": (np.full(700, 0.1), [24.0]),
        "one value": (np.array([3.5]), [7.0]),
    }


LANES = lanes()


def given_lane(values):
    return [None if np.isnan(value) else float(value) for value in values]


def history_of(values, seasons):
    observed = ~np.isnan(values)
    return History(np.where(observed, values, 0.0)[None], observed[None], np.array([seasons], dtype=float))


@pytest.fixture(scope="module", params=[1_000, 2_000])
def forecasts(request):
    given = {"lanes": [[given_lane(values), seasons] for values, seasons in LANES.values()], "horizon": request.param}
    return request.param, dict(zip(LANES, in_node(BENDS, given), strict=True))


@pytest.mark.parametrize("name", LANES)
def test_far_forecasts_are_those_of_the_library(forecasts, name):
    """Catches another rate, another share of the means, and a pass that is cut before its details are taken."""
    horizon, found = forecasts
    values, seasons = LANES[name]
    wanted = roll_out(Bends(), history_of(values, seasons), horizon)[0]
    assert len(found[name]) == horizon
    np.testing.assert_allclose(found[name], wanted, rtol=0, atol=1e-11 * np.nanmax(np.abs(values)))
    if name == "constant":
        assert (np.array(found[name]) == 0.1).all()


RATES = [4, 7, 24]
LANE, SEASONS = LANES["gaps"][0][:703], [168.0, 52.18, 24.0, 8.0, 7.0, 0.0]
ASKED = [
    (season, length, reach, far)
    for season in (0.0, 1.0, 2.5, 3.5, 7.0, 11.5, 12.0, 12.5, 24.0, 52.18, 168.0, 365.25, 8766.0)
    for length in (1, 100, 191, 192, 700, 720, 767, 768)
    for reach, far in ((168, 336), (168, 337), (168, 504), (168, 2_000), (6, 90))
]


@pytest.fixture(scope="module")
def parts():
    """What `coarse.js` gives, with what it was given."""
    random = np.random.default_rng(7)
    rows, first = (np.sort(random.normal(size=(30, len(LEVELS))).cumsum(0), axis=1) for _ in range(2))
    detail, steps = random.normal(size=130), [1, 2, 3, 4, 29, 60, 100, 127, 130]
    given = {"asked": ASKED, "lane": given_lane(LANE), "seasons": SEASONS, "rates": RATES, "steps": steps,
             "rows": rows.tolist(), "first": first.tolist(), "detail": detail.tolist()}  # fmt: skip
    return in_node(PARTS, given), rows, first, detail, np.array(steps)


def test_rates_are_those_of_the_library(parts):
    """Catches halves of a season that are rounded up."""
    assert [tuple(found) for found in parts[0]["rates"]] == [rates(*asked) for asked in ASKED]


@pytest.mark.parametrize("index", range(len(RATES)))
def test_means_and_their_seasons_are_those_of_the_library(parts, index):
    wanted = averaged(history_of(LANE, SEASONS), RATES[index])
    means = np.where(wanted.observed, wanted.values, np.nan)[0]
    np.testing.assert_allclose(np.array(parts[0]["means"][index], dtype=float), means, rtol=1e-12, atol=1e-14)
    assert parts[0]["seasons"][index] == wanted.seasons[0].tolist()


@pytest.mark.parametrize("index", range(len(RATES)))
def test_details_and_quantiles_of_means_are_those_of_the_library(parts, index):
    found, rows, first, detail, steps = parts
    rate = RATES[index]
    np.testing.assert_allclose(found["between"][index], between(rows[None], rate, steps)[0], rtol=0, atol=1e-13)
    np.testing.assert_allclose(found["alone"], between(rows[None, :1], 4, steps)[0], rtol=0, atol=1e-13)
    np.testing.assert_allclose(found["details"][index], detail_of(detail[None], rate)[0], rtol=0, atol=1e-13)
    coarse = coarse_forecast(rows[None], rate, first[None])
    wanted = coarse.quantiles(steps, detail[None, steps - 1])[0]
    np.testing.assert_allclose(found["far"][index], wanted, rtol=0, atol=1e-12)
