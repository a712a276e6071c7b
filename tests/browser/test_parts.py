"""What the page does around the model, beside the library in numpy: no onnxruntime-web is needed for this."""

import numpy as np

from segue.forecasting.nanotst.rollout import roll_out
from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.forecasting.support import within_support
from tests.browser.conftest import in_node, needs_node

pytestmark = needs_node


class Walk:
    """A model without a graph: the last value and a drift, with a width that grows; `WALK` is the same."""

    pass_context, pass_steps = 40, 6

    def one_pass(self, history, steps):
        last = history.values[:, -1]
        drift = last - history.values[:, 0]
        ahead = np.arange(1, steps + 1)
        middle = last[:, None] + 0.01 * drift[:, None] * ahead
        return middle[..., None] + (np.array(LEVELS) - 0.5) * np.sqrt(ahead)[:, None]


WALK = """
import { rollOut } from "./forecast/rollout.js";
import { LEVELS } from "./forecast/quantiles.js";
const run = async (lanes, seasons, steps) => lanes.map((lane) => {
  const last = lane.at(-1), drift = last - lane[0];
  const at = (ahead) => LEVELS.map((level) => last + 0.01 * drift * ahead + (level - 0.5) * Math.sqrt(ahead));
  return Array.from({ length: steps }, (_, step) => at(step + 1));
});
const model = { context: 40, patch: 40, most: 6, run };
result = await rollOut(model, Float64Array.from(given), [], 20);
"""


def test_far_horizons_are_those_of_the_library():
    """Paths, pooling and the cut of the context; catches another interpolation than numpy's."""
    values = np.cumsum(np.random.default_rng(0).normal(size=38))
    history = History(values[None], np.ones((1, 38), dtype=bool), np.zeros((1, 0)))
    np.testing.assert_allclose(in_node(WALK, values.tolist()), roll_out(Walk(), history, 20)[0], rtol=1e-12)


def test_quantiles_move_to_the_same_support():
    """Counts, lattices, floors, fractions, negative numbers, one value; halves and values just below them."""
    generator = np.random.default_rng(1)
    series = [
        generator.poisson(0.6, 60), generator.poisson(9, 60), -generator.poisson(2, 60), 10 * generator.poisson(2, 60),
        0.05 * generator.poisson(5, 60), 3 + 0.1 * generator.poisson(5, 60), generator.normal(size=60), np.full(9, 7.0),
        np.full(4, 0.5), np.array([3.0]), np.maximum(generator.normal(size=60), 0), 1e15 + generator.poisson(3, 60),
        np.array([1.0, 2.0, 2.0, 2.0, 1.0, 1.0]), np.array([-3.0, -1, 1, -3, -1, 1, 3, 3]),
    ]  # fmt: skip
    quantiles = np.sort(generator.normal(2, 5, (len(series), 4, 17)), axis=-1)
    quantiles[:, 0, :8] = [0.49985, 0.49995, 0.5, 1.49995, 1.5, 2.5, 3.4999, 4.5]
    script = """
    import { supportOf } from "./forecast/support.js";
    result = given.map(([values, quantiles]) => quantiles.map((step) => step.map(supportOf(values))));
    """
    found = in_node(script, [[list(map(float, s)), q.tolist()] for s, q in zip(series, quantiles, strict=True)])
    for values, own, moved in zip(series, quantiles, found, strict=True):
        lane = np.asarray(values, dtype=float)[None]
        wanted = within_support(own[None], lane, np.ones(lane.shape, dtype=bool))[0]
        np.testing.assert_allclose(moved, wanted, rtol=1e-12)


def test_levels_between_those_of_the_model_are_interpolated_alike():
    quantiles = np.sort(np.random.default_rng(2).normal(size=17))
    levels = (0.01, 0.013, 0.1, 0.315, 0.5, 0.685, 0.9, 0.9873, 0.99)
    script = """
    import { atLevels } from "./forecast/quantiles.js";
    result = atLevels(...given);
    """
    wanted = Forecast(quantiles[None, None]).at(levels)[0, 0]
    np.testing.assert_allclose(in_node(script, [quantiles.tolist(), levels]), wanted, rtol=1e-13)
