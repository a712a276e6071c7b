"""What `segue forecast` writes, and what it says when it can't: one line, exit status 2, nothing left behind."""

import os
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from segue.cli import app
from tests.cli.conftest import HOURS, csv, daily_wave, run


@pytest.mark.parametrize(
    ("flag", "name", "message"),
    [
        ("--output", "out.xlsx", "give a name that ends in .csv or .csv.gz or .parquet"),
        ("--output", "none/out.csv", "its folder does not exist; create it or name another"),
        ("--output", "in.csv", "would overwrite a folder or the input; name another file"),
        ("--plot", "out.gif", "give a name that ends in .png or .pdf or .svg"),
    ],
)
def test_output_that_cannot_be_written_is_refused_before_any_work(tmp_path, flag, name, message):
    source = tmp_path / "in.csv"
    source.write_text("not even read\0")
    result = run(source, "--horizon", 3, flag, tmp_path / name)
    assert (result.exit_code, result.stderr) == (2, f"segue: {flag} {tmp_path / name}: {message}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # modes would not stop a test that runs as root
    for flag, name in (("--output", "out.csv"), ("--plot", "out.png")):
        result = run(tmp_path / "in.csv", "--horizon", 3, flag, tmp_path / name)
        assert result.stderr == f"segue: {flag} {tmp_path / name}: its folder can't be written; name another\n"


def test_a_write_that_fails_is_reported_under_its_flag(tmp_path, monkeypatch):
    """Catches `path`, the library's word: here the disk refuses when the forecast is done."""

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    (tmp_path / "in.csv").write_text(csv(HOURS, y=1))
    for flag, name in (("--output", "out.csv"), ("--plot", "out.png")):
        result = run(tmp_path / "in.csv", "--horizon", 3, "--model", "seasonal-naive", flag, tmp_path / name)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"segue: {flag} {tmp_path / name}: name a folder")


def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path):
    result = run(tmp_path / "in.csv", "--horizon", 3, "--plot", tmp_path / ("a" * 300 + ".png"))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"segue: --plot {tmp_path}")
    assert result.stderr.endswith(": name another file (File name too long)\n")


def test_a_name_as_long_as_names_may_be_is_written(tmp_path):
    (tmp_path / "in.csv").write_text(csv(HOURS, y=1))
    output = tmp_path / ("a" * 251 + ".csv")
    assert run(tmp_path / "in.csv", "--horizon", 3, "--model", "seasonal-naive", "--output", output).exit_code == 0
    assert output.exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_terminal_is_reported_in_one_line(tmp_path):
    """In a process of its own: Python tries to write what is left once more at its end."""
    (tmp_path / "in.csv").write_text(csv(HOURS, y=1))
    arguments = ["forecast", str(tmp_path / "in.csv"), "--horizon", "3", "--model", "seasonal-naive"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "segue", *arguments], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (2, "segue: cannot read or write: No space left on device\n")


def test_plot_that_fails_leaves_no_table_either(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", fail)
    (tmp_path / "in.csv").write_text(csv(HOURS, y=1))
    result = CliRunner().invoke(app, ["forecast", str(tmp_path / "in.csv"), "--horizon", "3", "--model",
                                      "seasonal-naive", "--output", str(tmp_path / "o.csv"),
                                      "--plot", str(tmp_path / "o.png")])  # fmt: skip
    assert (result.exit_code, result.stderr) == (2, "segue: cannot read or write: disk full\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_parquet_and_pictures_are_written(tmp_path):
    source, table, picture = (tmp_path / name for name in ("in.csv", "out.parquet", "out.png"))
    source.write_text(csv(HOURS, y=daily_wave(HOURS)))
    result = run(source, "--horizon", 24, "--model", "seasonal-naive", "--output", table, "--plot", picture,
                 "--level", 80, "--level", 95, "--quantile", 0.1)  # fmt: skip
    assert result.exit_code == 0
    written = pd.read_parquet(table)
    assert list(written.columns[2:]) == [f"SeasonalNaive{end}" for end in
                                         ("", "-lo-80", "-hi-80", "-lo-95", "-hi-95", "-q-10")]  # fmt: skip
    assert written["ds"].tolist() == list(pd.date_range("2024-10-29", periods=24, freq="h"))
    assert picture.read_bytes().startswith(b"\x89PNG")
