// The page: tabs, a table in, and its forecast out.

import { ask } from "./ask.js";
import { keepDrawn } from "./chart.js";
import { drawForecast, listForecast } from "./future.js";
import { takeTables } from "./given.js";
import { live } from "./live.js";
import { asCsv, bound, digits, element, rows, save } from "./parts.js";

const at = (id) => document.getElementById(id);
const READING = ["id_col", "time_col", "target_col", "freq", "time_format", "decimal", "duplicates"];
let table = null; // the bytes and the name of the file
let found = null; // the newest forecast
let running = null;

function tabs(about) {
  const all = [...document.querySelectorAll("[role=tab]")];
  const choose = (tab) => {
    for (const one of all) {
      one.setAttribute("aria-selected", one === tab);
      one.tabIndex = one === tab ? 0 : -1;
      at(one.getAttribute("aria-controls")).hidden = one !== tab;
    }
    tab.focus();
    live(tab.id === "tab-live" && about.live);
  };
  all.forEach((tab, index) => {
    tab.onclick = () => choose(tab);
    tab.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) choose(all[(index + step + all.length) % all.length]);
    };
  });
  return choose;
}

function fresh() {
  for (const id of READING) at(id).value = "";
  at("series").value = at("holidays").value = "";
}

async function open(content, name) {
  table = { content, name };
  fresh();
  await read();
}

const reading = () => ({ name: table.name, ...Object.fromEntries(READING.map((id) => [id, at(id).value.trim()])) });

async function read() {
  const answer = await ask("/page/read", reading(), table.content);
  at("fix").open = !answer;
  at("read").hidden = false;
  at("read-title").textContent = answer ? "What was read" : "It was not read";
  for (const id of ["controls", "result"]) at(id).hidden = !answer;
  at("empty").hidden = true;
  if (!answer) {
    at("facts").replaceChildren();
    at("notes").replaceChildren();
    return;
  }
  summarise(await answer.json());
  await forecast();
}

function summarise(about) {
  const { columns } = about;
  const facts = [
    ["Series", `${about.count.toLocaleString("en")}${columns.series.length ? `, named by ${columns.series.join(", ")}` : ""}`],
    ["Times", `${columns.times.join(", ")}, ${about.first} to ${about.last}`],
    ["Values", columns.values.join(", ")],
    ["Step", about.frequency],
    ["Rows", about.rows.toLocaleString("en")],
    ["Missing values", about.missing.toLocaleString("en")],
  ];
  at("facts").replaceChildren(...facts.flatMap(([name, text]) => [element("dt", name), element("dd", text)]));
  at("notes").replaceChildren(...about.notes.map((note) => element("li", note)));
  const names = [...columns.series, ...columns.times, ...columns.values, ...columns.others];
  at("names").replaceChildren(...names.map((name) => new Option(name)));
  at("series-names").replaceChildren(...about.series.map((name) => new Option(name)));
  at("series-label").hidden = about.count === 1;
  at("save-all").hidden = about.count === 1;
  if (!about.series.includes(at("series").value)) at("series").value = about.series[0];
  at("others").hidden = !columns.others.length;
  at("other-boxes").replaceChildren(...columns.others.map(box));
}

function box(name) {
  const label = element("label", name);
  const input = Object.assign(document.createElement("input"), { type: "checkbox", value: name, onchange: forecast });
  label.prepend(input);
  return label;
}

function wanted() {
  const use = [...at("other-boxes").querySelectorAll("input:checked")].map((one) => one.value).join("\n");
  const given = Object.fromEntries(["series", "horizon", "level", "model", "holidays"].map((id) => [id, at(id).value]));
  return { ...reading(), ...given, holidays: given.holidays.trim(), use };
}

async function forecast() {
  if (!table) return;
  running?.abort();
  const own = (running = new AbortController());
  at("result").classList.add("busy");
  const answer = await ask("/page/forecast", wanted(), table.content, own.signal);
  if (running !== own) return;
  at("result").classList.remove("busy");
  at("result").hidden = !answer;
  if (!answer) return;
  found = await answer.json();
  at("title").textContent = `${found.name}: ${found.ahead.x.length} steps ahead`;
  at("verdict").textContent = bound(found.verdict);
  at("warning").textContent = found.warning ?? "";
  at("warning").hidden = !found.warning;
  at("reason").textContent = bound(found.reason);
  at("notes").replaceChildren(...found.notes.map((note) => element("li", note)));
  picture();
  numbers();
}

function picture() {
  if (found && !at("result").hidden) drawForecast(at("chart"), at("pointed"), found);
}

function numbers() {
  const parts = Object.entries(found.parts);
  rows(at("parts"), ["Part", "Adds on average"], parts.map(([name, values]) => {
    return [name, digits(values.reduce((sum, value) => sum + value, 0) / values.length)];
  }));
  listForecast(at("numbers"), found);
}

function saveOne() {
  const { t, point, low, high } = found.ahead;
  const band = (side) => `${found.model}-${side}-${found.level}`;
  const head = ["unique_id", "ds", found.model, band("lo"), band("hi")];
  save("forecast.csv", asCsv([head, ...t.map((time, i) => [found.name, time, point[i], low[i], high[i]])]));
}

async function saveAll() {
  const answer = await ask("/page/table", wanted(), table.content);
  if (answer) save("forecasts.csv", await answer.text());
}

function inputs() {
  takeTables(open);
  at("example").onclick = async () => {
    const answer = await ask("/page/static/example.csv");
    if (answer) await open(await answer.arrayBuffer(), "example.csv");
  };
  at("again").onclick = read;
  for (const id of ["series", "horizon", "level", "model", "holidays"]) at(id).onchange = forecast;
  at("save-one").onclick = saveOne;
  at("save-all").onclick = saveAll;
}

inputs();
keepDrawn(at("chart"), picture);
const answer = await ask("/page/about");
const about = answer ? await answer.json() : { models: [], live: false };
at("model").replaceChildren(...about.models.map((name) => new Option(name)));
at("model-label").hidden = about.models.length < 2;
const choose = tabs(about);
if (location.hash === "#live") choose(at("tab-live"));
if (location.hash === "#example") at("example").click();
document.body.dataset.ready = "yes";
