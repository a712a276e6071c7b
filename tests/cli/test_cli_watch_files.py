"""The files of `segue watch`: moved, mistyped, rotated, cut, or caught in the middle of a line."""

import json
import os
import signal

import pandas as pd
import pytest
from typer.testing import CliRunner

from segue.cli import app
from tests.cli.test_cli_watch import OPTIONS, refusal, watch, write
from tests.live.feeds import table

pytestmark = pytest.mark.usefixtures("shapes_unchecked")  # thousands of updates of lanes


def outputs(folder):
    return (folder / "out.csv").read_bytes(), (folder / "alerts.jsonl").read_bytes()


def with_alerts(folder, *arguments, **more):
    return watch(folder, "--id", "meter", "--alerts", folder / "alerts.jsonl", *arguments, **more)


@pytest.fixture
def whole(tmp_path):
    """The outputs of one run over all rows."""
    folder = tmp_path / "whole"
    folder.mkdir()
    write(folder, table())
    with_alerts(folder)
    return outputs(folder)


def test_a_mistyped_state_empties_no_file(tmp_path, whole):
    """Catches scores and alerts of months that are cut to nothing, because another store does not know them."""
    write(tmp_path, table())
    with_alerts(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    wrong = ("--id", "meter", "--state", tmp_path / "livee.db")
    for more, flag, name in (
        ((), "--scores", "out.csv"),
        (("--scores", tmp_path / "new.csv", "--alerts", tmp_path / "alerts.jsonl"), "--alerts", "alerts.jsonl"),
    ):
        command = ["watch", tmp_path / "in.csv", *OPTIONS, "--scores", tmp_path / "out.csv", *wrong, *more]
        message = CliRunner().invoke(app, list(map(str, command))).stderr.splitlines()[-1]
        assert message.startswith(f"segue: {flag} {tmp_path / name}: holds ")
        assert "does not know of; give the --state that it was written with, move it away, or name another" in message
        assert outputs(tmp_path) == whole
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, *["new.csv"] * bool(more)])


def test_a_folder_that_moves_goes_on(tmp_path, whole):
    """Catches names of files that hold only where the first run was."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    write(before, table(), slice(200))
    with_alerts(before)
    before.rename(after)
    write(after, table())
    result, *_ = with_alerts(after)
    assert "late" not in result.stderr
    assert outputs(after) == whole


def test_an_input_that_moves_goes_on(tmp_path, whole):
    """Catches rows that are read twice, since the file has another name."""
    write(tmp_path, table(), slice(200))
    with_alerts(tmp_path)
    (tmp_path / "in.csv").unlink()
    (tmp_path / "there").mkdir()
    write(tmp_path / "there", table(), file="meters.csv")
    result, *_ = with_alerts(tmp_path, file="there/meters.csv")
    assert "note: meters.csv goes on after the rows that were read from in.csv" in result.stderr
    assert outputs(tmp_path) == whole


def test_another_file_in_the_place_of_scores_is_refused_and_kept(tmp_path):
    write(tmp_path, table(), slice(200))
    watch(tmp_path, "--id", "meter")
    other = "ds,y\n" + "2024-01-01,1\n" * 5000
    (tmp_path / "out.csv").write_text(other)
    assert "is not the file that was written; restore it" in refusal(tmp_path, "--id", "meter")
    assert (tmp_path / "out.csv").read_text() == other


@pytest.mark.parametrize("cut", [1, 3, 9, 25])
@pytest.mark.parametrize("more", [(), ("--duplicates", "last")])
def test_a_last_line_without_an_end_counts_and_may_still_grow(tmp_path, cut, more):
    """Each part of a growing file ends within a line; the outputs equal those of the whole file at once.

    Catches the first half of a number that is taken for the number, and its second half for a row.
    """
    text, whole, parts = table().to_csv(index=False), tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    write(whole, table())
    with_alerts(whole, *more)
    for lines in (110, 200, 203, 310):
        end = sum(map(len, text.splitlines(keepends=True)[:lines])) - cut
        (parts / "in.csv").write_text(text[:end])
        result, scores, _ = with_alerts(parts, *more)
        assert result.exit_code == 0, result.stderr
        assert " has no end" in result.stderr
        assert cut > 1 or len(scores) == lines - 1
    (parts / "in.csv").write_text(text)
    with_alerts(parts, *more)
    assert outputs(parts) == outputs(whole)


def test_a_finished_file_without_a_last_line_end_is_read_whole(tmp_path, whole):
    """The last row has its score and its alert, and the file may be read again."""
    frame = table()
    frame.loc[357, "load"] = 90.0
    (tmp_path / "in.csv").write_text(frame[:358].to_csv(index=False).rstrip("\n"))
    for _ in range(2):
        result, scores, alerts = watch(tmp_path, "--id", "meter")
        assert len(scores) == 358
        assert alerts[-1]["begin"] == scores["ds"].iloc[-1]
        assert "note: line 359 has no end: its row counts, and the next run reads it again" in result.stderr


@pytest.mark.parametrize("how", ["renamed", "written on after renaming", "cut", "cut and longer"])
def test_a_file_that_is_rotated_while_it_is_followed_loses_no_line(tmp_path, monkeypatch, whole, how):
    """Lines that were written before the rotation and not yet read come first."""
    lines, path = table().to_csv(index=False).splitlines(keepends=True), tmp_path / "in.csv"
    path.write_text("".join(lines[:100]))

    def append(first, last, to=path):
        with to.open("a") as file:
            file.write("".join(lines[first:last]))

    def rotate(first):
        """Between two looks of the watch more lines come, and the file is replaced."""
        if how.startswith("cut"):
            path.write_text("".join([lines[0], *lines[first : first + 3]]))
            return
        append(first, first + 20)
        path.rename(tmp_path / "in.csv.1")
        path.write_text("".join([lines[0], *lines[first + 20 + 5 * how.startswith("written") : first + 40]]))

    steps = [lambda: append(100, 150), lambda: rotate(150)]
    if how.startswith("written"):
        steps.append(lambda: append(170, 175, tmp_path / "in.csv.1"))
    rest = 153 if how.startswith("cut") else 190
    if how == "cut and longer":
        steps[1] = lambda: path.write_text("".join([lines[0], *lines[150:330]]))
        rest = 330
    steps += [lambda: None, lambda: append(rest, len(lines)), lambda: os.kill(os.getpid(), signal.SIGINT)]
    monkeypatch.setattr("time.sleep", lambda _: steps.pop(0)())
    result, *_ = with_alerts(tmp_path, "--follow")
    assert result.exit_code == 0, result.stderr
    assert outputs(tmp_path)[0] == whole[0]


def test_a_file_that_is_rotated_between_two_runs_loses_no_line(tmp_path, whole):
    lines, path = table().to_csv(index=False).splitlines(keepends=True), tmp_path / "in.csv"
    path.write_text("".join(lines[:150]))
    with_alerts(tmp_path)
    (tmp_path / "in.csv.1").write_text("".join(lines[:180]))
    path.write_text("".join([lines[0], *lines[180:]]))
    result, *_ = with_alerts(tmp_path)
    assert "note: in.csv was replaced; first comes the rest of in.csv.1" in result.stderr
    assert outputs(tmp_path) == whole
    with_alerts(tmp_path)
    assert outputs(tmp_path) == whole


@pytest.mark.parametrize(("older", "newer"), [("in.csv.2", "in.csv.1"), ("in.csv.1", "in.csv.2")])
def test_a_file_that_is_rotated_twice_between_two_runs_loses_no_line(tmp_path, whole, older, newer):
    """Numbers rise or fall with the age; catches a file that is read twice."""
    lines, path = table().to_csv(index=False).splitlines(keepends=True), tmp_path / "in.csv"
    path.write_text("".join(lines[:150]))
    with_alerts(tmp_path)
    (tmp_path / older).write_text("".join(lines[:180]))
    (tmp_path / newer).write_text("".join([lines[0], *lines[180:260]]))
    for second, name in enumerate((older, newer)):
        os.utime(tmp_path / name, (second, second))
    path.write_text("".join([lines[0], *lines[260:]]))
    result, *_ = with_alerts(tmp_path)
    assert f"note: in.csv was replaced; first comes the rest of {older}" in result.stderr
    assert f"note: in.csv was replaced more than once; {newer} comes next" in result.stderr
    assert outputs(tmp_path) == whole
    with_alerts(tmp_path)
    assert outputs(tmp_path) == whole


@pytest.mark.parametrize(
    ("first", "between", "note"),
    [
        ("in.csv.2", "in.csv.1.gz", "in.csv.1 was not found; rows that it held after those of in.csv.2 are missing"),
        ("in.csv-0401", "in.csv-0402", "in.csv-0402 changed after in.csv-0401 and is not read; rows of this feed in"),
    ],
)
def test_the_part_of_a_feed_that_is_not_found_is_named(tmp_path, first, between, note):
    lines, path = table().to_csv(index=False).splitlines(keepends=True), tmp_path / "in.csv"
    path.write_text("".join(lines[:150]))
    with_alerts(tmp_path)
    (tmp_path / first).write_text("".join(lines[:180]))
    os.utime(tmp_path / first, (1, 1))
    (tmp_path / between).write_bytes(b"not read")
    path.write_text("".join([lines[0], *lines[260:]]))
    result, scores, _ = with_alerts(tmp_path)
    assert note in result.stderr
    assert len(scores) == len(lines) - 1 - 80


def test_standard_input_and_a_file_read_the_same_rows_in_the_same_way(tmp_path, monkeypatch):
    """The first 64 lines settle the step of both; catches a file whose step follows from all of its rows."""
    hours = pd.date_range("2024-01-01", periods=400, freq="h")
    times = [*hours[:80], *pd.date_range(hours[80], periods=1500, freq="30min")]
    frame = pd.DataFrame({"ds": times, "y": [float(step % 6) for step in range(len(times))]})
    write(tmp_path, frame)
    _, scores, _ = watch(tmp_path)
    (tmp_path / "piped").mkdir()
    _, piped, _ = watch(tmp_path / "piped", file="-", given=frame.to_csv(index=False))
    pd.testing.assert_frame_equal(scores, piped)


def test_more_lines_are_read_where_the_first_ones_show_no_step(tmp_path):
    """A hundred meters at one time."""
    frame = table(100, 60)
    write(tmp_path, frame)
    _, scores, _ = watch(tmp_path, "--id", "meter")
    (tmp_path / "piped").mkdir()
    _, piped, _ = watch(tmp_path / "piped", "--id", "meter", file="-", given=frame.to_csv(index=False))
    pd.testing.assert_frame_equal(scores, piped)
    assert len(scores) == 6000
    assert json.loads(json.dumps(scores["status"].tolist()[-1])) in {"fresh", "missing"}
