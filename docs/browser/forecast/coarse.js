// Forecasts of the far future from means of several values, as in the library (nanotst/coarse.py), which has the
// reasons. Quantiles and means are rows of numbers, one row a step; a lane has its missing values as NaN.

import { nearest } from "./arithmetic.js";
import { LEVELS } from "./quantiles.js";

const RATE = 4; // values of a mean, and how much longer each next mean is
const LEAST_MEANS = 12; // of a past
const SHOWN = 3; // means of a cycle
export const MEDIAN = LEVELS.indexOf(0.5);
const SIDES = LEVELS.map((_, index) => Math.sign(index - MEDIAN)); // -1 below the median, 1 above it

// The rate, or the next multiple of a cycle that it would not show.
function whole(rate, cycle) {
  return cycle < 2 || SHOWN * rate <= cycle ? rate : Math.ceil(rate / cycle) * cycle;
}

// The values of a mean, for the passes after the second up to the step `far`. `season` is the customary one, or 0;
// `length` is that of the past that the network reads, `reach` that of one pass.
export function rates(season, length, reach, far) {
  const cycle = nearest(season);
  const found = [];
  let plain = RATE;
  for (let begin = 2 * reach; begin < far; begin += reach) {
    while ((reach - 1) * whole(plain, cycle) < begin + reach && length >= LEAST_MEANS * plain * RATE) plain *= RATE;
    found.push(whole(plain, cycle));
  }
  return found;
}

// Means of `rate` values, aligned at the last, which is observed; a mean needs half of its values, and the last one.
export function averaged(lane, rate) {
  const newest = lane.at(-1); // differences from it are exactly zero where all values are equal
  const means = new Float64Array(Math.ceil(lane.length / rate));
  const before = means.length * rate - lane.length;
  return means.map((_, index) => {
    const begin = index * rate - before;
    const seen = lane.subarray(Math.max(begin, 0), begin + rate).filter((value) => !Number.isNaN(value));
    if (2 * seen.length < rate && index < means.length - 1) return NaN;
    return newest + seen.reduce((total, value) => total + (value - newest), 0) / seen.length;
  });
}

// The seasons of such means.
export function averagedSeasons(seasons, rate) {
  return seasons.map((season) => (season >= 2 * rate ? season / rate : 0));
}

// Interpolates means at a step that counts from 1, between their middles; the first and the last one go on.
export function between(means, rate, step) {
  const last = means.length - 1;
  const place = Math.min(Math.max((step - (rate + 1) / 2) / rate, 0), last);
  const left = Math.min(Math.floor(place), Math.max(last - 1, 0));
  const share = place - left;
  const right = means[Math.min(left + 1, last)];
  return means[left].map((value, level) => value + share * (right[level] - value));
}

// Turns quantiles of means into those of single values, by the second half of the first pass, which has both: the
// median of each mean, and the distance of each quantile of a single value from it.
export function coarseForecast(quantiles, rate, first) {
  const apart = quantiles.map((row) => row.map((value) => value - row[MEDIAN]));
  const half = Math.floor(first.length / 2);
  const later = first.slice(half);
  const squares = LEVELS.map((_, level) => {
    const single = later.reduce((total, row) => total + (row[level] - row[MEDIAN]) ** 2, 0);
    const mean = later.reduce((total, __, step) => total + between(apart, rate, half + step + 1)[level] ** 2, 0);
    return Math.max(single / later.length - mean / later.length, 0);
  });
  const spread = apart.map((row) => row.map((value, level) => Math.sqrt(value ** 2 + squares[level])));
  return {
    rate,
    median: quantiles.map((row) => [row[MEDIAN]]),
    spread: spread.map((row) => row.map((value, level) => value * Math.abs(SIDES[level]))),
  };
}

// The quantiles of such a forecast at a step ahead, whose median differs by `detail` from that of its mean.
export function coarseQuantiles({ rate, median, spread }, step, detail) {
  const middle = between(median, rate, step)[0] + detail;
  let most = -Infinity;
  return between(spread, rate, step).map((value, level) => {
    most = Math.max(most, SIDES[level] * value);
    return middle + most;
  });
}

// The distance of each step of a pass from the means of `rate` steps around it; the last step fills the last mean.
export function detailOf(median, rate) {
  const [begin] = median;
  const means = Array.from({ length: Math.ceil(median.length / rate) }, (_, index) => {
    let total = 0;
    for (let step = index * rate; step < (index + 1) * rate; step += 1) total += (median[step] ?? median.at(-1)) - begin;
    return [begin + total / rate];
  });
  return median.map((value, step) => value - between(means, rate, step + 1)[0]);
}
