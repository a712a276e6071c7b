// Forecasts of any horizon: the near future in one pass, the far one from nine equally likely paths, as in the library
// (nanotst/rollout.py). The paths are the deciles so far; the forecast after each path gives 50 values a step. From the
// third pass on, forecasts of means of several values join.

import { averaged, averagedSeasons, coarseForecast, coarseQuantiles, detailOf, MEDIAN, rates } from "./coarse.js";
import { atLevels, quantilesOf } from "./quantiles.js";

const PATHS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const FINE = Array.from({ length: 50 }, (_, index) => Number((0.01 + 0.02 * index).toFixed(2)));

// From the first value of a lane on, in whole patches: what lies before has no influence.
function begun(lane, patch) {
  const first = lane.findIndex((value) => !Number.isNaN(value));
  const patches = Math.ceil((lane.length - first) / patch);
  return lane.subarray(Math.max(0, lane.length - patches * patch));
}

function joined(lane, path, context) {
  const whole = new Float64Array(lane.length + path.length);
  whole.set(lane);
  whole.set(path, lane.length);
  return whole.subarray(Math.max(0, whole.length - context));
}

// The quantiles of the next steps after nine paths so far.
async function after(model, lane, seasons, quantiles, steps) {
  const deciles = quantiles.map((step) => atLevels(step, PATHS));
  const paths = PATHS.map((_, path) =>
    joined(
      lane,
      Float64Array.from(deciles, (step) => step[path]),
      model.context,
    ),
  );
  const each = await model.run(
    paths.map((path) => begun(path, model.patch)),
    seasons,
    steps,
  );
  return Array.from({ length: steps }, (_, step) => quantilesOf(each.flatMap((path) => atLevels(path[step], FINE))));
}

// The quantiles of a pass, with a coarse forecast whose share begins at zero after two passes.
function withCoarse(pass, coarse, begin, reach) {
  const detail = detailOf(
    pass.map((row) => row[MEDIAN]),
    coarse.rate,
  );
  return pass.map((row, index) => {
    const step = begin + index + 1;
    const share = 1 - (2 * reach) / step;
    const far = coarseQuantiles(coarse, step, detail[index]);
    return row.map((value, level) => value + share * (far[level] - value));
  });
}

// Returns the quantiles of each step after a lane whose last value is observed. `pause` is awaited between passes.
export async function rollOut(model, lane, seasons, horizon, pause = async () => {}) {
  const reach = model.most;
  const [first] = await model.run([begun(lane, model.patch)], seasons, Math.min(horizon, reach));
  if (horizon <= reach) return first;
  await pause();
  const quantiles = first.concat(await after(model, lane, seasons, first, Math.min(horizon - reach, reach)));
  const length = lane.length - lane.findIndex((value) => !Number.isNaN(value));
  let coarse = null;
  for (const rate of rates(seasons[0] ?? 0, length, reach, horizon)) {
    await pause();
    if (coarse?.rate !== rate) {
      const means = begun(averaged(lane, rate), model.patch);
      const [found] = await model.run([means], averagedSeasons(seasons, rate), reach);
      coarse = coarseForecast(found, rate, first);
    }
    const pass = await after(model, lane, seasons, quantiles, reach);
    quantiles.push(...withCoarse(pass, coarse, quantiles.length, reach));
  }
  return quantiles.slice(0, horizon);
}
