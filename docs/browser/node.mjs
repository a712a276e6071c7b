// The modules of the page in node, for tests and the benchmark; the site has no copy of this file.
// Standard input has a list of cases {csv or base64, chosen, horizon, percent}, standard output their answers as JSON.
//   node docs/browser/node.mjs FOLDER_OF_MODEL < cases.json      forecasts
//   node docs/browser/node.mjs < cases.json                      only reads the tables, which needs no onnxruntime-web

import { readFileSync } from "node:fs";
import { futureOf } from "./grid/panel.js";
import { Refused } from "./reading/refused.js";
import { openTable, readTable, forecastSeries } from "./forecast/table.js";

async function modelOf(folder) {
  const dist = new URL("node_modules/onnxruntime-web/dist/", import.meta.url);
  const ort = await import(new URL("ort.wasm.bundle.min.mjs", dist).href);
  ort.env.wasm.wasmBinary = readFileSync(new URL("ort-wasm-simd-threaded.wasm", dist));
  const { openModel } = await import("./forecast/session.js");
  const file = (name) => new Uint8Array(readFileSync(`${folder}/${name}`));
  const config = JSON.parse(readFileSync(`${folder}/config.json`, "utf8"));
  return openModel(ort, { config, graph: file("model.onnx"), weights: file("model.safetensors") });
}

async function answer(model, { csv, base64, chosen = {}, horizon = 12, percent = 80 }) {
  try {
    const bytes = base64 === undefined ? new TextEncoder().encode(csv) : new Uint8Array(Buffer.from(base64, "base64"));
    const panel = readTable(openTable(bytes), chosen);
    const ahead = (one) => futureOf(one, panel.frequency, 3, panel.dated);
    const lanes = panel.series.map((one) => ({
      name: one.name,
      times: one.times,
      steps: one.steps,
      values: one.values,
      ahead: ahead(one),
    }));
    const { roles, dated, seasons, notes } = panel;
    const read = { roles, dated, frequency: panel.frequency.alias, seasons, notes, lanes };
    const begin = performance.now();
    const forecasts = [];
    if (model)
      for (const one of panel.series)
        forecasts.push({ name: one.name, ...(await forecastSeries(model, panel, one, horizon, percent)) });
    return { ...read, forecasts, seconds: (performance.now() - begin) / 1000 };
  } catch (fault) {
    if (fault instanceof Refused) return { refused: fault.message };
    throw fault;
  }
}

const begin = performance.now();
const model = process.argv[2] ? await modelOf(process.argv[2]) : null;
const loading = (performance.now() - begin) / 1000;
const answers = [];
for (const one of JSON.parse(readFileSync(0, "utf8"))) answers.push(await answer(model, one));
process.stdout.write(JSON.stringify({ loading, answers }));
