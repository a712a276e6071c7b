// A series with its forecast: as a chart, and as rows of a table.
// `found` has `past` {x, t, y, dated}, `ahead` {x, t, point, low, high} and `level`, the per cent of the band.

import { draw } from "./chart.js";
import { digits, rows } from "./parts.js";

// Draws into `place`; `pointed` is the line below it that names what the pointer shows.
export function drawForecast(place, pointed, found) {
  const { past, ahead, level } = found;
  const before = past.x.map(() => null);
  const after = ahead.x.map(() => null);
  const last = past.y.length - 1; // the band begins at the last value, so that no gap is between
  const joint = (values) => [...before.slice(0, last), past.y[last], ...values];
  const data = [
    [...past.x, ...ahead.x], [...past.y, ...after], joint(ahead.point), joint(ahead.low), joint(ahead.high),
    [...before, ...after],
  ];
  const times = [...past.t, ...ahead.t];
  const shown = (index) => {
    if (index === null || index === undefined) return;
    const step = index - past.x.length;
    const text = step < 0 ? digits(past.y[index]) || "missing"
      : `${digits(ahead.point[step])}, ${level} % between ${digits(ahead.low[step])} and ${digits(ahead.high[step])}`;
    pointed.textContent = `${times[index]}: ${text}`;
  };
  pointed.textContent = `The line ahead is the median, and ${level} of 100 values should lie in the band.`;
  draw(place, data, { dated: past.dated, level, pointed: shown });
}

export function listForecast(table, { ahead, level }) {
  const { t, point, low, high } = ahead;
  const head = ["Time", "Median", `Low ${level} %`, `High ${level} %`];
  rows(table, head, t.map((time, i) => [time, digits(point[i]), digits(low[i]), digits(high[i])]));
}
