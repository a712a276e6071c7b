// The page: a table in, its forecast out, all in this tab.

import { NONE } from "./reading/columns.js";
import { Refused } from "./reading/refused.js";
import { forecastSeries, headOf, openTable, readTable, requireOptions } from "./forecast/table.js";
import { factsOf, pastOf } from "./shown.js";
import { RUNTIME, modelOf } from "./models.js";
import { keepDrawn } from "./shared/chart.js";
import { drawForecast, listForecast } from "./shared/future.js";
import { takeTables } from "./shared/given.js";
import { asCsv, element, save, show } from "./shared/parts.js";

const at = (id) => document.getElementById(id);
const ROLES = ["id", "time", "target"];
const CONTROLS = ["series", "horizon", "level", "model"];
const NAMES = { nanotst: "NanoTST", "nanotst-small": "NanoTST-small" };
const UNBUILT =
  "This site was built without onnxruntime-web, so this page reads tables and forecasts none. " +
  "Run `npm ci` in docs/browser and build the site again.";
let table = null; // the cells of the file
let panel = null; // its series
let found = null; // the newest forecast
let running = 0; // the number of the newest request: an older one stops

// Runs a part of the page; a refusal is shown as one line.
function attempt(part) {
  try {
    const value = part();
    show("");
    return value;
  } catch (fault) {
    show(fault instanceof Refused ? fault.message : `The page failed at this table: ${fault.message ?? fault}`);
    return null;
  }
}

// Lets the tab draw and hear clicks.
const pause = () =>
  new Promise((done) => {
    setTimeout(done);
  });
const busy = (text) => {
  at("status").textContent = text;
};

async function open(content) {
  running += 1;
  table = attempt(() => openTable(content));
  panel = found = null;
  const names = table ? table.names : [];
  for (const role of ROLES) {
    const choices = names.map((one) => new Option(one));
    at(role).replaceChildren(
      new Option("inferred", ""),
      ...(role === "id" ? [new Option("no column: one series", NONE)] : []),
      ...choices,
    );
  }
  at("fix").hidden = !table;
  await read();
}

async function read() {
  running += 1;
  const chosen = Object.fromEntries(ROLES.map((role) => [role, at(role).value]));
  panel = table && attempt(() => readTable(table, chosen));
  at("empty").hidden = true;
  at("read").hidden = false;
  at("read-title").textContent = panel ? "What was read" : "It was not read";
  at("fix").open = !panel;
  at("controls").hidden = !panel || !RUNTIME;
  at("result").hidden = true;
  busy("");
  at("facts").replaceChildren(
    ...(panel ? factsOf(panel) : []).flatMap(([name, text]) => [element("dt", name), element("dd", text)]),
  );
  at("notes").replaceChildren(...(panel ? panel.notes : []).map((note) => element("li", note)));
  if (!panel) return;
  if (!RUNTIME) show(UNBUILT);
  at("series").replaceChildren(...panel.series.map(({ name }, index) => new Option(name, index)));
  at("series-label").hidden = at("save-all").hidden = panel.series.length === 1;
  await forecast();
}

const wanted = () => ({
  horizon: Number(at("horizon").value),
  percent: Number(at("level").value),
  name: at("model").value,
});

// Forecasts series one after another; null if a newer request came, or a refusal was shown.
async function forecasts(series, report) {
  running += 1;
  const own = running;
  const { horizon, percent, name } = wanted();
  const step = async () => {
    await pause();
    if (own !== running) throw new Refused(""); // a newer request has its own line
  };
  try {
    requireOptions(horizon, percent);
    const model = await modelOf(name, busy);
    const all = [];
    for (const one of series) {
      report(all.length);
      await step();
      all.push(await forecastSeries(model, panel, one, horizon, percent, step));
    }
    if (own !== running) return null;
    show("");
    return all;
  } catch (fault) {
    if (own !== running) return null;
    show(fault instanceof Refused ? fault.message : `The forecast failed: ${fault.message ?? fault}`);
    at("result").hidden = true;
    return null;
  } finally {
    if (own === running) busy("");
  }
}

async function forecast() {
  if (!panel || !RUNTIME) return;
  const series = panel.series[Number(at("series").value)];
  at("result").classList.add("busy");
  const all = await forecasts([series], () => busy("Computing the forecast."));
  if (!all) return;
  const { percent, name } = wanted();
  found = {
    name: series.name,
    model: NAMES[name],
    level: percent,
    past: pastOf(series, panel.dated, all[0].t.length),
    ahead: all[0],
  };
  if (panel.dated) found.ahead = { ...all[0], x: all[0].x.map((time) => time / 1000) };
  at("result").hidden = false;
  at("result").classList.remove("busy");
  at("title").textContent = `${found.name}: ${found.ahead.t.length} steps ahead`;
  picture();
  listForecast(at("numbers"), found);
}

function picture() {
  if (found && !at("result").hidden) drawForecast(at("chart"), at("pointed"), found);
}

const lines = (name, { t, point, low, high }) =>
  t.map((time, step) => [name, time, point[step], low[step], high[step]]);

async function saveAll() {
  const { series, roles } = panel;
  const { name, percent } = wanted();
  const all = await forecasts(series, (done) => busy(`Computing series ${done + 1} of ${series.length}.`));
  if (!all) return;
  const body = all.flatMap((one, index) => lines(series[index].name, one));
  save("forecasts.csv", asCsv([headOf(roles, NAMES[name], percent), ...body]));
}

function saveOne() {
  const head = headOf(panel.roles, found.model, found.level);
  save("forecast.csv", asCsv([head, ...lines(found.name, found.ahead)]));
}

takeTables(open);
at("example").onclick = async () => open(await (await fetch("shared/example.csv")).arrayBuffer(), "example.csv");
for (const role of ROLES) at(role).onchange = read;
for (const id of CONTROLS) at(id).onchange = forecast;
at("save-one").onclick = saveOne;
at("save-all").onclick = saveAll;
keepDrawn(at("chart"), picture);
if (!RUNTIME) show(UNBUILT);
if (location.hash === "#example") at("example").click();
document.body.dataset.ready = "yes";
