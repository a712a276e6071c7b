"""`segue serve` as a process: it says where it listens, answers, and finishes what is open before it stops."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.errors import UserError
from segue.serve.running import Place
from tests.serve.conftest import hours, nixtla_series


@contextmanager
def serving(*arguments):
    """Runs `segue serve` at a free port; yields the process, its port, and the lines that it logs later."""
    command = [sys.executable, "-m", "segue", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        line = json.loads(process.stderr.readline())
        assert line["event"] == "listening", line
        yield process, line["port"]
    finally:
        process.kill()
        process.stderr.close()
        process.wait()


def post(port, body, path="/v2/forecast"):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_a_server_that_is_asked_to_stop_answers_what_is_open(tmp_path):
    """Catches a client that gets half an answer, a status of failure, and data in the log."""
    body = {"series": nixtla_series(hours((900,) * 40)), "h": 200, "freq": "h", "level": [80]}
    with serving("--threads", "1") as (process, port), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post, port, body)
        while '"/v2/forecast"' not in metrics(port) and "segue_open_requests 2" not in metrics(port):
            assert not answer.done()
        process.send_signal(signal.SIGTERM)
        assert len(answer.result(60)["mean"]) == 40 * 200
        rest = [json.loads(line) for line in process.stderr]
        assert process.wait(30) == 0
    assert rest[-1]["event"] == "stopped"
    assert [line["status"] for line in rest if line.get("route") == "/v2/forecast"] == [200]
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port), 5):
        pass


def test_bytes_that_are_no_http_are_logged_as_json():
    """Catches a line of uvicorn among the lines of JSON."""
    with serving("--model", "seasonal-naive") as (process, port):
        with socket.create_connection(("127.0.0.1", port), 30) as own:
            own.sendall(b"no HTTP\r\n\r\n")
            assert own.recv(100).startswith(b"HTTP/1.1 400 ")
        line = json.loads(process.stderr.readline())
    assert (line["level"], line["event"]) == ("warning", "Invalid HTTP request received.")


def test_notices_of_a_table_are_not_logged():
    """They name series and times, and are no JSON."""
    series = nixtla_series(hours((60, 40), gaps=False))
    with serving("--model", "seasonal-naive") as (process, port):
        post(port, {"series": series, "freq": "h", "level": 99}, "/v2/anomaly_detection")
        line = json.loads(process.stderr.readline())
    assert (line["event"], line["route"]) == ("answered", "/v2/anomaly_detection")


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return answer.read().decode()


def segue(*arguments):
    return CliRunner().invoke(app, ["serve", *arguments])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "--host 0.0.0.0: other machines can reach it; give a --token-file"),
        (("--token-file", "nothing"), "--token-file nothing: give a text file whose first line is the token"),
        (("--model", "other"), "--model other: "),
        (("--model", "nanotst", "--model", "nanotst"), "--model nanotst: is named twice"),
        (("--max-series", "0"), "--max-series 0: give a number of at least 1"),
    ],
)
def test_a_mistake_is_one_line_in_the_words_of_the_command(arguments, words):
    """Exit status 2, and nothing listens."""
    done = segue(*arguments)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"segue: {words}")


def test_a_port_that_is_taken_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = segue("--port", str(port), "--model", "ar")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"segue: --port {port}: cannot listen there")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_of_this_machine_is_named(host):
    """Catches a line that blames the port."""
    with pytest.raises(UserError, match=f"^host {re.escape(host)}: cannot listen there"):
        Place(host, 8000).bound()


def test_the_body_of_an_answer_does_not_wait_for_its_head():
    """Catches 40 ms for each answer, in which the client holds back what the server waits for."""

    async def option():
        found = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda _, writer: found.set_result(writer), sock=Place(port=0).bound())
        async with server:
            _, own = await asyncio.open_connection(*server.sockets[0].getsockname())
            other = await asyncio.wait_for(found, 30)
            without_delay = other.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            for writer in (own, other):
                writer.close()
                await writer.wait_closed()
        return without_delay

    assert asyncio.run(option()) != 0


def test_without_the_extra_one_line_says_what_to_install(tmp_path):
    """The core install has no FastAPI."""
    from tests.conftest import REFUSE

    (tmp_path / "sitecustomize.py").write_text(REFUSE.format(packages=("fastapi",)), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, "-m", "segue", "serve"], env=environment, capture_output=True, text=True, check=False
    )
    remedy = "run pip install -c constraints.txt -e '.[serve]' in the folder of the repository"
    assert (done.returncode, done.stderr) == (2, f"segue: serve: needs fastapi; {remedy}\n")


def test_the_server_imports_no_torch(without_torch):
    """Catches an import that makes a container a gigabyte larger."""
    code = "from segue.serve.app import make_app; from segue.serve.models import Models\n"
    code += "from segue.serve.service import Service; make_app(Service(Models(['nanotst']))); print('made')"
    done = without_torch("-c", code)
    assert (done.stdout, done.stderr) == ("made\n", "")
