// Steps from weekday to weekday, such as business days; a missing one, such as a holiday, is a step without a row.

import { DAY, clockOf, dayOf, weekdayOf, YEAR } from "./units.js";

const NAMES = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const BUSINESS = [0, 1, 2, 3, 4];
const CHANCE = 1e-3; // the probability that a weekday lacks rows by chance
const MONDAY = 4;

function aliasOf(days) {
  if (days.join() === BUSINESS.join()) return "B";
  const begins = days.filter((day) => !days.includes((day + 6) % 7));
  if (begins.length === 1 && days.length > 2) return `${NAMES[begins[0]]}-${NAMES[(begins[0] + days.length - 1) % 7]}`;
  return days.map((day) => NAMES[day]).join(",");
}

export function weekdaySteps(days) {
  const upto = (weekday) => days.filter((day) => day <= weekday).length - 1;
  const index = (day) => Math.floor((day - MONDAY) / 7) * days.length + upto(weekdayOf(day));
  const dayAt = (number) =>
    MONDAY + 7 * Math.floor(number / days.length) + days[((number % days.length) + days.length) % days.length];
  return {
    alias: aliasOf(days),
    seasons: [days.length, ((YEAR / DAY) * days.length) / 7],
    steps: (first, time) => index(dayOf(time)) - index(dayOf(first)),
    after: (times, horizon) => {
      const last = index(dayOf(times.at(-1)));
      return Array.from({ length: horizon }, (_, step) => dayAt(last + step + 1) * DAY + clockOf(times[0]));
    },
  };
}

// Some weekdays of every week, where the others lack rows more often than by chance; null where there are none.
// `pairs` are neighbouring times, `days` all distinct days, ascending, and `common` is the most common gap.
export function inferWeekdays(pairs, days, common) {
  const counts = Array(7).fill(0);
  const every = Array(7).fill(0);
  for (const day of days) counts[weekdayOf(day)] += 1;
  for (let day = days[0]; day <= days.at(-1); day += 1) every[weekdayOf(day)] += 1;
  const seen = NAMES.map((_, day) => day).filter((day) => counts[day]);
  if (seen.length < 2 || seen.length > 6) return null;
  const daily = common === DAY;
  const weekend = pairs.some(([a, b]) => b - a === 3 * DAY && weekdayOf(dayOf(a)) === 4);
  if (daily && seen.every((day) => BUSINESS.includes(day)) && weekend) return weekdaySteps(BUSINESS);
  const found = weekdaySteps(seen);
  const steps = pairs.map(([a, b]) => found.steps(a, b));
  if (steps.filter((step) => step === 1).length / steps.length < 0.5) return null;
  const lacking = Math.min(...every.filter((_, day) => !counts[day]));
  const present = steps.length / steps.reduce((sum, step) => sum + step, 0);
  const enough = daily ? lacking >= 3 : lacking >= 1 && Math.min(...counts.filter(Boolean)) >= 2;
  return enough && 7 * (1 - present) ** lacking < CHANCE ? found : null;
}
