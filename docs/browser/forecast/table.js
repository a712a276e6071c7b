// A file in, its series on a grid; and the forecast of a series as columns and as CSV, with the names of the library.

import { readCsv, decode } from "../reading/csv.js";
import { rolesOf } from "../reading/columns.js";
import { refuse } from "../reading/refused.js";
import { readRows } from "../reading/rows.js";
import { written } from "../reading/times.js";
import { futureOf, makePanel } from "../grid/panel.js";
import { predict } from "./predict.js";
import { atLevels, boundsOf } from "./quantiles.js";

export const MOST_STEPS = 2_000; // ahead; more take minutes

export function openTable(bytes) {
  return readCsv(decode(bytes));
}

export function readTable(table, chosen) {
  const roles = rolesOf(table, chosen);
  return { ...makePanel(readRows(table, roles)), roles, rows: table.lines.length };
}

export function requireOptions(horizon, percent) {
  if (!(Number.isInteger(horizon) && horizon >= 1)) refuse(`steps ahead ${horizon}: give a whole number of at least 1`);
  if (horizon > MOST_STEPS)
    refuse(`steps ahead ${horizon}: this page makes at most ${MOST_STEPS}; use \`segue forecast\` for more`);
  if (!(percent >= 1 && percent <= 98)) refuse(`band ${percent}: give a percentage from 1 to 98`);
}

// Returns the times ahead as numbers and as text, and the median, low and high of each; null where there is no value.
export async function forecastSeries(model, panel, series, horizon, percent, pause) {
  requireOptions(horizon, percent);
  const times = futureOf(series, panel.frequency, horizon, panel.dated);
  const quantiles = await predict(model, series, panel.seasons, horizon, pause);
  const [low, high] = boundsOf(percent);
  const column = (level) =>
    Array.from({ length: horizon }, (_, step) => (quantiles ? atLevels(quantiles[step], [level])[0] : null));
  return { x: times, t: written(times, panel.dated), point: column(0.5), low: column(low), high: column(high) };
}

// The names of the columns of a forecast.
export function headOf(roles, model, percent) {
  return [roles.id ?? "unique_id", roles.time, model, `${model}-lo-${percent}`, `${model}-hi-${percent}`];
}
