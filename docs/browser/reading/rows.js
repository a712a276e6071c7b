// From a table of text to series: sorted by name and time, each time once.

import { refuse } from "./refused.js";
import { readNumbers } from "./numbers.js";
import { readTimes, written } from "./times.js";

const WHOLE = /^-?(0|[1-9]\d{0,17})$/;

// Names in ascending order, whole numbers by size as in the library.
function ordered(names) {
  const numbers = names.every((name) => WHOLE.test(name) && name !== "-0");
  return names.sort(numbers ? (a, b) => Number(BigInt(a) - BigInt(b)) : (a, b) => (a < b ? -1 : Number(a > b)));
}

// Rows without a time and a value are none, as in the library.
function filled(table, { time, target }) {
  const times = table.columns.get(time);
  const values = table.columns.get(target);
  const kept = times.map((_, row) => row).filter((row) => times[row] !== "" || values[row] !== "");
  if (!kept.length) refuse("the table has no rows; give at least one");
  const part = (cells) => kept.map((row) => cells[row]);
  return { lines: part(table.lines), column: (name) => part(table.columns.get(name)) };
}

function group(ids, times, values) {
  const rows = new Map();
  ids.forEach((name, row) => (rows.has(name) ? rows.get(name).push(row) : rows.set(name, [row])));
  return ordered([...rows.keys()]).map((name) => {
    const own = rows.get(name).sort((a, b) => times[a] - times[b] || a - b);
    return { name, times: own.map((row) => times[row]), values: own.map((row) => values[row]) };
  });
}

function requireOnce(series, dated) {
  for (const { name, times } of series) {
    const twice = times.findIndex((time, row) => row > 0 && time === times[row - 1]);
    if (twice >= 0) {
      const time = written([times[twice]], dated)[0];
      refuse(
        `${time} occurs twice in series ${name}; keep one row, choose the column of names, ` +
          "or use `segue forecast --duplicates`",
      );
    }
  }
}

// If every series with values ends with rows without one, these are rows to forecast: they are left out.
function withoutRowsAhead(series, notes) {
  const last = ({ values }) => values.findLastIndex((value) => !Number.isNaN(value));
  const known = series.filter((one) => last(one) >= 0);
  if (!known.length || !known.every((one) => last(one) < one.values.length - 1)) return series;
  const count = known.reduce((sum, one) => sum + one.values.length - 1 - last(one), 0);
  notes.push(
    `rows without a value at the end: ${count}; they are taken as rows to forecast, right after the last value`,
  );
  return series.map((one) => {
    const end = last(one) >= 0 ? last(one) + 1 : one.values.length;
    return { name: one.name, times: one.times.slice(0, end), values: one.values.slice(0, end) };
  });
}

// Returns the series, whether times are dates, and notes for the user.
export function readRows(table, roles) {
  const { lines, column } = filled(table, roles);
  const ids = roles.id === null ? lines.map(() => roles.target) : column(roles.id);
  const empty = ids.findIndex((name) => name === "");
  if (empty >= 0) refuse(`column ${roles.id} is empty in line ${lines[empty]}; fill it or drop the row`);
  const { times, dated } = readTimes(roles.time, column(roles.time), lines);
  const others = table.names.filter((name) => name !== roles.target);
  const certain =
    table.delimiter === "," && !others.some((name) => table.columns.get(name).some((cell) => cell.includes(",")));
  const values = readNumbers(roles.target, column(roles.target), lines, certain);
  const series = group(ids, times, values);
  requireOnce(series, dated);
  const notes = [];
  return { series: withoutRowsAhead(series, notes), dated, notes };
}
