// The models of the site, each loaded once, and the runtime that the site was built with.

import { RUNTIME } from "./built.js"; // its version, or null; the build of the site writes this file
import { openModel } from "./forecast/session.js";

export { RUNTIME };

const opened = new Map();

async function bytes(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} is not there (${answer.status})`);
  return answer;
}

async function load(name, report) {
  report("Loading the model from this site: some 18 MB, once.");
  const folder = `models/${name}`;
  const [ort, config, graph, weights] = await Promise.all([
    import("./runtime/ort.wasm.bundle.min.mjs"),
    bytes(`${folder}/config.json`).then((answer) => answer.json()),
    bytes(`${folder}/model.onnx`).then((answer) => answer.arrayBuffer()),
    bytes(`${folder}/model.safetensors`).then((answer) => answer.arrayBuffer()),
  ]);
  ort.env.wasm.wasmPaths = { wasm: new URL("./runtime/ort-wasm-simd-threaded.wasm", import.meta.url).href };
  return openModel(ort, { config, graph: new Uint8Array(graph), weights: new Uint8Array(weights) });
}

// Returns a model, which the first call loads; a load that failed is tried again by the next call.
export function modelOf(name, report) {
  if (!opened.has(name))
    opened.set(
      name,
      load(name, report).catch((fault) => {
        opened.delete(name);
        throw fault;
      }),
    );
  return opened.get(name);
}
