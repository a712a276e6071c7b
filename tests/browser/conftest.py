"""The page that forecasts in the browser alone, as the build of the site puts it together."""

import functools
import http.server
import json
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from benchmarks.browser.beside import NODE, PAGE

needs_node = pytest.mark.skipif(NODE is None, reason="there is no node")


def in_node(script, given):
    """Runs lines of a module, which see `given`, and returns what they put into `result`."""
    lines = f"const given = {json.dumps(given)}; let result;\n{script}\nconsole.log(JSON.stringify(result));"
    command = [NODE, "--input-type=module"]  # from standard input, because an argument holds 128 kB
    done = subprocess.run(command, input=lines, cwd=PAGE, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def in_browser():
    """The module of the site's build."""
    sys.path.append(str(PAGE.parent))
    import in_browser

    sys.path.remove(str(PAGE.parent))
    return in_browser


@pytest.fixture
def put_together(in_browser, monkeypatch):
    """The hook of the site's build; nothing is fetched, because npm is told to stay offline."""
    monkeypatch.setenv("npm_config_offline", "true")

    def build(folder):
        in_browser.put_together(SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=folder), None)
        return folder / "docs" / "browser"

    return build


@pytest.fixture(scope="session")
def served():
    """Serves folders as `python -m http.server` does."""
    servers = []

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    def serve(folder):
        handler = functools.partial(Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
