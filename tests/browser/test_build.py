"""What the build of the site puts into the page's folder, with and without npm."""

import json
import re

from benchmarks.browser.beside import PAGE
from segue.forecasting.nanotst.weights import bundled, model_folder
from segue.serve.page.routes import STATIC


def test_the_page_holds_what_its_files_name(put_together, tmp_path):
    """Catches a module, a style or a licence that moved: what files import or link to is there."""
    folder = put_together(tmp_path)
    missing = []
    for path in (*folder.glob("*.js"), *folder.glob("*/*.js"), folder / "index.html"):
        text = path.read_text(encoding="utf-8")
        links = re.findall(r'from "(\.[^"]+)"' if path.suffix == ".js" else r'(?:href|src)="([\w./-]+)"', text)
        missing += [(path.name, link) for link in links if not (path.parent / link).exists() and "../" not in link]
    assert missing == []
    assert not [path for path in folder.rglob("*") if path.name in ("node_modules", "node.mjs", "package.json")]
    assert "Microsoft" in (folder / "runtime" / "LICENSE.txt").read_text(encoding="utf-8")


def test_models_and_chart_are_those_of_the_package(put_together, tmp_path):
    """Catches a copy that is kept in the folder and grows old."""
    folder = put_together(tmp_path)
    for model in bundled():
        for name in ("config.json", "model.onnx", "model.safetensors"):
            assert (folder / "models" / model / name).read_bytes() == (model_folder(model) / name).read_bytes()
    assert (folder / "shared" / "chart.js").read_bytes() == (STATIC / "chart.js").read_bytes()
    assert not (PAGE / "shared").exists()


def test_without_npm_the_site_is_built_all_the_same(put_together, in_browser, tmp_path, monkeypatch):
    """Catches a build that fails, or a page that believes in a runtime that is not there."""
    monkeypatch.setattr(in_browser, "_DIST", tmp_path / "nothing" / "dist")
    monkeypatch.setattr(in_browser.shutil, "which", lambda _: None)
    folder = put_together(tmp_path)
    assert (folder / "built.js").read_text(encoding="utf-8").startswith("export const RUNTIME = null;")
    assert [path.name for path in (folder / "runtime").iterdir()] == ["LICENSE.txt"]


def test_the_page_may_ask_no_other_server(put_together, tmp_path):
    """The policy is in the page itself, since a plain static server sends no headers."""
    text = (put_together(tmp_path) / "index.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert text.index("Content-Security-Policy") < text.index("<script")


def test_the_lock_file_pins_contents_and_names_no_registry():
    """A registry may be a mirror, so every package has the hash of its content."""
    lock = json.loads((PAGE / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((PAGE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert packages["node_modules/onnxruntime-web"]["version"] == wanted["onnxruntime-web"]
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
