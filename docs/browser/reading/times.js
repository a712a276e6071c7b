// Times: ISO dates with or without a clock, ISO months, or whole numbers that count steps.
// A time is a number: milliseconds since 1970 by the clock of the table, or the count itself.

import { refuse, unread } from "./refused.js";

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?$/;
const MONTH = /^(\d{4})-(\d{2})$/;
const COUNT = /^-?(0|[1-9]\d*)$/;
const YEARS = [1000, 2261]; // what the library reads as a year, and what nanoseconds hold
const SHORT = 9999;
const EARLY = 999;
const MOST = 1e9; // counts of more digits may be dates or seconds since 1970

export const looksLikeTimes = (cells) => cells.length > 0 && cells.every((cell) => ISO.test(cell) || MONTH.test(cell));

// The milliseconds of a date, NaN where there is no such date. `Date.UTC` would turn 30 February into 1 March.
function moment(match) {
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((index) => Number(match[index] ?? 0));
  const whole = Date.UTC(year, month - 1, day || 1, hour, minute, second);
  const back = new Date(whole);
  const same =
    back.getUTCFullYear() === year &&
    back.getUTCMonth() === month - 1 &&
    back.getUTCDate() === (day || 1) &&
    back.getUTCHours() === hour &&
    back.getUTCMinutes() === minute &&
    second < 60;
  return same && year >= YEARS[0] && year <= YEARS[1] ? whole + Number((match[7] ?? "0").padEnd(3, "0")) : NaN;
}

function read(name, cells, lines, pattern) {
  return Float64Array.from(cells, (cell, row) => {
    const found = moment(pattern.exec(cell));
    if (Number.isNaN(found))
      refuse(`column ${name} holds ${cell} in line ${lines[row]}, and there is no such time; mend the row`);
    return found;
  });
}

// 2015-01 to 2015-04, 2016-01: the numbers beside the years may be quarters.
function requireMonths(name, times) {
  const months = [...times].map((time) => new Date(time));
  const most = Math.max(...new Set(months.map((time) => time.getUTCMonth() + 1)));
  const years = new Set(months.map((time) => time.getUTCFullYear()));
  if ((most === 2 || most === 4) && years.size > 1)
    unread(`column ${name} holds no month above ${most}, so its numbers may be parts of a year`);
}

function counted(name, cells) {
  const numbers = Float64Array.from(cells, Number);
  const distinct = [...new Set(numbers)];
  const least = distinct.reduce((a, b) => Math.min(a, b));
  const most = distinct.reduce((a, b) => Math.max(a, b));
  const few = least < 0 ? Math.max(-least, most) < MOST : most <= SHORT || (least <= EARLY && most < MOST);
  if (!few) unread(`the numbers of column ${name} may be dates or seconds, such as ${cells[0]}`);
  const parts = distinct.map((number) => number % 100);
  const several = new Set(distinct.map((number) => Math.floor(number / 100))).size > 1 && distinct.length >= 8;
  if (several && least >= 1000 && most <= SHORT && parts.every((part) => part >= 1 && part <= 53)) {
    unread(`the numbers of column ${name} may be years and months, such as ${cells[0]}`);
  }
  return numbers;
}

// Returns the times, and whether they are dates.
export function readTimes(name, cells, lines) {
  const empty = cells.indexOf("");
  if (empty >= 0) refuse(`column ${name} is empty in line ${lines[empty]}; fill it or drop the row`);
  if (cells.every((cell) => COUNT.test(cell))) return { times: counted(name, cells), dated: false };
  if (cells.every((cell) => MONTH.test(cell))) {
    const times = read(name, cells, lines, MONTH);
    requireMonths(name, times);
    return { times, dated: true };
  }
  const bad = cells.findIndex((cell) => !ISO.test(cell));
  if (bad >= 0) {
    const fault = `column ${name} holds ${JSON.stringify(cells[bad].slice(0, 60))} in line ${lines[bad]}`;
    unread(`${fault}, which is not a time such as 2026-01-31, 2026-01-31 14:00 or 7`);
  }
  return { times: read(name, cells, lines, ISO), dated: true };
}

// Writes times as pandas does: dates where all are midnights.
export function written(times, dated) {
  if (!dated) return [...times].map(String);
  const texts = [...times].map((time) => new Date(time).toISOString().slice(0, 23).replace("T", " "));
  const end = texts.every((text) => text.endsWith(" 00:00:00.000"))
    ? 10
    : texts.every((text) => text.endsWith(".000"))
      ? 19
      : 23;
  return texts.map((text) => text.slice(0, end));
}
