// The exported model in WebAssembly: one run of the graph.

import { LEVELS } from "./quantiles.js";

// Opens a model. `ort` is the module of onnxruntime-web; `files` has config (an object), graph and weights (bytes).
export async function openModel(ort, { config, graph, weights }) {
  ort.env.wasm.numThreads = 1; // several need headers that a plain static server does not send
  const session = await ort.InferenceSession.create(graph, {
    executionProviders: ["wasm"],
    externalData: [{ path: "model.safetensors", data: weights }],
  });
  const { context, patch, span } = config.config;

  // Returns the quantiles of the next `steps` after lanes of one width: lanes of steps of levels.
  async function run(lanes, seasons, steps) {
    const count = lanes.length;
    const width = lanes[0].length;
    const values = new Float64Array(count * width);
    const observed = new Uint8Array(count * width);
    lanes.forEach((lane, index) =>
      lane.forEach((value, step) => {
        const place = index * width + step;
        observed[place] = Number(!Number.isNaN(value));
        values[place] = observed[place] ? value : 0;
      }),
    );
    const repeated = Float64Array.from(
      { length: count * seasons.length },
      (_, index) => seasons[index % seasons.length],
    );
    const { quantiles } = await session.run({
      values: new ort.Tensor("float64", values, [count, width]),
      observed: new ort.Tensor("bool", observed, [count, width]),
      seasons: new ort.Tensor("float64", repeated, [count, seasons.length]),
      steps: new ort.Tensor("int64", BigInt64Array.of(BigInt(steps)), []),
    });
    const { data } = quantiles;
    const size = LEVELS.length;
    const row = (lane, step) =>
      Array.from(data.subarray((lane * steps + step) * size, (lane * steps + step + 1) * size));
    return lanes.map((_, lane) => Array.from({ length: steps }, (__, step) => row(lane, step)));
  }

  return { context, patch, most: span * patch, run };
}
