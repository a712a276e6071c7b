"""The page in Chromium: a table in, its forecast out, by mouse and by keyboard; no request leaves the server."""

import threading

import pandas as pd
import pytest

from segue.serve.app import make_app
from segue.serve.page.routes import STATIC
from segue.serve.running import Place, make_server
from segue.serve.service import Service
from tests.serve.browser import CHROMIUM, Browser
from tests.serve.conftest import hours
from tests.serve.test_page import HEAD, line

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")]
READY = "document.body.dataset.ready"
DONE = "document.getElementById('verdict').textContent && !document.querySelector('.busy')"


def started(app):
    place = Place(port=0)
    own = place.bound()
    server = make_server(app, place)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [own]}, daemon=True)
    thread.start()

    def stop():
        server.should_exit = True
        thread.join(30)
        own.close()

    return f"http://127.0.0.1:{own.getsockname()[1]}", stop


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    return tmp_path_factory.mktemp("watched") / "scores.csv"


@pytest.fixture(scope="module")
def address(models, scores):
    address, stop = started(make_app(Service(models), scores=scores))
    yield address
    stop()


@pytest.fixture
def browser(tmp_path):
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()


def text(browser, name):
    return browser.run(f"document.getElementById('{name}').textContent")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_the_example_is_forecast(browser, address, width, dark):
    """Catches a page that is wider than the phone, colours of the other scheme, and a chart without its band."""
    browser.open(f"{address}/#example", width, dark=dark)
    browser.until(DONE)
    assert "below that of the best naive forecast" in text(browser, "verdict")
    assert "repeats the usual year" in text(browser, "reason")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    light = browser.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert (light < 128) == dark
    coloured = """(() => {
      const canvas = document.querySelector('#chart canvas');
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let blue = 0;
      for (let i = 0; i < pixels.length; i += 4) blue += pixels[i + 3] > 20 && pixels[i + 2] > pixels[i] + 40;
      return blue;
    })()"""
    assert browser.run(coloured) > 200
    assert {"/".join(url.split("/")[:3]) for url in browser.requests() if url != "about:blank"} <= {address, "data:,"}
    assert browser.faults() == []


def test_a_file_and_the_controls(browser, address, tmp_path):
    """Catches a control that changes nothing, and names that are taken for markup."""
    frame = hours((200, 180), gaps=False)
    frame["unique_id"] = frame["unique_id"].map({0: "<b>north</b>", 1: "south"})
    frame.to_csv(tmp_path / "sales.csv", index=False)
    browser.open(address)
    browser.until(READY)
    browser.upload("#file", tmp_path / "sales.csv")
    browser.until(DONE)
    assert text(browser, "title") == "<b>north</b>: 12 steps ahead"
    for name, value in (("series", "south"), ("horizon", "5"), ("level", "95")):
        browser.run(f"{name}.value = '{value}'; {name}.dispatchEvent(new Event('change'))")
    browser.until("document.getElementById('title').textContent === 'south: 5 steps ahead' && " + DONE)
    assert browser.run("document.querySelectorAll('#numbers tbody tr').length") == 5
    assert "95 %" in text(browser, "numbers")
    assert browser.run("document.querySelector('#notes').children.length") == 1  # one series ends before the other
    saved = """new Promise((done) => {
      HTMLAnchorElement.prototype.click = () => {};
      URL.createObjectURL = (blob) => { blob.text().then(done); return '#'; };
      document.getElementById('save-one').click();
    })"""
    rows = browser.run(saved).splitlines()
    assert rows[0] == "unique_id,ds,NanoTST,NanoTST-lo-95,NanoTST-hi-95"
    assert len(rows) == 6


def test_a_bad_file_is_one_line_and_can_be_mended(browser, address, tmp_path):
    """The page offers what the line names."""
    days = pd.date_range("2026-02-01", periods=12)
    pd.DataFrame({"ds": days.strftime("%d/%m/%Y"), "y": range(12)}).to_csv(tmp_path / "bad.csv", index=False)
    browser.open(address)
    browser.until(READY)
    browser.upload("#file", tmp_path / "bad.csv")
    browser.until("!document.getElementById('error').hidden")
    assert text(browser, "error").startswith("time_col ds: days and months are ambiguous; give `time_format`")
    assert browser.run("fix.open && result.hidden")
    browser.run("time_format.value = '%d/%m/%Y'; again.click()")
    browser.until("document.getElementById('error').hidden && " + DONE)
    assert "2026-02-01 to 2026-02-12" in text(browser, "facts")


def test_rows_are_pasted_and_all_is_reached_by_keyboard(browser, address):
    """Tabs by arrows, as a screen reader expects; the button by Enter."""
    browser.open(address)
    browser.until(READY)
    rows = (STATIC / "example.csv").read_text(encoding="utf-8").splitlines()[:60]
    browser.run(f"paste.value = {chr(96)}{chr(10).join(rows)}{chr(96)}; document.getElementById('use-paste').focus()")
    browser.press("Enter")
    browser.until(DONE)
    assert "59" in text(browser, "facts")
    browser.run("document.getElementById('tab-forecast').focus()")
    browser.press("ArrowRight")
    assert browser.run("document.activeElement.id") == "tab-live"
    assert browser.run("document.getElementById('view-forecast').hidden")
    focused = set()
    browser.run("document.getElementById('tab-live').click(); document.getElementById('tab-forecast').click()")
    for _ in range(14):
        browser.press("Tab")
        focused.add(browser.run("document.activeElement.id"))
    assert {"file", "example", "paste", "use-paste", "horizon", "level", "holidays", "save-one"} <= focused


def test_a_stream_is_followed(browser, address, scores):
    """Rows that come later are drawn without another visit."""
    scores.write_text(HEAD + line(1) + line(2), encoding="utf-8")
    browser.open(f"{address}/#live")
    browser.until("document.querySelector('#live-chart canvas')")
    rare = line(3).replace("0.5,fresh", "0.9999,fresh")
    with scores.open("a", encoding="utf-8") as file:
        file.write(rare)
    browser.until("document.querySelectorAll('#live-rows tbody tr').length === 1")
    assert "2026-01-01 03:00:00" in text(browser, "live-rows")


def test_the_page_of_the_api(browser, address):
    browser.open(f"{address}/docs")
    browser.until("document.querySelectorAll('section').length > 10")
    assert "POST /v2/forecast" in text(browser, "calls")
    assert browser.faults() == []


def test_a_token_is_asked_for_once(browser, models):
    """Catches a page that cannot be used where the server needs a token."""
    address, stop = started(make_app(Service(models), "0123456789abcdef"))
    try:
        browser.open(address)
        browser.until("!document.getElementById('token-form').hidden")
        browser.run("token.value = '0123456789abcdef'; document.querySelector('#token-form button').click()")
        browser.until(READY)
        browser.run("example.click()")
        browser.until(DONE)
    finally:
        stop()
