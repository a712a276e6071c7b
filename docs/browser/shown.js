// What the page shows of a table: how it was read, and the past of a series in its chart.

import { written } from "./reading/times.js";

const MOST_PAST = 1_500; // steps of the past in a chart: one for each pixel of a wide one
const pastSteps = (horizon) => Math.min(MOST_PAST, 3 * Math.max(48, 4 * horizon)); // as on the page of the server

// Names and texts of how a table was read.
export function factsOf({ series, dated, frequency, roles, rows }) {
  const all = (reach) => reach(series.flatMap(({ times }) => [times[0], times.at(-1)]));
  const ends = [
    all((times) => times.reduce((a, b) => Math.min(a, b))),
    all((times) => times.reduce((a, b) => Math.max(a, b))),
  ];
  const [first, last] = written(ends, dated);
  const missing = series.reduce(
    (sum, { steps, values }) => sum + steps.at(-1) + 1 - values.filter((value) => !Number.isNaN(value)).length,
    0,
  );
  const count = series.length.toLocaleString("en");
  return [
    ["Series", roles.id === null ? count : `${count}, named by ${roles.id}`],
    ["Times", `${roles.time}, ${first} to ${last}`],
    ["Values", roles.target],
    ["Step", frequency.alias],
    ["Rows", rows.toLocaleString("en")],
    ["Missing values", missing.toLocaleString("en")],
  ];
}

// The last rows of a series, with an empty one where rows are missing, so that the line breaks.
export function pastOf({ times, steps, values }, dated, horizon) {
  const end = values.findLastIndex((value) => !Number.isNaN(value));
  const first = steps[Math.max(end, 0)] - pastSteps(horizon);
  const past = { dated, x: [], y: [], at: [] };
  steps.forEach((step, row) => {
    if (step <= first) return;
    const value = Number.isNaN(values[row]) ? null : values[row];
    const gap = past.at.length > 0 && step - steps[row - 1] > 1;
    for (const one of gap ? [null, value] : [value]) {
      past.at.push(times[row]);
      past.y.push(one);
    }
  });
  past.x = dated ? past.at.map((time) => time / 1000) : past.at;
  return { ...past, t: written(past.at, dated) };
}
