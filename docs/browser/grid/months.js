// Steps of whole calendar months: months, quarters, years, at their first day, their last day, or another one.

import { DAY, clockOf, dayOf, firstOf, monthOf, weekdayOf } from "./units.js";

const MOST_SPREAD = 4; // days between the days of the month that months keep: the last trading day is up to 4 early
const UNITS = [
  ["Y", 12],
  ["Q", 3],
  ["M", 1],
];
const NAMES = {
  start: (unit) => `${unit}S`,
  end: (unit) => `${unit}E`,
  "business start": (unit) => `B${unit}S`,
  "business end": (unit) => `B${unit}E`,
  same: (unit) => unit,
};

function roll(day, step) {
  let found = day;
  while (weekdayOf(found) > 4) found += step;
  return found;
}

// The day of an anchor in a month; for `same`, it is `offset` days after the first, or the last day.
function onAnchor(month, anchor, offset) {
  const start = firstOf(month);
  const end = firstOf(month + 1) - 1;
  if (anchor === "start") return start;
  if (anchor === "end") return end;
  if (anchor === "business start") return roll(start, 1);
  if (anchor === "business end") return roll(end, -1);
  return Math.min(start + offset, end);
}

function anchorOf(days) {
  const anchors = ["start", "end", "business start", "business end"];
  return anchors.find((anchor) => days.every((day) => onAnchor(monthOf(day), anchor, 0) === day)) ?? "same";
}

export function monthSteps(count, anchor) {
  const [unit, size] = UNITS.find(([, one]) => count % one === 0);
  const steps = (first, time) =>
    Math.floor((monthOf(dayOf(time)) - monthOf(dayOf(first)) + Math.floor(count / 2)) / count);
  return {
    alias: count === size ? NAMES[anchor](unit) : `${count / size}${NAMES[anchor](unit)}`,
    seasons: count < 12 && 12 % count === 0 ? [12 / count] : [],
    steps,
    after: (times, horizon) => {
      const first = times[0];
      const last = steps(first, times.at(-1));
      const offset = times.reduce((most, time) => Math.max(most, dayOf(time) - firstOf(monthOf(dayOf(time)))), 0);
      const begin = monthOf(dayOf(first));
      return Array.from(
        { length: horizon },
        (_, step) => onAnchor(begin + (last + step + 1) * count, anchor, offset) * DAY + clockOf(first),
      );
    },
  };
}

const range = (numbers) => numbers.reduce((a, b) => Math.max(a, b)) - numbers.reduce((a, b) => Math.min(a, b));

// Calendar months, where they explain more gaps than days do and the rows keep a day of the month, or nearly.
// `months` are the gaps in months; null where there are none.
export function inferMonths(months, days, sizes) {
  if (sizes.common < 28 * DAY) return null;
  const { common: count, share, distinct } = months;
  const spread = Math.min(
    range(days.map((day) => day - firstOf(monthOf(day)))),
    range(days.map((day) => firstOf(monthOf(day) + 1) - day)),
  );
  const anchor = anchorOf(days);
  const keeps = spread === 0 || anchor !== "same";
  const worse = share < sizes.share || (share === sizes.share && !keeps);
  if (count < 1 || worse || (months.total >= 3 && share < 0.5) || distinct.some((apart) => apart % count)) return null;
  const varies = spread > MOST_SPREAD || new Set(days.map(weekdayOf)).size === 1;
  return keeps || !varies ? monthSteps(count, anchor) : null;
}
