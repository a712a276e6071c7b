// The forecast of one series: cut to what it depends on and to its last value, moved to the values that it can take.

import { laneOf } from "../grid/panel.js";
import { forecastQuantiles, reachOf } from "./longPast.js";
import { supportOf } from "./support.js";

// Returns the quantiles of each step after the last row at `LEVELS`; null for a series without any value.
export async function predict(model, series, seasons, horizon, pause) {
  const lane = laneOf(series, reachOf(model));
  const last = lane.findLastIndex((value) => !Number.isNaN(value));
  if (last < 0) return null;
  const known = lane.subarray(0, last + 1);
  const gap = lane.length - known.length;
  const quantiles = await forecastQuantiles(model, known, seasons, horizon + gap, pause);
  const move = supportOf(known.filter((value) => !Number.isNaN(value)));
  return quantiles.slice(gap).map((step) => step.map(move));
}
