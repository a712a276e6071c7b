// A fixed step: a number of counts, or of milliseconds.

import { DAY, HOUR, MINUTE, WEEK, YEAR } from "./units.js";

const UNITS = [
  ["W", WEEK],
  ["D", DAY],
  ["h", HOUR],
  ["min", MINUTE],
  ["s", 1000],
  ["ms", 1],
];
const CYCLES = [
  [MINUTE, [HOUR, DAY]],
  [HOUR, [DAY, WEEK]],
  [DAY, [DAY, WEEK, YEAR]],
  [WEEK, [WEEK, YEAR]],
  [WEEK + 1, [YEAR]],
];

function aliasOf(size) {
  const [unit, length] = UNITS.find(([, one]) => size % one === 0);
  return size === length ? unit : `${size / length}${unit}`;
}

// The periods in steps that the calendar suggests, the customary one first, as in the library (grid/frequency.py).
function seasonsOf(size) {
  const cycles = CYCLES.find(([below]) => size < below)?.[1] ?? [];
  if (!cycles.length || (size !== WEEK && cycles[0] % size)) return [];
  return cycles.map((cycle) => cycle / size);
}

export function fixedSteps(size, counted) {
  return {
    alias: counted ? String(size) : aliasOf(size),
    seasons: counted ? [] : seasonsOf(size),
    steps: (first, time) => Math.round((time - first) / size),
    after: (times, horizon) => Array.from({ length: horizon }, (_, step) => times.at(-1) + (step + 1) * size),
  };
}
