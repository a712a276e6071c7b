// Seasonal profiles: the mean cycle of a long past, phase by phase, removed before a forecast and added back after it.
// The rules and their reasons are those of the library (nanotst/profiles.py). A missing value is NaN.

import { modulo, nearest, quotient } from "./arithmetic.js";

export const CERTAIN = 2; // standard errors by which a season must exceed chance
const LEAST_PERIOD = 3; // steps
const LEAST_CYCLES = 2;
const TINY = 2 ** -1022; // the least normal number; it keeps zero from below a fraction

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

// The sum and the number of the observed values before each step, and of all.
export function sumsOf(values) {
  const total = new Float64Array(values.length + 1);
  const count = new Uint32Array(values.length + 1);
  values.forEach((value, step) => {
    const seen = !Number.isNaN(value);
    total[step + 1] = total[step] + (seen ? value : 0);
    count[step + 1] = count[step] + Number(seen);
  });
  return { total, count };
}

// The mean of the observed values among `width` around each step; NaN where there is none.
function smoothed(values, width) {
  if (width === 1) return values;
  const { total, count } = sumsOf(values);
  return values.map((_, step) => {
    const first = step - Math.floor(width / 2);
    const begin = Math.max(first, 0);
    const end = Math.min(first + width, values.length);
    return (total[end] - total[begin]) / (count[end] - count[begin]); // 0 / 0 is NaN
  });
}

// The slope between two steps; zero where it is not known.
function slopeOf(level, begin, end) {
  const slope = (level[end] - level[begin]) / (end - begin);
  return Number.isFinite(slope) ? slope : 0;
}

// The moving mean over one cycle. In the outer half cycles it follows a line, as steep as in the cycle beside them.
function levelOf(values, width) {
  const level = smoothed(values, width);
  const first = Math.floor(width / 2);
  const last = level.length - (width - first);
  const size = Math.min(width, last - first);
  const rising = slopeOf(level, first, first + size);
  const going = slopeOf(level, last - size, last);
  return level.map((value, step) => {
    if (step < first) return level[first] + rising * (step - first);
    return step < last ? value : level[last] + going * (step - last);
  });
}

// Means of each phase in each whole cycle, the newest cycle first, as rows; NaN where there is no value.
function byCycle(values, period, phases) {
  const cycles = quotient(values.length, period);
  const steps = phases === nearest(period); // the middles of phases are steps; else they are the middles of bins
  const total = new Float64Array(cycles * phases);
  const count = new Uint32Array(cycles * phases);
  values.forEach((value, step) => {
    const back = values.length - 1 - step;
    const place = modulo(-back, period) * (phases / period);
    const phase = (steps ? nearest(place) : Math.floor(place + 1e-9)) % phases;
    const cell = quotient(back, period) * phases + phase;
    if (Number.isNaN(value) || cell >= total.length) return;
    total[cell] += value;
    count[cell] += 1;
  });
  const means = total.map((all, cell) => all / count[cell]);
  return Array.from({ length: cycles }, (_, cycle) => means.subarray(cycle * phases, (cycle + 1) * phases));
}

// The standard error of the ratio of both variances under chance alone, relative to it.
function relativeError(errors, phases, squares) {
  const products = sum(errors.map((row) => sum(row.subarray(1).map((error, phase) => error * row[phase]))));
  const common = Math.min(Math.max(products / Math.max(squares, TINY), 0), 0.99);
  const apart = Math.max((phases * (1 - common)) / (1 + common), 1);
  return Math.sqrt((2 / apart) * (1 + 1 / (errors.length - 1)));
}

// The mean square distance of the observed values from a line through them.
function varianceOf(values) {
  const seen = Array.from(values.keys()).filter((step) => !Number.isNaN(values[step]));
  const count = seen.length;
  if (count < 3) return 0;
  const middle = sum(seen) / count;
  const mean = sum(seen.map((step) => values[step])) / count;
  const products = sum(seen.map((step) => (step - middle) * (values[step] - mean)));
  const slope = products / sum(seen.map((step) => (step - middle) ** 2));
  return sum(seen.map((step) => (values[step] - mean - (step - middle) * slope) ** 2)) / count;
}

// How far the end of a past still has its profiles: 1 where removing them made it calmer, 0 where it had stopped.
// `before` are the last values with the profiles, `after` the same values without them.
export function agreement(before, after) {
  const [had, left] = [varianceOf(before) ** 2, varianceOf(after) ** 2];
  return had + left > 0 ? Math.min(1, (2 * had) / (had + left)) : 1;
}

// The mean of the cycles of a past, shrunk as chance explains it: the period, the means at evenly spaced phases, the
// first at the last observed step, and the middle of the first phase in steps. Null where chance explains it all, or a
// phase was seen less than twice. `width` is of a moving mean that is taken before, `certain` as in the library.
export function meanCycle(values, period, phases, width, certain) {
  const level = levelOf(values, nearest(period));
  const deviation = values.map((value, step) => value - level[step]);
  const table = byCycle(smoothed(deviation, width), period, phases);
  const columns = Array.from({ length: phases }, (_, phase) =>
    table.map((row) => row[phase]).filter((value) => !Number.isNaN(value)),
  );
  if (table.length < LEAST_CYCLES || columns.some((column) => column.length < LEAST_CYCLES)) return null;
  const mean = columns.map((column) => sum(column) / column.length);
  const count = sum(columns.map((column) => column.length));
  const errors = table.map((row) => row.map((value, phase) => (Number.isNaN(value) ? 0 : value - mean[phase])));
  const squares = sum(errors.map((row) => sum(row.map((error) => error ** 2))));
  const middle = sum(mean) / phases;
  const chance = squares / (count - phases);
  const signal = ((count / phases) * sum(mean.map((value) => (value - middle) ** 2))) / (phases - 1);
  const margin = 1 + certain * relativeError(errors, phases, squares);
  if (signal <= margin * chance) return null;
  const part = 1 - (margin * chance) / signal;
  const means = mean.map((value) => part * (value - middle));
  return { period, means, middle: phases === nearest(period) ? 0 : period / phases / 2 };
}

// The value of a profile at a step that counts from the last observed one, by interpolation between phases.
function at({ period, means, middle }, step) {
  const count = means.length;
  const place = modulo(step - middle, period) * (count / period);
  const left = Math.floor(place);
  const share = place - left;
  return means[left % count] * (1 - share) + means[(left + 1) % count] * share;
}

function minus(rest, profile) {
  if (!profile) return rest;
  const last = rest.values.length - 1;
  return {
    values: rest.values.map((value, step) => value - at(profile, step - last)),
    ahead: rest.ahead.map((value, step) => value + at(profile, step + 1)),
  };
}

// Removes the profile of one season: first its smooth shape, in bins of the longest season that is much shorter.
function without(rest, season, shorter, certain) {
  const smooth = nearest(shorter);
  const passes = smooth > 1 ? [[nearest(season / shorter), smooth]] : [];
  return [...passes, [nearest(season), 1]].reduce(
    (left, [phases, width]) => minus(left, meanCycle(left.values, season, phases, width, certain)),
    rest,
  );
}

// A rest in which only a share of the profiles is removed that are removed in the other.
export function towards(rest, other, share) {
  const part = (own, far) => own.map((value, step) => value + share * (far[step] - value));
  return { values: part(rest.values, other.values), ahead: part(rest.ahead, other.ahead) };
}

// Whether a past of so many steps can have a profile of a season.
export function shown(season, time) {
  return season >= LEAST_PERIOD && time >= LEAST_CYCLES * season;
}

// Removes the profiles of some seasons, the shortest first. A rest is the past without profiles, `values`, and what to
// add to the forecast of it, `ahead`. Returns the given rest itself if it has no profile.
export function withoutProfiles(rest, removed, seasons, certain = 0) {
  const ordered = [...new Set(removed)].sort((a, b) => a - b).filter((season) => shown(season, rest.values.length));
  return ordered.reduce((left, season) => {
    const shorter = seasons.filter((one) => one > 0 && one < season / 10);
    return without(left, season, shorter.length ? Math.max(...shorter) : 1, certain);
  }, rest);
}
