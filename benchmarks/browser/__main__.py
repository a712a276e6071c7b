"""The browser's page beside the library: largest differences, seconds a series, and the weight of the page.

`python -m benchmarks.browser`; node runs the page's own modules with onnxruntime-web, which `npm ci` in `docs/browser`
fetches.
"""

import argparse
import json
from pathlib import Path

from benchmarks.browser.beside import PAGE, RUNTIME, by_node, deviation
from benchmarks.browser.cases import cases
from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.forecasting.nanotst.weights import model_folder
from segue.forecasting.registry import load_predictor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["nanotst", "nanotst-small"], help="bundled models")
    parser.add_argument("--output", type=Path, help="the CSV file; by default one in benchmarks/results")
    options = parser.parse_args()
    version = json.loads((RUNTIME / "package.json").read_text(encoding="utf-8"))["version"]
    rows, asked = [], cases()
    for name in options.models:
        predictor = load_predictor(name, threads=1)
        found = by_node(list(asked.values()), name)
        for (title, case), answer in zip(asked.items(), found["answers"], strict=True):
            median, bands = deviation(predictor, case, answer)
            rows.append(
                {
                    "model": name,
                    "case": title,
                    "series": len(answer["forecasts"]),
                    "horizon": case.horizon,
                    "median_off": median,
                    "band_off": bands,
                    "seconds_per_series": answer["seconds"] / len(answer["forecasts"]),
                    "loading_seconds": found["loading"],
                    "page_megabytes": _weight(name) / 1e6,
                    "onnxruntime_web": version,
                }
            )
            print(rows[-1], flush=True)
    write_figures(rows, options.output or default_output("browser"), machine(threads=1))


def _weight(name: str) -> int:
    """Bytes that a browser fetches once, before compression: modules, WebAssembly and one model."""
    modules = [path for path in PAGE.rglob("*") if "node_modules" not in path.parts and path.suffix in (".js", ".html")]
    runtime = [RUNTIME / "dist" / file for file in ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")]
    model = [model_folder(name) / file for file in ("config.json", "model.onnx", "model.safetensors")]
    return sum(path.stat().st_size for path in (*modules, *runtime, *model))


if __name__ == "__main__":
    main()
