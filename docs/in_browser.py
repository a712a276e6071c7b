"""The page that forecasts in the browser alone: the build of the site puts it together in `docs/browser/`.

It has the modules of this folder, the chart and style of the server's page, the bundled models, and onnxruntime-web of
npm. Where that is not installed, the build asks npm for the version of the lock file. Without npm or a network the site
is built all the same, and the page says that it cannot forecast.
"""

import json
import shutil
import subprocess
from pathlib import Path

from sphinx.application import Sphinx

from segue.forecasting.nanotst.weights import bundled, model_folder
from segue.serve.page.routes import STATIC

_PAGE = Path(__file__).parent / "browser"
_DIST = _PAGE / "node_modules" / "onnxruntime-web" / "dist"
_RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
_SHARED = ("style.css", "chart.js", "future.js", "given.js", "parts.js", "example.csv", "uplot")  # of the server's page
_MODEL = ("config.json", "model.onnx", "model.safetensors")
_LEFT_OUT = ("node_modules", "node.mjs", "package*.json", "LICENSE-*")  # of the folder, in the site
_PATIENCE = 300  # seconds for npm: 150 MB are fetched


def put_together(app: Sphinx, fault: Exception | None) -> None:
    """Copies the page into a site of HTML that was built without a fault."""
    if fault is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "docs" / "browser"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(_PAGE, target, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for name in _SHARED:
        _copy(STATIC / name, target / "shared" / name)
    for model in bundled():
        for name in _MODEL:
            _copy(model_folder(model) / name, target / "models" / model / name)
    version = _runtime()
    if version is not None:
        for name in _RUNTIME:
            _copy(_DIST / name, target / "runtime" / name)
    _copy(_PAGE / "LICENSE-onnxruntime.txt", target / "runtime" / "LICENSE.txt")
    line = f"export const RUNTIME = {json.dumps(version)}; // the version of onnxruntime-web in this site\n"
    (target / "built.js").write_text(line, encoding="utf-8")


def _runtime() -> str | None:
    """The version of onnxruntime-web in `node_modules`, where npm puts it if need be; None if there is none."""
    lock = json.loads((_PAGE / "package-lock.json").read_text(encoding="utf-8"))
    wanted: str = lock["packages"]["node_modules/onnxruntime-web"]["version"]
    npm = shutil.which("npm")
    if _installed() != wanted and npm is not None:
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(command, cwd=_PAGE, capture_output=True, check=False, timeout=_PATIENCE)
        except (OSError, subprocess.TimeoutExpired):
            return None
    return wanted if _installed() == wanted else None


def _installed() -> str | None:
    try:
        package = json.loads((_DIST.parent / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(package["version"]) if all((_DIST / name).is_file() for name in _RUNTIME) else None


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tells Sphinx to put the page together at the end."""
    app.connect("build-finished", put_together)
    return {"parallel_read_safe": True}
