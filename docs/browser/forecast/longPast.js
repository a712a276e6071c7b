// Forecasts from a past longer than the network reads, as in the library (nanotst/long_past.py): of the values, and of
// what remains without seasonal profiles, which are then added back. The quantiles of both are averaged.

import { nearest } from "./arithmetic.js";
import { agreement, CERTAIN, shown, sumsOf, towards, withoutProfiles } from "./profiles.js";
import { rollOut } from "./rollout.js";

const PAST = 2_592; // the last values that profiles are made of
const LEAST_WINDOW = 24; // values in which a season must still show

const plus = (quantiles, ahead) => quantiles.map((step, index) => step.map((quantile) => quantile + ahead[index]));

// The number of last values that a forecast depends on.
export function reachOf(model) {
  return Math.max(PAST, model.context);
}

// The weight of the profiles by two naive forecasts of what remains: the mean of the last cycle, and its copy. Sums are
// taken in the order of the library, because in an exact cycle nothing but their rounding remains.
function steadiness(rest, cycle) {
  const { total, count } = sumsOf(rest);
  let [copied, averaged, pairs] = [0, 0, 0];
  for (let step = cycle; step < rest.length; step += 1) {
    const [newest, earlier] = [rest[step], rest[step - cycle]];
    if (Number.isNaN(newest) || Number.isNaN(earlier)) continue;
    const mean = (total[step] - total[step - cycle]) / (count[step] - count[step - cycle]);
    copied += (newest - earlier) ** 2;
    averaged += (newest - mean) ** 2;
    pairs += 1;
  }
  const [copy, average] = [(copied / pairs) ** 2, (averaged / pairs) ** 2];
  return copy + average > 0 ? copy / (copy + average) : 0.5; // without pairs, both are NaN
}

// The share of the forecast with profiles. `season` is the past with the profiles that the network could see itself,
// `rest` the past without any, `shortest` the shortest of their periods.
function shareOf(season, rest, shortest, context) {
  const cycle = nearest(shortest);
  const window = Math.max(LEAST_WINDOW, cycle);
  const steady = steadiness(rest.slice(-(context + cycle)), cycle);
  return (1 - context / rest.length) * steady * agreement(season.subarray(-window), rest.subarray(-window));
}

// The past without the profiles of long seasons, as far as its last `year` still has them.
function asNow(part, all, year) {
  return towards(part, all, agreement(part.values.subarray(-year), all.values.subarray(-year)));
}

// A lane without its profiles, with what to add to both forecasts; null if it has none. `plain` is what the network
// reads without the seasons that are too long for it, `rest` the same without any profile, `share` that of the latter.
function pastOf(lane, given, context, horizon) {
  const first = lane.findIndex((value) => !Number.isNaN(value));
  const seasons = given.filter((season) => season > 0);
  if (first >= lane.length - context || !seasons.length) return null;
  const values = lane.subarray(first);
  const [start] = values;
  const sizes = values.filter((value) => !Number.isNaN(value)).map((value) => Math.abs(value - start));
  const unit = sizes.reduce((a, b) => Math.max(a, b));
  if (!(unit > 0 && Number.isFinite(unit))) return null;
  const near = seasons.filter((season) => 2 * season <= context && shown(season, values.length));
  const far = seasons.filter((season) => 2 * season > context && shown(season, values.length));
  const whole = { values: values.map((value) => (value - start) / unit), ahead: new Float64Array(horizon) };
  const part = withoutProfiles(whole, near, seasons);
  const all = withoutProfiles(part, far, seasons, CERTAIN);
  if (all === whole) return null;
  const rest = all === part ? part : asNow(part, all, nearest(Math.max(...far)));
  const season = whole.values.map((value, step) => value - part.values[step] + rest.values[step]);
  const share = part === whole ? 0 : shareOf(season, rest.values, Math.min(...near), context);
  const without = (from) =>
    values.map((value, step) => value - unit * (from.values[step] - rest.values[step])).subarray(-context);
  return {
    plain: without(part),
    plainAhead: rest.ahead.map((value, step) => unit * (value - part.ahead[step])),
    rest: without(whole),
    restAhead: rest.ahead.map((value) => unit * value),
    share,
  };
}

// Returns the quantiles of each step after a lane of any length up to `reachOf`, whose last value is observed. `pause`
// is awaited between passes.
export async function forecastQuantiles(model, lane, seasons, horizon, pause = async () => {}) {
  const past = pastOf(lane, seasons, model.context, horizon);
  if (!past) return rollOut(model, lane.subarray(-model.context), seasons, horizon, pause);
  const plain = plus(await rollOut(model, past.plain, seasons, horizon, pause), past.plainAhead);
  const { share } = past;
  if (!(share > 0)) return plain;
  await pause();
  const rest = plus(await rollOut(model, past.rest, seasons, horizon, pause), past.restAhead);
  return plain.map((step, index) => step.map((own, level) => (1 - share) * own + share * rest[index][level]));
}
