// Plain numbers with a decimal point. What may be a decimal comma, a thousand, a unit or a currency is refused.

import { refuse, unread } from "./refused.js";

export const MISSING = new Set([
  "",
  "-",
  "--",
  "?",
  ".",
  "..",
  "NA",
  "na",
  "N/A",
  "n/a",
  "NaN",
  "nan",
  "NAN",
  "NULL",
  "null",
  "Null",
  "None",
  "none",
  "#N/A",
  "<NA>",
]);
export const NUMBER = /^[-+]?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d{1,3})?$/;
const WHOLE = /^-?(0|[1-9]\d{0,17})$/; // the library reads a column of these as whole numbers, whatever else it holds
const OPEN = /^[1-9]\d{0,2}\.\d{3}$/; // 1.234 may be a thousand
const LARGEST = 1e150; // as in the library: the square of a much larger number overflows

export function looksLikeNumbers(cells) {
  const given = cells.filter((cell) => !MISSING.has(cell));
  return given.length > 0 && given.every((cell) => NUMBER.test(cell));
}

// Refuses a column whose points may separate thousands, by the rules of the library (numbers/separators.py).
function requirePoints(name, given, certain) {
  const bare = given.map((cell) => cell.replace(/^[-+]/, ""));
  const open = bare.find((cell) => OPEN.test(cell));
  if (open === undefined) return;
  const whole = bare.filter((cell) => /^\d+$/.test(cell)).map((cell) => cell.replace(/^0+/, ""));
  const pointed = bare.filter((cell) => cell.includes("."));
  const parts = pointed.map((cell) => cell.split(".")[0]);
  const clear = pointed.some((cell) => !OPEN.test(cell));
  const leaps =
    whole.length > 0 &&
    whole.every((digits) => digits.length === 3) &&
    parts.every((digits) => digits.length === 1 && digits !== "0");
  if (clear ? leaps : whole.length || !certain) unread(`${open} of column ${name} may hold thousands or decimals`);
}

// Returns the numbers of a column, NaN where missing. `certain` says that commas stand between cells and in none.
export function readNumbers(name, cells, lines, certain) {
  const values = new Float64Array(cells.length).fill(NaN);
  cells.forEach((cell, row) => {
    if (MISSING.has(cell)) return;
    if (!NUMBER.test(cell))
      unread(
        `column ${name} holds ${JSON.stringify(cell.slice(0, 60))} in line ${lines[row]}, which is not a plain number`,
      );
    values[row] = Number(cell);
    if (Math.abs(values[row]) > LARGEST)
      refuse(`column ${name} is too large (${cell}) in line ${lines[row]}; give it in another unit`);
  });
  const given = cells.filter((cell) => !MISSING.has(cell));
  if (!given.length) refuse(`column ${name} holds no number; name a column of numbers`);
  if (!cells.every((cell) => WHOLE.test(cell))) requirePoints(name, given, certain);
  return values;
}
