// A chart of values, a forecast and its band, in the colours of the page; uPlot draws it.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const clock = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"); // times are those of the clock

function axis(extra) {
  return { stroke: colour("--soft"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid") }, ...extra };
}

// Draws into `place`; `data` has x, and for each x or null: value, middle, low, high, mark. `pointed` is told the index.
export function draw(place, data, { dated, level, pointed }) {
  const rings = { show: true, size: 10, stroke: colour("--orange"), width: 2, fill: "transparent" };
  const line = (label, name, extra) => ({ label, stroke: colour(name), width: 1.5, points: { show: false }, ...extra });
  const hidden = { stroke: "transparent", points: { show: false } };
  const few = data[1].filter((value) => value !== null).length < 60;
  const options = {
    width: place.clientWidth,
    height: place.clientHeight,
    legend: { show: false },
    tzDate: clock,
    scales: { x: { time: dated } },
    axes: [axis({}), axis({ size: 64 })],
    cursor: { drag: { x: true, y: false } },
    series: [
      {},
      line("value", "--ink", { points: { show: few, size: 4, fill: colour("--ink") } }),
      line("median", "--blue", { width: 2 }),
      { label: `low ${level}`, ...hidden },
      { label: `high ${level}`, ...hidden },
      { label: "marked", stroke: "transparent", points: rings },
    ],
    bands: [{ series: [4, 3], fill: colour("--band") }],
    hooks: { setCursor: [(chart) => pointed && pointed(chart.cursor.idx)] },
  };
  place.replaceChildren();
  return new uPlot(options, data, place);
}

// Draws again where the width or the colours have changed.
export function keepDrawn(place, again) {
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth !== width && place.clientWidth) {
      width = place.clientWidth;
      again();
    }
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}
