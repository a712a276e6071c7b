// The values that a series can take: nothing below its floor, only whole counts, and no negative counts.
// The rules and their constants are those of the library (forecasting/support.py).

import { nearest } from "./arithmetic.js";

const RESTS = 0.1;
const AT_LEAST = 3;
const REPEATS = 2;
const EXACT = 1e-6;
const EDGE = 1e-4;
const WHOLE = 2 ** 53;

// The least distance between distinct values, and whether it repeats values on that lattice.
function latticeOf(ordered) {
  const gaps = ordered.map((value, index) => (index ? value - ordered[index - 1] : 0));
  const different = gaps.filter((gap) => gap > 0);
  if (!different.length) return { step: 1, lattice: false };
  const step = different.reduce((a, b) => Math.min(a, b));
  const whole = gaps.every((gap) => {
    const steps = gap / step;
    return Math.abs(steps - nearest(steps)) <= EXACT * Math.max(steps, 1);
  });
  return { step, lattice: whole && ordered.length >= REPEATS * (different.length + 1) };
}

// Whether no value is more frequent than the least one, and the least one is frequent enough for a floor.
function rests(ordered) {
  const counts = new Map();
  for (const value of ordered) counts.set(value, (counts.get(value) ?? 0) + 1);
  const times = counts.get(ordered[0]);
  return times >= Math.max(RESTS * ordered.length, AT_LEAST) && [...counts.values()].every((count) => count <= times);
}

// Returns a function that moves a quantile to a value that a series with these observed values can take.
export function supportOf(observed) {
  const ordered = [...Float64Array.from(observed).sort()];
  const [least] = ordered;
  const { step, lattice } = latticeOf(ordered);
  const counts = ordered.every((value) => Number.isInteger(value) && value >= 0 && value < WHOLE);
  const lowest = lattice ? ((least % step) + step) % step : 0;
  const floor = rests(ordered) ? least : counts ? lowest : -Infinity;
  return (quantile) => {
    const moved = lattice ? least + Math.floor((quantile - least) / step + 0.5 + EDGE) * step : quantile;
    return Math.max(moved, floor);
  };
}
