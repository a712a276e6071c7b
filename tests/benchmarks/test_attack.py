"""The attack on what is read: attempts come again, what is whole is exact, and what is let through is a fault."""

import math
import random
import shutil

import pytest

from benchmarks.attack.damage import flip
from benchmarks.attack.trial import Attempt, expected_of, run, run_all
from segue.errors import UserError


@pytest.fixture
def source(tmp_path):
    (tmp_path / "file").write_bytes(b"ten bytes!")
    return tmp_path / "file"


def careless(path):
    return path.read_bytes().hex()


def careful(path):
    if path.read_bytes() != b"ten bytes!":
        raise UserError("file", path, "copy it again")
    return careless(path)


def failing(path):
    raise UserError("file", path, "a remedy") if path.read_bytes() == b"ten bytes!" else KeyError("x")


def ending(path):
    import os

    if path.read_bytes() != b"ten bytes!":
        os._exit(3)
    return "whole"


def damage(path):
    flip(path, random.Random(3))


@pytest.mark.parametrize(
    ("read", "forged", "result"),
    [(careful, False, "refused"), (careless, False, "wrong"), (careless, True, "another"), (ending, False, "died")],
)
def test_what_came_of_an_attempt_is_named(source, read, forged, result):
    attempt = Attempt("flip", source, damage, read, forged)
    outcome = run(attempt, expected_of(source, read))
    assert outcome.result == result
    assert outcome.fault == (result in ("wrong", "died"))
    assert source.read_bytes() == b"ten bytes!"


def test_an_untouched_copy_is_exact_and_another_exception_is_a_fault(source):
    untouched = Attempt("nothing", source, lambda path: None, careless)
    assert run(untouched, expected_of(source, careless)).result == "exact"
    assert run(Attempt("flip", source, damage, failing), "").result == "exception"


def test_kinds_are_counted_apart(source, tmp_path):
    attempts = [Attempt(kind, source, damage, careful) for kind in ("a", "b", "a")]
    rows, faults = run_all([*attempts, Attempt("c", source, damage, careless)], tmp_path)
    assert [(row["attempt"], row["attempts"], row["refused"], row["fault"]) for row in rows] == [
        ("a", 2, 2, 0),
        ("b", 1, 1, 0),
        ("c", 1, 0, 1),
    ]
    assert faults == 1


def test_a_bundled_model_is_attacked_and_holds(tmp_path, monkeypatch):
    """A few attempts of the kinds that the command makes by the thousand; only the command judges their time."""
    monkeypatch.setattr("benchmarks.attack.trial.SECONDS", math.inf)
    from benchmarks.attack.folders import _attempts
    from benchmarks.attack.sources import read_without_torch
    from segue.forecasting.nanotst.weights import model_folder

    folder = shutil.copytree(model_folder("nanotst-small"), tmp_path / "exported")
    attempts = _attempts([folder], read_without_torch, seed=0)
    rows, faults = run_all((next(attempts) for _ in range(40)), tmp_path)
    assert faults == 0
    assert sum(int(str(row["refused"])) for row in rows) >= 30
