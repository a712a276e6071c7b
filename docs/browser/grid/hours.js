// Opening hours: rows of less than a day that stand only at some clock times of the day, or of the week.

import { DAY, HOUR, MINUTE, WEEK } from "./units.js";

const LEAST_SHARE = 1 / 8; // of a day or a week that has no rows: three hours of a day
const CHANCE = 1e-3; // the probability that these hours lack rows by chance
const LEAST_CYCLES = 3;
const MONDAY = 4 * DAY;

function recurring(times, slot, cycle) {
  const count = cycle / slot;
  const filled = new Set(times.map((time) => Math.floor((time - MONDAY) / slot)));
  const open = new Set([...filled].map((number) => ((number % count) + count) % count)).size;
  if (1 - open / count < LEAST_SHARE) return false;
  const cycles = new Map();
  for (const number of filled) {
    const own = Math.floor(number / count);
    cycles.set(own, (cycles.get(own) ?? 0) + 1);
  }
  const counts = [...cycles].sort(([a], [b]) => a - b).map(([, rows]) => rows);
  const inner = counts.slice(1, -1);
  const missing =
    counts.length >= LEAST_CYCLES ? 1 - inner.reduce((sum, rows) => sum + rows, 0) / inner.length / open : 1;
  return count * missing ** (counts.length - 2) < CHANCE; // the first and the last may be cut
}

// Whether each day with rows, or each week, lacks them at the same clock times.
export function keepsOpeningHours(times, size) {
  const slot = DAY % size === 0 && size >= MINUTE ? size : size < MINUTE ? MINUTE : HOUR;
  return [DAY, WEEK].some((cycle) => recurring(times, slot, cycle));
}
