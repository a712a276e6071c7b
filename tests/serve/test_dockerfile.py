"""The container's file: what it runs is what the documentation says, and it runs in a fresh environment."""

import json
import os
import re
import shlex
import subprocess
import urllib.request
import venv
from pathlib import Path

import pytest
import typer

from segue.cli import app

ROOT = Path(__file__).parents[2]


def instructions(name):
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return re.findall(rf"^{name} (.+)$", text, re.MULTILINE)


def documented():
    return re.findall(r"^\$ (.+)$", (ROOT / "docs" / "serving.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_names_the_commands_of_the_container():
    """Catches a page that was true once."""
    install, user = instructions("RUN")
    (command,) = instructions("CMD")
    assert install in documented()
    assert shlex.join(json.loads(command)) in documented()
    assert user.split()[0] == "useradd"
    assert instructions("USER") == ["segue"]
    assert instructions("FROM") == ["python:3.12-slim"]


def test_the_command_has_flags_of_segue_serve():
    """Catches a flag that was renamed."""
    (command,) = instructions("CMD")
    _, verb, *arguments = json.loads(command)
    serve = typer.main.get_command(app).commands[verb]
    flags = {flag for parameter in serve.params for flag in parameter.opts}
    assert {word for word in arguments if word.startswith("--")} <= flags


def test_all_that_is_copied_is_there_and_let_through():
    """`.dockerignore` leaves out all but these: catches a build that lacks a file, or holds the whole repository."""
    copied = {source.removeprefix("./") for line in instructions("COPY") for source in line.split()[:-1]}
    assert all((ROOT / source).exists() for source in copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


@pytest.mark.slow
def test_its_commands_run_in_a_fresh_environment(tmp_path):
    """Installs from a copy of what is copied, without torch, serves with a token, and answers. Needs an index."""
    for line in instructions("COPY"):
        *sources, _ = line.split()
        subprocess.run(["cp", "-r", *(ROOT / source for source in sources), tmp_path], check=True)
    venv.create(tmp_path / "venv", with_pip=True)
    path = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    subprocess.run(shlex.split(instructions("RUN")[0]), cwd=tmp_path, env=environment, check=True)
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n", encoding="utf-8")
    words = {"8000": "0", "/run/token": str(token)}
    command = [words.get(word, word) for word in json.loads(instructions("CMD")[-1])]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        port = json.loads(process.stderr.readline())["port"]
        body = json.dumps({"series": {"y": [1, 2, 3], "sizes": [3]}, "h": 2, "freq": "D"}).encode()
        headers = {"authorization": "Bearer 0123456789abcdef", "content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v2/forecast", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert len(json.load(answer)["mean"]) == 2
    finally:
        process.kill()
        process.stderr.close()
        process.wait()
    listed = subprocess.run([path / "python", "-c", "import torch"], env=environment, capture_output=True, check=False)
    assert listed.returncode == 1
