"""Model folders on the hub: a server on this machine stands for it, and no call leaves the machine."""

import hashlib
import json
import re
import shutil
import socket
from base64 import b64decode
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pandas as pd
import pytest

pytest.importorskip("huggingface_hub", exc_type=ImportError)

import huggingface_hub
from huggingface_hub import constants
from pandas.testing import assert_frame_equal

import segue
from segue import UserError
from segue.adapters.hub import from_hub, push_to_hub
from segue.folder import CARD, FILES
from segue.forecasting.nanotst.weights import model_folder

pytestmark = pytest.mark.filterwarnings("ignore")
FRAME = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), "y": [float(i % 7) for i in range(60)]})


class Hub(BaseHTTPRequestHandler):
    """The calls of the hub that a commit and a download make; files of any size go into the commit itself."""

    def log_message(self, *arguments):
        pass

    def answer(self, content, status=200, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        repos, address = self.server.repos, f"http://{self.headers['Host']}"
        if self.path == "/api/repos/create":
            name = json.loads(body).get("organization", "me") + "/" + json.loads(body)["name"]
            repos.setdefault(name, {})
            return self.answer({"url": f"{address}/{name}"})
        if self.path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        repo, verb = re.fullmatch(r"/api/models/(\w+/[\w-]+)/(preupload|commit)/main", self.path).groups()
        if verb == "preupload":
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            return self.answer({"files": files})
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                repos[repo][line["value"]["path"]] = b64decode(line["value"]["content"])
        sha = self.server.commit(repo)
        return self.answer({"commitUrl": f"{address}/{repo}/commit/{sha}", "commitOid": sha, "success": True})

    def do_GET(self):
        found = re.match(r"/api/models/(\w+/[\w-]+)", self.path) or re.match(
            r"/(\w+/[\w-]+)/resolve/\w+/(.+)", self.path
        )
        files = self.server.repos.get(found[1]) if found else None
        if files is None:
            return self.answer({"error": "no such repository"}, 404, X_Error_Code="RepoNotFound")
        sha = self.server.commit(found[1])
        if self.path.startswith("/api"):
            if "/tree/" in self.path:
                return self.answer(
                    [{"type": "file", "path": name, "size": len(data), "oid": "0"} for name, data in files.items()]
                )
            siblings = [{"rfilename": name} for name in files]
            return self.answer(
                {"id": found[1], "modelId": found[1], "sha": sha, "siblings": siblings, "private": False}
            )
        data = files[found[2]]
        return self.answer(data, ETag=f'"{hashlib.sha256(data).hexdigest()}"', X_Repo_Commit=sha)

    do_HEAD = do_GET


class Server(ThreadingHTTPServer):
    """Repositories by name; the commit of one is the hash of its files."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Hub)
        self.repos = {}

    def commit(self, repo):
        return hashlib.sha1(b"".join(self.repos[repo].values())).hexdigest()


def point_at(address, monkeypatch):
    """Every call goes to this address in place of the public hub's."""
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(
        constants.HUGGINGFACE_CO_URL_TEMPLATE.split("/{")[0], address
    )
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    for module in ("file_download", "hf_api"):
        monkeypatch.setattr(getattr(huggingface_hub, module), "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
        monkeypatch.setattr(getattr(huggingface_hub, module), "ENDPOINT", address, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)


@pytest.fixture
def hub(monkeypatch):
    server = Server()
    thread = Thread(target=server.serve_forever)
    thread.start()
    point_at(f"http://127.0.0.1:{server.server_address[1]}", monkeypatch)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_folder_that_went_to_the_hub_and_back_forecasts_the_same(hub, tmp_path):
    """All files come back to the bit, and the card is what the hub shows."""
    address = push_to_hub("nanotst-small", "me/mine", token="t")
    assert address.endswith("/me/mine/commit/" + hub.commit("me/mine"))
    own = model_folder("nanotst-small")
    stored = hub.repos["me/mine"]
    assert stored.keys() == {path.name for path in own.iterdir()} | {"README.md"}
    assert stored["README.md"].endswith((own / CARD).read_bytes())
    assert stored["README.md"].startswith(b"---\nlicense: apache-2.0\nlibrary_name: segue\n")
    folder = from_hub("me/mine", token="t", cache=tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in own.iterdir()
    }
    expected = segue.forecast(FRAME, 9, model="nanotst-small")
    found = segue.forecast(FRAME, 9, model=folder)
    assert_frame_equal(found.set_axis(expected.columns, axis=1), expected)


def test_a_file_that_changed_on_the_hub_is_refused(hub, tmp_path):
    push_to_hub("nanotst-small", "me/mine", token="t")
    hub.repos["me/mine"]["model.onnx"] += b"0"
    with pytest.raises(UserError, match=r"^model .*model\.onnx: copy or save the model again"):
        from_hub("me/mine", token="t", cache=tmp_path)


def test_a_damaged_folder_is_not_uploaded(hub, tmp_path):
    mine = shutil.copytree(model_folder("nanotst-small"), tmp_path / "mine")
    (mine / "model.safetensors").write_bytes(b"0")
    with pytest.raises(UserError, match="^model "):
        push_to_hub(mine, "me/mine", token="t")
    assert hub.repos == {}


def test_a_repository_that_is_not_there_is_one_line(hub, tmp_path):
    with pytest.raises(UserError, match="^repo_id me/none: the hub refuses it") as caught:
        from_hub("me/none", token="t", cache=tmp_path)
    assert "\n" not in str(caught.value)
    hub.repos["me/other"] = {"README.md": b"no model"}
    with pytest.raises(UserError, match="^model "):
        from_hub("me/other", token="t", cache=tmp_path)


def test_a_hub_that_does_not_answer_is_one_line(monkeypatch, tmp_path):
    """Catches exceptions of the HTTP client, which is another one in each version of huggingface_hub."""
    with socket.socket() as bound:  # nobody listens on it
        bound.bind(("127.0.0.1", 0))
        point_at(f"http://127.0.0.1:{bound.getsockname()[1]}", monkeypatch)
        for call in (partial(push_to_hub, "nanotst-small"), partial(from_hub, cache=tmp_path)):
            with pytest.raises(UserError, match=r"^repo_id me/mine: the hub cannot be reached \(") as caught:
                call("me/mine", token="t")
            assert "\n" not in str(caught.value)


def test_what_is_in_the_cache_needs_no_hub(hub, tmp_path, monkeypatch):
    push_to_hub("nanotst-small", "me/mine", token="t")
    folder = from_hub("me/mine", token="t", cache=tmp_path)
    point_at("http://127.0.0.1:9", monkeypatch)
    assert from_hub("me/mine", token="t", cache=tmp_path) == folder


def test_a_name_that_no_repository_has_is_one_line(tmp_path):
    for call in (partial(push_to_hub, "nanotst-small"), partial(from_hub, cache=tmp_path)):
        with pytest.raises(UserError, match="^repo_id a name/of/three: give a name such as me/mine") as caught:
            call("a name/of/three", token="t")
        assert "\n" not in str(caught.value)


def test_only_files_of_a_model_are_downloaded(hub, tmp_path):
    push_to_hub("nanotst-small", "me/mine", token="t")
    hub.repos["me/mine"]["optimizer.bin"] = b"0" * 1000
    assert {path.name for path in from_hub("me/mine", token="t", cache=tmp_path).iterdir()} <= FILES
