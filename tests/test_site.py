"""The site is built as CONTRIBUTING says, without a warning; its links lead somewhere, and no page asks another server.

The build runs the notebooks as well, so a cell that fails is a failure here.
"""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import segue

ROOT = Path(__file__).parent.parent
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}  # what a browser fetches


class Page(HTMLParser):
    """The ids of a page, where its links lead, and the addresses that a browser loads to show it."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.add(given.get("id"))
        if tag in LOADED and given.get("rel") != "canonical":
            self.loaded.append(given.get(LOADED[tag]) or "")
        if tag == "a":
            self.links.append(given.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", ".", str(folder)]
    offline = {**os.environ, "npm_config_offline": "true"}  # the build would ask npm for onnxruntime-web
    done = subprocess.run(
        command, cwd=ROOT, env=offline, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {path: Page(path) for path in folder.rglob("*.html")}, folder


def test_every_link_inside_leads_to_a_file_and_a_heading(site):
    """Catches pages, headings, pictures and sources that were moved or renamed."""
    pages, folder = site
    missing = []
    for path, page in pages.items():
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or not link.strip("#"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = target in pages or (not parts.fragment and target.exists())
            if not there or (parts.fragment and unquote(parts.fragment) not in pages[target].ids):
                missing.append((path.relative_to(folder).as_posix(), link))
    assert not missing


def test_no_page_loads_anything_from_another_server(site):
    """Catches fonts, scripts and badges from elsewhere: the site is read offline as well."""
    pages, _ = site
    assert [link for page in pages.values() for link in page.loaded if urlsplit(link).scheme not in ("", "data")] == []


def test_the_reference_describes_every_public_name(site):
    """Catches a name that was added to `segue` and to no page of the reference."""
    pages, folder = site
    ids = {name for path, page in pages.items() if path.parent == folder / "docs" / "api" for name in page.ids}
    assert {f"segue.{name}" for name in segue.__all__} <= ids


def test_the_notebooks_hold_no_output():
    """Catches output that was saved with a notebook, which the next model would make untrue."""
    for path in ROOT.glob("examples/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)
