"""kill -9 at any moment of `segue watch`: started again until it ends, all is as if it had never stopped."""

import json
import os
import random
import sqlite3

import pytest

from tests.live.feeds import table
from tests.live.kills import run_killed

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process that is killed is a fork of this one")


def arguments(folder, alerts):
    return [
        "watch", str(folder / "in.csv"), "--state", str(folder / "live.db"), "--id", "meter", "--scores",
        str(folder / "out.csv"), "--alerts", str(folder / "alerts.jsonl") if alerts == "file" else "-", "--model",
        "seasonal-naive:6", "--warm-up", "24", "--refresh", "4", "--budget", "5", "--shift", "6", "--quiet",
    ]  # fmt: skip


def state(folder):
    """All that a run leaves: files, and every row of the store."""
    with sqlite3.connect(folder / "live.db") as connection:
        rows = [line.replace(str(folder), "") for line in connection.iterdump()]
    connection.close()
    return (folder / "out.csv").read_bytes(), (folder / "alerts.jsonl").read_bytes(), rows


@pytest.fixture
def unbroken(tmp_path, monkeypatch):
    """A run that is not killed: what it leaves, and its number of moments. Batches have 40 lines."""
    monkeypatch.setattr("segue.cli.shared.feed._BATCH", 40)
    return begun(tmp_path / "whole", "file")


def begun(folder, alerts):
    folder.mkdir()
    (folder / "in.csv").write_text(table().to_csv(index=False))
    assert not run_killed(arguments(folder, alerts), 0, folder / "printed", folder / "moments")
    return folder


def killed(folder, whole, moments, alerts):
    """Kills a run at these moments, one after another, then lets it end."""
    folder.mkdir()
    (folder / "in.csv").write_text((whole / "in.csv").read_text())
    for moment in moments:
        run_killed(arguments(folder, alerts), moment, folder / "printed")
    assert not run_killed(arguments(folder, alerts), 0, folder / "printed")


def test_killed_at_any_moment_a_run_leaves_what_an_unbroken_one_does(tmp_path, unbroken):
    """Each eighth of a run is hit once, at a random moment."""
    expected, moments = state(unbroken), int((unbroken / "moments").read_text())
    assert len(expected[1].splitlines()) >= 4  # alerts open and end
    random.seed(5)
    points = [random.randint(1 + part * moments // 8, (part + 1) * moments // 8) for part in range(8)]
    for point in points:
        folder = tmp_path / f"at-{point}"
        killed(folder, unbroken, [point], "file")
        assert state(folder) == expected, point


def test_printed_alerts_are_never_lost(tmp_path, unbroken):
    """On standard output an alert may come twice, with its id; none is missing, and none has another id."""
    expected = [json.loads(line) for line in (unbroken / "alerts.jsonl").read_text().splitlines()]
    moments = int((unbroken / "moments").read_text())
    random.seed(6)
    folder = tmp_path / "printed"
    killed(folder, unbroken, [random.randint(moments // 8, moments // 3) for _ in range(6)], "printed")
    lines = [json.loads(line) for line in (folder / "printed").read_text().splitlines()]
    distinct = [line for number, line in enumerate(lines) if line not in lines[:number]]
    assert distinct == expected


@pytest.mark.slow
def test_killed_at_fifty_random_moments_one_after_another(tmp_path, unbroken):
    expected, moments = state(unbroken), int((unbroken / "moments").read_text())
    random.seed(7)
    killed(tmp_path / "often", unbroken, [random.randint(1, moments // 8) for _ in range(50)], "file")
    assert state(tmp_path / "often") == expected
