// The step that the times of a table show. Every gap has to be a whole number of steps; jitter is refused.

import { refuse, unread } from "../reading/refused.js";
import { gapSizes } from "./gaps.js";
import { keepsOpeningHours } from "./hours.js";
import { inferMonths } from "./months.js";
import { fixedSteps } from "./steps.js";
import { DAY, WEEK, clockOf, dayOf, monthOf } from "./units.js";
import { inferWeekdays } from "./weekdays.js";

const HALF = 0.5; // the share of gaps that have to be one step, so that most steps have a row
const IRREGULAR = "the rows have no common step of which all gaps are multiples";

const pairsOf = (series) => series.flatMap(({ times }) => times.slice(1).map((time, row) => [times[row], time]));

function fixedSize(sizes) {
  const usual = sizes.total < 3 || sizes.share >= HALF;
  return usual && sizes.distinct.every((size) => size % sizes.common === 0) ? sizes.common : null;
}

// Steps of a day or more: their rows keep one clock.
function inferDays(times, pairs, sizes, size) {
  if (new Set(times.map(clockOf)).size > 1) unread("the rows are a day or more apart and keep no common clock");
  const days = [...new Set(times.map(dayOf))].sort((a, b) => a - b);
  const whole = sizes.distinct.every((gap) => gap % DAY === 0);
  const weekdays = sizes.common < WEEK && whole ? inferWeekdays(pairs, days, sizes.common) : null;
  if (weekdays) return weekdays;
  const months = gapSizes(pairs.map(([a, b]) => monthOf(dayOf(b)) - monthOf(dayOf(a))));
  return inferMonths(months, days, sizes) ?? (size === null ? unread(IRREGULAR) : fixedSteps(size, false));
}

// Infers the step of series whose times ascend, each once.
export function inferFrequency(series, dated) {
  const pairs = pairsOf(series);
  const sizes = gapSizes(pairs.map(([a, b]) => b - a));
  if (!dated && !pairs.length) return fixedSteps(1, true);
  if (!pairs.length)
    refuse("no series has two rows that show the step; give more rows, or use `segue forecast --freq`");
  const size = fixedSize(sizes);
  if (!dated) return size === null ? unread(IRREGULAR) : fixedSteps(size, true);
  const times = series.flatMap((one) => one.times);
  if (size === null && sizes.common < DAY) unread(IRREGULAR);
  if (size === null || size >= DAY) return inferDays(times, pairs, sizes, size);
  if (keepsOpeningHours(times, size)) unread("the rows stand at opening hours, and the steps between would be empty");
  return fixedSteps(size, false);
}
