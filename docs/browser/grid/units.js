// Lengths of time in milliseconds, and the calendar of a moment. All times are those of the table's own clock.

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;
export const YEAR = 365.25 * DAY; // a mean over four years, because seasons follow the sun

export const dayOf = (time) => Math.floor(time / DAY);
export const clockOf = (time) => time - dayOf(time) * DAY;
export const weekdayOf = (day) => (((day - 4) % 7) + 7) % 7; // Monday is 0; 1970-01-05 was one

export function monthOf(day) {
  const date = new Date(day * DAY);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

export const firstOf = (month) => Math.floor(Date.UTC(Math.floor(month / 12), ((month % 12) + 12) % 12, 1) / DAY);
