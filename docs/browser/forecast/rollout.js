// Forecasts of any horizon: the near future in one pass, the far one from nine equally likely paths, as in the library
// (nanotst/rollout.py). The paths are the deciles so far; the forecast after each path gives 50 values a step.

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

// Returns the quantiles of each step after a lane whose last value is observed. `pause` is awaited between passes.
export async function rollOut(model, lane, seasons, horizon, pause = async () => {}) {
  const [quantiles] = await model.run([begun(lane, model.patch)], seasons, Math.min(horizon, model.most));
  while (quantiles.length < horizon) {
    await pause();
    const steps = Math.min(horizon - quantiles.length, model.most);
    const deciles = quantiles.map((step) => atLevels(step, PATHS));
    const paths = PATHS.map((_, path) =>
      joined(
        lane,
        Float64Array.from(deciles, (step) => step[path]),
        model.context,
      ),
    );
    const after = await model.run(
      paths.map((path) => begun(path, model.patch)),
      seasons,
      steps,
    );
    for (let step = 0; step < steps; step += 1) {
      quantiles.push(quantilesOf(after.flatMap((path) => atLevels(path[step], FINE))));
    }
  }
  return quantiles;
}
