"""The page in Chromium, served as files: a table in, its forecast out, and no request to another server."""

import numpy as np
import pandas as pd
import pytest

import segue
from benchmarks.browser.beside import RUNTIME
from tests.serve.browser import CHROMIUM, Browser

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")]
needs_runtime = pytest.mark.skipif(
    not (RUNTIME / "package.json").is_file(), reason="there is no onnxruntime-web; run `npm ci` in docs/browser"
)
READY = "document.body.dataset.ready"
DONE = "!result.hidden && !document.querySelector('.busy') && !document.getElementById('status').textContent"


@pytest.fixture
def browser(tmp_path):
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()


@pytest.fixture
def address(put_together, served, tmp_path):
    put_together(tmp_path / "site")
    return f"{served(tmp_path / 'site')}/docs/browser/index.html"


def text(browser, name):
    return browser.run(f"document.getElementById('{name}').textContent")


def change(browser, **values):
    for name, value in values.items():
        browser.run(f"{name}.value = '{value}'; {name}.dispatchEvent(new Event('change'))")


SAVED = """new Promise((done) => {
  HTMLAnchorElement.prototype.click = () => {};
  URL.createObjectURL = (blob) => { blob.text().then(done); return '#'; };
  document.getElementById('%s').click();
})"""


def saved(browser, button):
    rows = browser.run(SAVED % button).splitlines()
    return [row.split(",") for row in rows]


def close_to(rows, frame):
    assert rows[0] == list(frame.columns)
    written = pd.DataFrame(rows[1:], columns=rows[0])
    for column in frame.columns[2:]:
        assert written[column].astype(float).to_numpy() == pytest.approx(frame[column].to_numpy(), rel=1e-4)


@needs_runtime
@pytest.mark.parametrize("width", [1280, 390])
def test_the_example_is_forecast_on_this_machine(browser, address, width):
    """Catches a page that is wider than a phone, a chart without its band, and a request to another server."""
    browser.open(f"{address}#example", width)
    browser.until(DONE)
    assert text(browser, "title") == "y: 12 steps ahead"
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    coloured = """(() => {
      const canvas = document.querySelector('#chart canvas');
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let blue = 0;
      for (let i = 0; i < pixels.length; i += 4) blue += pixels[i + 3] > 20 && pixels[i + 2] > pixels[i] + 40;
      return blue;
    })()"""
    assert browser.run(coloured) > 200
    host = address.split("/docs")[0]
    assert {"/".join(url.split("/")[:3]) for url in browser.requests() if url != "about:blank"} <= {host, "data:,"}
    sent = [event["params"] for event in browser.events if event.get("method") == "Network.requestWillBeSent"]
    assert {one["request"]["method"] for one in sent} == {"GET"}
    assert browser.faults() == []


@needs_runtime
def test_a_file_and_the_controls(browser, address, tmp_path):
    """The downloads are the tables of the library; catches names that are taken for markup."""
    times = pd.date_range("2026-01-01", periods=90)
    parts = [pd.DataFrame({"shop": name, "day": times, "sold": [(day * k) % 9 for day in range(90)]}) for name, k in
             (("<b>north</b>", 4), ("south", 7))]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    frame.to_csv(tmp_path / "sales.csv", index=False)
    browser.open(address)
    browser.until(READY)
    browser.upload("#file", tmp_path / "sales.csv")
    browser.until("!error.hidden")
    assert text(browser, "error").startswith("shop may name the series; choose the column of names below")
    assert browser.run("fix.open && result.hidden && controls.hidden")
    change(browser, id="shop")
    browser.until(DONE)
    assert text(browser, "title") == "<b>north</b>: 12 steps ahead"
    assert browser.run("error.hidden")
    change(browser, series="1", horizon="5", level="95", model="nanotst-small")
    browser.until("document.getElementById('title').textContent === 'south: 5 steps ahead' && " + DONE)
    wanted = segue.forecast(frame, 5, model="nanotst-small", levels=95, id_col="shop")
    close_to(saved(browser, "save-all"), wanted)
    close_to(saved(browser, "save-one"), wanted[wanted["shop"] == "south"])
    change(browser, horizon="0")
    browser.until("!error.hidden")
    assert text(browser, "error") == "steps ahead 0: give a whole number of at least 1"
    assert browser.run("result.hidden")
    change(browser, horizon="7")
    browser.until("document.getElementById('title').textContent === 'south: 7 steps ahead' && " + DONE)


@needs_runtime
def test_a_series_longer_than_the_network_reads(browser, address, tmp_path):
    """1,500 days, of which the network reads 720: the profiles of weeks and of years are those of the library."""
    days = np.arange(1_500)
    noise = np.random.default_rng(3).normal(size=len(days))
    sold = 100 + 20 * np.cos(days / 365.25 * 2 * np.pi) + 5 * (days % 7) + noise
    frame = pd.DataFrame({"unique_id": "y", "ds": pd.date_range("2022-01-01", periods=len(days)), "y": sold})
    frame[["ds", "y"]].to_csv(tmp_path / "days.csv", index=False)
    browser.open(address)
    browser.until(READY)
    browser.upload("#file", tmp_path / "days.csv")
    browser.until(DONE)
    wanted = segue.forecast(frame, 12)
    close_to(saved(browser, "save-one"), wanted)
    recent = segue.forecast(frame.tail(720), 12)
    assert not np.allclose(wanted["NanoTST"], recent["NanoTST"], rtol=1e-3)


@needs_runtime
def test_rows_are_dropped_and_pasted(browser, address):
    """By mouse and by keyboard; a bad table after a good one leaves no old forecast behind."""
    browser.open(address)
    browser.until(READY)
    browser.run("""(() => {
      const data = new DataTransfer();
      data.items.add(new File(['t,y\\n1,5\\n2,6\\n3,5\\n4,6\\n'], 'four.csv'));
      dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));
    })()""")
    browser.until(DONE)
    assert "t, 1 to 4" in text(browser, "facts")
    browser.run("paste.value = 'ds,y\\n03/04/2025,1\\n04/04/2025,2'; document.getElementById('use-paste').focus()")
    browser.press("Enter")
    browser.until("!error.hidden")
    assert "which is not a time such as 2026-01-31" in text(browser, "error")
    assert browser.run("result.hidden")


def test_a_site_without_the_runtime_says_so(browser, in_browser, put_together, served, tmp_path, monkeypatch):
    """Tables are read all the same; catches a build that fails where npm has no network."""
    monkeypatch.setattr(in_browser, "_runtime", lambda: None)
    folder = put_together(tmp_path / "bare")
    assert not list(folder.glob("runtime/*.wasm"))
    browser.open(f"{served(tmp_path / 'bare')}/docs/browser/index.html")
    browser.until(READY)
    assert text(browser, "error").startswith("This site was built without onnxruntime-web")
    browser.run("example.click()")
    browser.until("facts.textContent.includes('1949-01-01 to 1960-12-01')")
    assert browser.run("result.hidden && controls.hidden && !error.hidden")
