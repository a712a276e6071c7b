"""Options that all verbs on tables share: limits, quiet, help, levels as fractions, and outputs in chunks."""

import gzip

import pandas as pd
import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.cli.shared.tables import print_skipped
from tests.cli.conftest import run

COUNTS = "unique_id,ds,y\n" + "".join(f"{k:02d},{t},{(7 * k + t) % 5 * 411}\n" for k in range(12) for t in range(10))
MODEL = ("--model", "seasonal-naive:5")


def source(folder, text=COUNTS):
    (folder / "in.csv").write_text(text)
    return folder / "in.csv"


def test_counts_are_printed_whole_and_other_numbers_are_not(tmp_path):
    shown = run(source(tmp_path), "--horizon", 5, *MODEL).stdout
    assert "1,644" in shown
    assert "." not in shown.split("hi-80")[1].split("more rows")[0]
    one = "ds,y\n0,0.5\n1,1644\n2,0.5\n3,1644\n"
    assert "1,644.0" in run(source(tmp_path, one), "--horizon", 2, "--model", "seasonal-naive:2").stdout


def test_limits(tmp_path):
    text = "ds,y\n0,-2.5\n1,4\n2,-2.5\n3,4\n"
    for arguments in (("--floor", 0, "--cap", 3), ("--non-negative", "--cap", 3)):
        output = tmp_path / "out.csv"
        others = ("--horizon", 2, "--model", "seasonal-naive:2", "--output", output)
        result = run(source(tmp_path, text), *others, *arguments)
        assert pd.read_csv(output)["SeasonalNaive"].tolist() == [0, 3]
        assert result.stderr.splitlines() == [
            "note: 2 of 4 values lie below --floor 0, down to -2.5",
            "note: 2 of 4 values lie above --cap 3, up to 4",
        ]
    both = run(source(tmp_path, text), "--horizon", 2, "--non-negative", "--floor", 1)
    assert both.stderr == "segue: --non-negative and --floor 1: give one of them; --non-negative means a floor of 0\n"
    none = run(source(tmp_path, text), "--horizon", 2, "--floor", 9)
    assert none.stderr == "segue: --floor 9: all values of the table lie below it (-2.5 to 4); give another limit\n"


def test_quiet_prints_the_table_only_where_no_file_has_it(tmp_path):
    file = source(tmp_path, "ds,y\n0,-2.5\n1,4\n2,-2.5\n3,4\n")
    arguments = ("--horizon", 2, "--model", "seasonal-naive:2", "--floor", 0, "--quiet")
    shown = run(file, *arguments)
    assert (shown.stderr, shown.stdout.splitlines()[0]) == ("", "SeasonalNaive: series y, 2 steps ahead, frequency 1")
    assert run(file, *arguments, "--output", tmp_path / "out.csv").output == ""
    assert run(file, "--horizon", 0, "--quiet").stderr == "segue: --horizon 0: give a whole number of at least 1\n"


@pytest.mark.parametrize(("level", "meant"), [("0.8", "80"), ("0.95", "95"), ("0.995", "99.5")])
def test_a_level_below_one_per_cent_asks_what_was_meant(tmp_path, level, meant):
    result = run(source(tmp_path), "--horizon", 2, *MODEL, "--level", level)
    expected = f"segue: --level {level}: is below 1 %; was {meant} meant? give a percentage from 1 to 98\n"
    assert (result.exit_code, result.stderr) == (2, expected)


@pytest.mark.parametrize("season", ["24,soon", "0", "-3", "nan", ",", "inf"])
def test_seasons_that_are_no_steps(tmp_path, season):
    result = run(source(tmp_path), "--horizon", 2, *MODEL, "--season", season)
    assert result.stderr == f"segue: --season {season}: give numbers of steps, such as 24 or 24,168\n"


def test_output_may_be_packed_and_is_the_same_in_chunks(tmp_path, monkeypatch):
    file = source(tmp_path)
    run(file, "--horizon", 5, *MODEL, "--output", tmp_path / "whole.csv")
    monkeypatch.setattr("segue.forecasting.forecast._CHUNK", 25)
    monkeypatch.setattr("segue.forecasting.forecast._FEWEST", 1)
    for name in ("parts.csv", "parts.csv.gz", "parts.parquet"):
        shown = run(file, "--horizon", 5, *MODEL, "--output", tmp_path / name, "--plot", tmp_path / "parts.png")
        assert shown.stdout.splitlines()[0] == "SeasonalNaive: 12 series, 5 steps ahead, frequency 1"
    whole = (tmp_path / "whole.csv").read_bytes()
    assert (tmp_path / "parts.csv").read_bytes() == whole
    assert gzip.decompress((tmp_path / "parts.csv.gz").read_bytes()) == whole
    assert len(pd.read_parquet(tmp_path / "parts.parquet")) == 60


def test_skipped_series_are_listed_up_to_twenty(capsys):
    print_skipped([(f"s{k}[/b]\x1b", "is \x07 bad") for k in range(23)], kept=100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["note: 23 of 123 series are left out:", "  s0[/b]\\x1b: is \\x07 bad"]
    assert lines[-1] == "  and 3 more"
    assert len(lines) == 22


VERBS = [(), ("forecast",), ("backtest",), ("simulate",), ("explain",), ("pretrain",), ("export",), ("grammar",),
         ("language",), ("translate",),
         ("language", "train"), ("language", "evaluate"), ("translate", "run"), ("translate", "split")]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_has_a_short_flag_and_is_not_cut(verb, monkeypatch):
    for width in ("80", "200"):
        monkeypatch.setenv("COLUMNS", width)
        short, long = (CliRunner().invoke(app, [*verb, flag]) for flag in ("-h", "--help"))
        assert (short.exit_code, short.output) == (0, long.output)
        assert "..." not in short.output.replace("[ARGS]...", "")


def test_the_small_model_has_its_own_name(tmp_path):
    file = source(tmp_path)
    output = tmp_path / "out.csv"
    run(file, "--horizon", 1, "--model", "nanotst-small", "--output", output, "--level", 90)
    assert list(pd.read_csv(output).columns[2:]) == ["NanoTST-small", "NanoTST-small-lo-90", "NanoTST-small-hi-90"]
