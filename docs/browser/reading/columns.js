// Which column names the series, which holds times and which values. What is not plain has to be chosen by the user.

import { refuse } from "./refused.js";
import { looksLikeNumbers } from "./numbers.js";
import { looksLikeTimes } from "./times.js";

const ID_NAMES = ["unique_id", "item_id", "series_id", "id", "series"];
const TIME_NAMES = [
  "ds",
  "timestamp",
  "datetime",
  "date",
  "time",
  "year",
  "month",
  "t",
  "step",
  "index",
  "ts",
  "dt",
  "period",
  "epoch",
];
const TARGET_NAMES = ["y", "value", "target", "values"];
const KEY = /(^|[_ -])(id|nr|no|key|code)$|[a-z](ID|Id|Nr|No)$/; // this and the next two as in the library
const THING = new RegExp(
  "^(store|shop|sku|item|product|article|region|customer|client|station|sensor|device|meter|site|branch|department" +
    "|dept|warehouse|plant|account|machine|location)([_ ]?(id|nr|no|num|number|code))?$",
  "i",
);
const REMARK = new RegExp(
  "^(weather|wetter|conditions?|holidays?|feiertage?|events?|notes?|comments?|kommentar|remarks?|bemerkung|flags?" +
    "|quality|status|weekday|wochentag|dow|day_?of_?week|day_?name|month_?name|season)$",
  "i",
);
export const NONE = "\n"; // the choice of no column of names, which is the name of none

const POWER = /^[-+]?[\d.]+[eE][-+]?\d+$/; // the library takes a column of these for times unless one is called ds
const CLOCK = /hour|hr$|minute|second|clock|time|hhmm|stunde|uhr/i; // what a date beside it may lack

function timesOf(table, free) {
  if (free.includes("ds")) return "ds";
  const dated = free.filter((name) => looksLikeTimes(table.columns.get(name).filter((cell) => cell !== "")));
  const clock = free.find((name) => name !== dated[0] && CLOCK.test(name));
  if (dated.length === 1 && clock)
    refuse(`${clock} may belong to the times of ${dated[0]}; choose the column of times below`);
  const powers = free.find((name) => table.columns.get(name).some((cell) => POWER.test(cell)));
  if (powers !== undefined)
    refuse(`${powers} holds powers of ten, which may be times; choose the column of times below`);
  if (dated.length === 1) return dated[0];
  const known = free.filter((name) => TIME_NAMES.includes(name.toLowerCase()));
  if (!dated.length && known.length === 1) return known[0];
  return refuse("the column of times is not clear; choose it below");
}

// Whether a column holds several names of which one occurs twice.
function repeats(cells) {
  const filled = cells.filter((cell) => cell !== "");
  const names = new Set(filled).size;
  return names > 1 && names < filled.length;
}

function mayName(table, name) {
  const cells = table.columns.get(name);
  const key = KEY.test(name) || THING.test(name);
  if (TARGET_NAMES.includes(name.toLowerCase()) || REMARK.test(name) || (looksLikeNumbers(cells) && !key)) return false;
  return repeats(cells);
}

function idsOf(table, free) {
  const customary = ID_NAMES.flatMap((known) => free.filter((name) => name.toLowerCase() === known));
  const cells = (name) => table.columns.get(name);
  const several = (name) => new Set(cells(name)).size > 1;
  const numbersRows = (name) =>
    looksLikeNumbers(cells(name)) && new Set(cells(name)).size === table.lines.length && several(name);
  const [first] = customary;
  if (customary.length === 1 && !numbersRows(first) && (first.toLowerCase() === ID_NAMES[0] || several(first)))
    return first;
  const doubtful = free.filter((name) => customary.includes(name) || mayName(table, name));
  if (doubtful.length) refuse(`${doubtful.join(", ")} may name the series; choose the column of names below, or none`);
  return null;
}

function targetOf(table, free) {
  for (const known of TARGET_NAMES) {
    const found = free.find((name) => name.toLowerCase() === known);
    if (found !== undefined) return found;
  }
  const numeric = free.filter((name) => looksLikeNumbers(table.columns.get(name)));
  return numeric.length === 1 ? numeric[0] : refuse("the column of values is not clear; choose it below");
}

// Returns the names of the columns of ids (null if all rows are one series), times and values.
export function rolesOf(table, chosen = {}) {
  const named = [chosen.id === NONE ? "" : chosen.id, chosen.time, chosen.target].filter(Boolean);
  for (const name of named) {
    if (!table.columns.has(name)) refuse(`there is no column ${name}; there are ${table.names.join(", ")}`);
  }
  const twice = named.find((name, index) => named.indexOf(name) !== index);
  if (twice !== undefined) refuse(`${twice} has two roles; choose different columns`);
  const free = (...taken) => table.names.filter((name) => !taken.includes(name));
  const time = chosen.time || timesOf(table, free(...named));
  const id = chosen.id === NONE ? null : chosen.id || idsOf(table, free(...named, time));
  return { id, time, target: chosen.target || targetOf(table, free(...named, time, id)) };
}
