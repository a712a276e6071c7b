"""What `segue watch` refuses: files, another model, scores that were cut, bad first lines."""

import os

import pytest
from typer.testing import CliRunner

from segue.cli import app
from tests.cli.test_cli_watch import OPTIONS, refusal, watch, write
from tests.live.feeds import table


def test_files_that_cannot_be_watched_are_refused_in_one_line(tmp_path):
    assert refusal(tmp_path).startswith(f"FILE {tmp_path / 'in.csv'}: cannot be read (No such file or directory)")
    (tmp_path / "in.csv").write_bytes(b"\x00\x01\x02" * 50)
    assert "cannot be read line by line" in refusal(tmp_path)
    (tmp_path / "in.csv").write_text("ds,y\n")
    assert refusal(tmp_path) == "FILE in.csv: holds no rows; name a file with a header and at least one row"
    write(tmp_path, table(1)[["ds", "load"]])
    assert refusal(tmp_path, "--budget", 0).startswith("--budget 0.0: ")
    assert refusal(tmp_path, "--forget", "soon").startswith("--forget soon: give an age such as")
    assert refusal(tmp_path, "--forget", 30).startswith("--forget 30: give an age such as")  # 30 of which unit?
    assert "would overwrite a folder or the input" in refusal(tmp_path, "--state", tmp_path / "in.csv")
    assert "is the file of --state, too; name another" in refusal(tmp_path, "--alerts", tmp_path / "live.db")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_device_for_alerts_is_refused_by_its_name(tmp_path):
    write(tmp_path, table(1))
    command = ["watch", str(tmp_path / "in.csv"), "--model", "seasonal-naive:6", "--id", "meter"]
    result = CliRunner().invoke(app, [*command, "--alerts", os.devnull])
    assert result.exit_code == 2
    assert f"--alerts {os.devnull}: cannot be cut back (" in result.stderr


def test_the_store_of_another_model_needs_adopt(tmp_path):
    write(tmp_path, table(), slice(180))
    watch(tmp_path, "--id", "meter")
    write(tmp_path, table())
    message = refusal(tmp_path, "--id", "meter", "--model", "seasonal-naive:12")
    assert "is the store of another SeasonalNaive; go on with that model, or give --adopt" in message
    result, scores, _ = watch(tmp_path, "--id", "meter", "--model", "seasonal-naive:12", "--adopt")
    assert result.exit_code == 0
    assert len(scores) == 360
    assert (scores["status"][180:200] == "warming").sum() > 10  # calibration begins anew
    assert "late" not in result.stderr


def test_scores_that_were_cut_are_refused(tmp_path):
    write(tmp_path, table(), slice(180))
    watch(tmp_path, "--id", "meter")
    (tmp_path / "out.csv").write_text("meter,ds\n")
    write(tmp_path, table())
    assert " has 9 bytes, and " in refusal(tmp_path, "--id", "meter")


@pytest.mark.parametrize(("flag", "name"), [("--scores", "kept.csv"), ("--alerts", "kept.jsonl")])
def test_a_file_that_no_watch_has_written_is_refused_and_kept(tmp_path, flag, name):
    """Catches a table of the user that is emptied, on the first run and where a store has read all rows."""
    write(tmp_path, table())
    kept = tmp_path / name
    for _ in range(2):
        kept.write_text("ds,y\n2024-01-01,1\n")
        command = ["watch", tmp_path / "in.csv", *OPTIONS, "--id", "meter", "--state", tmp_path / "live.db", flag, kept]
        result = CliRunner().invoke(app, list(map(str, command)))
        assert result.exit_code == 2
        assert (
            "holds 18 bytes that this store does not know of; give the --state that it was written with"
            in result.stderr
        )
        assert kept.read_text() == "ds,y\n2024-01-01,1\n"
        watch(tmp_path, "--id", "meter")


@pytest.mark.parametrize("number", [2, 40])
def test_a_bad_line_among_the_first_ones_ends_the_watch_in_one_line(tmp_path, number):
    """Catches a traceback where the lines that settle the form hold one that is no row."""
    lines = table().to_csv(index=False).splitlines()
    lines.insert(number - 1, "m0,2024-01-01,1,2,3")
    (tmp_path / "in.csv").write_text("\n".join(lines))
    assert f"line {number}: has 5 cells, and there are 3 columns" in refusal(tmp_path, "--id", "meter")
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "in.csv").write_text("\n".join(lines))
    _, scores, _ = watch(tmp_path / "left", "--id", "meter", "--skip-bad")
    assert len(scores) == len(table())
