// Series on a regular grid: one step for all of them, the step of each row, and the seasons.

import { unread } from "../reading/refused.js";
import { written } from "../reading/times.js";
import { inferFrequency } from "./frequency.js";
import { gapSizes } from "./gaps.js";
import { MOST_SERIES, MOST_STEPS, seasonIn } from "./season.js";

const LONGEST = 10_000_000;
const EMPTY = 20; // steps of a series; steps for each row of a longer one
const FAR = 10; // a gap gets a note if it is so many times as long as the series has rows
const END = Date.UTC(2262, 3, 11); // what nanoseconds hold

function requireSteps({ name, steps }, frequency) {
  const length = steps.at(-1) + 1;
  if (length > LONGEST && Math.floor(length / EMPTY) > steps.length)
    unread(`series ${name} has ${steps.length} rows on ${length} steps of ${frequency.alias}`);
  const gaps = steps.slice(1).map((step, row) => step - steps[row]);
  if (gaps.includes(0)) unread(`two rows of series ${name} fall on one step of ${frequency.alias}`);
  const wide = gaps.length >= 3 ? gapSizes(gaps) : null;
  if (wide && wide.common > 1 && 2 * wide.share > 1)
    unread(`the rows of series ${name} lie ${wide.common} steps of ${frequency.alias} apart`);
}

function* endNotes(series, frequency, dated) {
  const rows = series.map(({ values }) => values.findLastIndex((value) => !Number.isNaN(value)));
  const ends = series.map(({ times }, lane) => times[rows[lane]]).filter((time) => time !== undefined);
  const last = ends.reduce((a, b) => Math.max(a, b), -Infinity);
  const early = series.filter(({ times }, lane) => rows[lane] >= 0 && frequency.steps(times[rows[lane]], last) > 1);
  if (early.length) {
    const fault = `${early.length} of ${series.length} series end before ${written([last], dated)[0]}`;
    const own = "their forecasts begin after their own last rows";
    yield `${fault}, the last time of the table, such as ${early[0].name}; ${own}`;
  }
  for (const { name, steps, times } of series) {
    const row = steps.findIndex((step, index) => index > 0 && step - steps[index - 1] > FAR * steps.length);
    if (row > 0) {
      const [from, to] = written([times[row - 1], times[row]], dated);
      const fault = `series ${name} has no row for ${steps[row] - steps[row - 1] - 1} steps between ${from} and ${to}`;
      yield `${fault}; one of these times may be wrong`;
      return;
    }
  }
}

// The last values of a series, NaN where missing; at most `most` steps.
export function laneOf({ steps, values }, most) {
  const length = steps.at(-1) + 1;
  const width = Math.min(most, length);
  const lane = new Float64Array(width).fill(NaN);
  for (let row = steps.length - 1; row >= 0 && steps[row] >= length - width; row -= 1)
    lane[steps[row] - length + width] = values[row];
  return lane;
}

// The times after the last row of a series.
export function futureOf({ times }, frequency, horizon, dated) {
  const after = frequency.after(times, horizon);
  if (dated ? !(after.at(-1) < END) : !Number.isSafeInteger(after.at(-1)))
    unread("the times of the forecast are too far ahead");
  return after;
}

// Puts series on their grid. Returns them with `steps`, the frequency, the seasons in steps, and notes.
export function makePanel({ series, dated, notes }) {
  const frequency = inferFrequency(series, dated);
  const placed = series.map((one) => ({ ...one, steps: one.times.map((time) => frequency.steps(one.times[0], time)) }));
  placed.forEach((one) => requireSteps(one, frequency));
  const lanes = () => placed.slice(0, MOST_SERIES).map((one) => laneOf(one, MOST_STEPS));
  const seasons = dated ? frequency.seasons : seasonIn(lanes());
  return { series: placed, dated, frequency, seasons, notes: [...notes, ...endNotes(placed, frequency, dated)] };
}
