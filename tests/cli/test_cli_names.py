"""Names of a user on the terminal and in pictures: never markup, never a command to the terminal, in any encoding."""

import io
import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import segue
from segue.cli.shared.progress import counting
from segue.cli.shared.terminal import console, shown
from tests.cli.conftest import run

NAMES = [
    "sales[/eur]",
    "kW[h]",
    "[bold]x[/bold]",
    ":smile:",
    "\x1b[2J\x1b[31mred",
    "a\\",
    "東京",
    "$x_1$",
    "a$b",
    "\u202egnp",
]


def table(names, target="y"):
    rows = [(name, time, value) for name in names for time, value in enumerate([3, 5, 3, 5])]
    return pd.DataFrame(rows, columns=["unique_id", "ds", target])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kW[h] 東京 é", "kW[h] 東京 é"),
        ("a\x1b[2J", "a\\x1b[2J"),
        ("a\nb\tc\x07", "a\\nb\\tc\\x07"),
        ("\u202egnp \u2028", "\\u202egnp \\u2028"),
        ("\ud800", "\\ud800"),
        ("a\u00a0b \u200d", "a\u00a0b \u200d"),  # a space and a joiner steer nothing
        (7, "7"),
    ],
)
def test_what_steers_a_terminal_is_escaped(text, expected):
    assert shown(text) == expected


def test_ids_are_shown_as_they_are(tmp_path):
    table(NAMES[:8]).to_csv(tmp_path / "in.csv", index=False)
    result = run(tmp_path / "in.csv", "--horizon", 1, "--model", "seasonal-naive:2")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert {line.split()[0] for line in result.stdout.splitlines()[3:11]} == {shown(name) for name in NAMES[:8]}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_columns_are_shown_as_they_are(tmp_path, name):
    """As targets, ids, times, and in errors."""
    table(["a", "b"], name).to_csv(tmp_path / "in.csv", index=False)
    result = run(tmp_path / "in.csv", "--horizon", 1, "--model", "seasonal-naive:2", "--target", name)
    assert result.exit_code == 0, result.output
    renamed = table(["a", "b"]).rename(columns={"unique_id": name})
    renamed.to_csv(tmp_path / "in.csv", index=False)
    result = run(tmp_path / "in.csv", "--horizon", 1, "--model", "seasonal-naive:2", "--id", name)
    assert result.stdout.splitlines()[2].split()[0] == shown(name)
    result = run(tmp_path / "in.csv", "--horizon", 1, "--id", f"{name}!")
    assert result.exit_code == 2
    assert "\x1b" not in result.output


def test_scores_are_shown_with_such_names(tmp_path):
    from typer.testing import CliRunner

    from segue.cli import app

    table(NAMES).to_csv(tmp_path / "in.csv", index=False)
    arguments = [
        "backtest",
        str(tmp_path / "in.csv"),
        "--horizon",
        "1",
        "--model",
        "seasonal-naive:2",
        "--against",
        "ar",
    ]
    result = CliRunner().invoke(app, [*arguments, "--windows", "1"])
    assert result.exit_code == 0, result.output
    assert "sales[/eur]" in result.stdout
    assert "\x1b" not in result.output


def test_a_bar_reads_no_markup(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with counting("series") as report:
        report("[/eur]", 0, 3)
    assert console().options.markup is not True


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_terminal_of_any_encoding_shows_the_table(tmp_path, encoding):
    """In a process of its own, whose encoding is set from outside."""
    table(["東京", "é"]).to_csv(tmp_path / "in.csv", index=False)
    arguments = ["forecast", str(tmp_path / "in.csv"), "--horizon", "1", "--model", "seasonal-naive:2"]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-m", "segue", *arguments], env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    first, second = done.stdout.decode(encoding).splitlines()[3:5]
    expected = {"ascii": ("\\xe9", "\\u6771\\u4eac"), "cp1252": ("é", "\\u6771\\u4eac"), "utf-8": ("é", "東京")}
    assert (first.split()[0], second.split()[0]) == expected[encoding]


@pytest.mark.parametrize("form", ["png", "pdf", "svg"])
def test_pictures_of_such_names_warn_of_nothing(form, caplog):
    history = table([*NAMES[:8], "x" * 3000])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ahead = segue.forecast(history, 2, model="seasonal-naive:2")
        segue.plot_forecast(history, ahead).savefig(io.BytesIO(), format=form)
    assert not caplog.records


def test_pictures_of_odd_values_warn_of_nothing_or_are_refused(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for values in ([1e150, -1e150, 0, 1e-300], [np.nan] * 4, [0, 0, 0, 0], [1e-320, 2e-320, 0, 0]):
            history = pd.DataFrame({"unique_id": "a", "ds": range(4), "y": values})
            ahead = segue.forecast(history, 2, model="seasonal-naive")
            segue.plot_forecast(history, ahead).savefig(io.BytesIO())
        history = pd.DataFrame({"unique_id": "a", "ds": range(4), "y": [1.0, 2, 1, 2]})
        ahead = segue.forecast(history, 2, model="seasonal-naive")
        for bad in ([1 + 2j] * 4, list("wxyz")):
            with pytest.raises(segue.UserError, match="^target_col y: holds no real numbers"):
                segue.plot_forecast(history.assign(y=bad), ahead)
        with pytest.raises(segue.UserError, match="^steps -3: give a whole number of at least 1$"):
            segue.plot_forecast(history, ahead, steps=-3)
    assert not caplog.records


def test_a_chart_of_several_columns_of_series():
    history = pd.DataFrame({"shop": ["n"] * 4 + ["s"] * 4, "item": 1, "ds": [*range(4)] * 2, "y": 1.0})
    ahead = history.groupby("shop").tail(2).rename(columns={"y": "Last"}).assign(ds=lambda rows: rows["ds"] + 2)
    figure = segue.plot_forecast(history, ahead, id_col=["shop", "item"], total=12)
    assert [ax.get_title("left") for ax in figure.axes] == ["n/1", "s/1"]
    assert figure.get_suptitle() == "2 of 12 series"
