// The live tab: the newest rows of a watched stream, asked for every two seconds while the tab is shown.

import { ask } from "./ask.js";
import { draw, keepDrawn } from "./chart.js";
import { digits, rows } from "./parts.js";

const at = (id) => document.getElementById(id);
const EVERY = 2000; // milliseconds: a watch writes a batch a second at most
const KEPT = 2000; // rows of a series: more than a chart has pixels
const RARE = 0.999;
const series = new Map();
let place = 0;
let timer = null;

export function live(shown) {
  clearInterval(timer);
  timer = null;
  at("live-none").hidden = shown || series.size > 0;
  at("live-some").hidden = !shown;
  if (!shown) return;
  if (at("live-pause").getAttribute("aria-pressed") === "false") timer = setInterval(follow, EVERY);
  follow();
}

async function follow() {
  const answer = await ask("/page/live", { place });
  if (!answer) return;
  const found = await answer.json();
  if (found.place < place) series.clear();
  place = found.place;
  for (const [name, ...row] of found.rows) {
    if (!series.has(name)) {
      series.set(name, []);
      at("live-series").add(new Option(name));
    }
    const own = series.get(name);
    own.push(row);
    if (own.length > KEPT) own.shift();
  }
  if (found.rows.length) picture();
}

// A time as text, such as 2026-01-31 14:00:00, in seconds of the clock; a number is itself.
function moment(text) {
  const number = Number(text);
  if (Number.isFinite(number)) return [number, false];
  const plain = text.trim().replace(" ", "T").replace(/(Z|[+-]\d\d:?\d\d)$/, "");
  const seconds = Date.parse(plain.length === 10 ? `${plain}T00:00:00Z` : `${plain}Z`) / 1000;
  return [seconds, true];
}

function picture() {
  const own = series.get(at("live-series").value);
  if (!own || at("live-some").hidden) return;
  const moments = own.map((row) => moment(row[0]));
  const order = own.map((_, index) => index).filter((index) => Number.isFinite(moments[index][0]));
  order.sort((a, b) => moments[a][0] - moments[b][0]);
  const column = (index) => order.map((row) => own[row][index]);
  const marked = order.map((row) => (own[row][5] >= RARE ? own[row][1] : null));
  const data = [order.map((row) => moments[row][0]), column(1), column(2), column(3), column(4), marked];
  draw(at("live-chart"), data, { dated: moments.some(([, dated]) => dated), level: 80 });
  const rare = [...own].filter((row) => row[5] > 0.99).sort((a, b) => b[5] - a[5]).slice(0, 10);
  const line = ([time, value, expected, , , score]) => [time, digits(value), digits(expected), score.toFixed(4)];
  rows(at("live-rows"), ["Time", "Value", "Expected", "Score"], rare.map(line));
}

at("live-series").onchange = picture;
at("live-pause").onclick = () => {
  const paused = at("live-pause").getAttribute("aria-pressed") === "false";
  at("live-pause").setAttribute("aria-pressed", paused);
  at("live-pause").textContent = paused ? "Go on" : "Pause";
  live(true);
};
keepDrawn(at("live-chart"), picture);
