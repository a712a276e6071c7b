"""`segue watch`: a feed in, scores and alerts out; restarts, growing files, late and double rows, bad lines."""

import json
import os
import signal

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.cli.shared.lines import Lines
from segue.cli.shared.position import START
from tests.live.feeds import table

pytestmark = pytest.mark.usefixtures("shapes_unchecked")  # thousands of updates of lanes

OPTIONS = ("--model", "seasonal-naive:6", "--warm-up", 24, "--refresh", 4, "--budget", 5, "--shift", 6)


def watch(folder, *arguments, file="in.csv", given=None):
    """Runs the command in a folder: its result, the scores so far and the alerts that it printed."""
    arguments = ["watch", folder / file if file != "-" else "-", "--state", folder / "live.db", *OPTIONS, *arguments]
    result = CliRunner().invoke(app, [*map(str, arguments), "--scores", str(folder / "out.csv")], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    scores = pd.read_csv(folder / "out.csv") if (folder / "out.csv").exists() else None
    return result, scores, [json.loads(line) for line in result.stdout.splitlines()]


def write(folder, frame, rows=slice(None), file="in.csv"):
    (folder / file).write_text(frame[rows].to_csv(index=False))


def refusal(folder, *arguments, **more):
    result, _, alerts = watch(folder, *arguments, **more)
    assert result.exit_code == 2
    assert alerts == []
    return result.stderr.splitlines()[-1].removeprefix("segue: ")


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr("segue.cli.shared.feed._BATCH", 50)


def test_every_row_gets_a_score_and_each_event_one_alert(tmp_path):
    frame = table()
    write(tmp_path, frame)
    result, scores, alerts = watch(tmp_path, "--plot", tmp_path / "p.png", "--id", "meter")
    assert result.exit_code == 0
    assert scores.columns.tolist() == [
        "meter", "ds", "load", "expected", "lo-80", "hi-80", "score", "status"
    ]  # fmt: skip
    pd.testing.assert_frame_equal(scores[["meter", "load"]], frame[["meter", "load"]])
    assert scores["ds"].tolist() == frame["ds"].dt.strftime("%Y-%m-%d %H:%M:%S").tolist()
    assert scores["score"].between(0, 1).all()
    assert (scores["status"] == "missing").equals(frame["load"].isna())
    outlier = scores[(scores["meter"] == "m0") & (scores["load"] == 40.0)]
    assert (outlier["score"] > 0.99).all()
    opened = [alert for alert in alerts if alert["end"] is None]
    assert [alert["id"] for alert in opened] == list(range(1, len(opened) + 1))
    first = next(alert for alert in opened if alert["unique_id"] == "m0")
    assert {"begin": outlier["ds"].item(), "direction": "up"}.items() <= first.items()
    assert [alert["accepted"] for alert in alerts if alert["unique_id"] == "m1" and alert["end"]] == [True]
    assert "note: 360 rows: " in result.stderr
    assert f"; {len(opened)} alerts" in result.stderr
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_a_watch_that_is_stopped_goes_on_with_the_next_line(tmp_path, small_batches):
    """Stopped after any row and started again equals never stopped; the options of columns are remembered."""
    frame, whole, parts = table(), tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    write(whole, frame)
    _, _, alerts = watch(whole, "--id", "meter")
    printed = []
    for end in (100, 100, 187, 360):
        write(parts, frame, slice(end))
        printed += watch(parts, "--id", "meter")[2]
    assert (parts / "out.csv").read_bytes() == (whole / "out.csv").read_bytes()
    assert printed == alerts
    assert refusal(parts) == "--id None: was meter when the watch began; give the same, or another --state"


def test_lines_of_json_and_standard_input_give_the_same(tmp_path):
    frame = table()
    frame["ds"] = frame["ds"].astype(str)
    write(tmp_path, frame)
    _, scores, alerts = watch(tmp_path, "--id", "meter")
    for name, text, arguments in (
        ("json", frame.to_json(orient="records", lines=True), ("--id", "meter")),
        ("csv", frame.to_csv(index=False), ("--id", "meter")),
    ):
        folder = tmp_path / name
        folder.mkdir()
        _, same, printed = watch(folder, *arguments, file="-", given=text)
        pd.testing.assert_frame_equal(same, scores)
        assert printed == alerts


def test_a_growing_file_is_followed_until_ctrl_c(tmp_path, monkeypatch):
    """The file grows by half lines while the command waits; at last Ctrl-C ends it, with all that came."""
    frame, path = table(), tmp_path / "in.csv"
    text = frame.to_csv(index=False)
    path.write_text(text[:3000])
    rest = [text[begin : begin + 700] for begin in range(3000, len(text), 700)]

    def sleep(seconds):
        assert seconds > 0
        if not rest:
            os.kill(os.getpid(), signal.SIGINT)
            return
        with path.open("a") as file:
            file.write(rest.pop(0))

    monkeypatch.setattr("time.sleep", sleep)
    result, scores, alerts = watch(tmp_path, "--id", "meter", "--follow", "--alerts", tmp_path / "alerts.jsonl")
    assert (result.exit_code, alerts) == (0, [])
    assert "note: 360 rows" in result.stderr
    (tmp_path / "whole").mkdir()
    write(tmp_path / "whole", frame)
    _, whole, printed = watch(tmp_path / "whole", "--id", "meter")
    pd.testing.assert_frame_equal(scores, whole)
    written = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert sorted(map(str, written)) == sorted(map(str, printed)) or len(written) == len(printed)


def test_lines_wait_for_their_end_and_a_replaced_file_is_read_anew(tmp_path):
    path, notes = tmp_path / "a.log", []
    path.write_bytes(b"one\ntw")
    grow = [b"o\nthr", b"ee\n"]

    def sleep(_):
        if grow:
            path.write_bytes(path.read_bytes() + grow.pop(0))
            return
        if (tmp_path / "b.log").exists():
            os.replace(tmp_path / "b.log", path)

    (tmp_path / "b.log").write_bytes(b"new\n")
    lines = Lines(path, START, True, notes.append, sleep)
    assert [lines.read(9) for _ in range(3)] == [[b"one"], [b"two"], [b"three"]]
    known = lines.position
    assert (known.bytes, known.lines) == (14, 3)
    assert lines.read(9) == [b"new"]
    assert lines.position.lines == 1
    assert notes == ["a.log was replaced, and is read from its beginning"]
    lines.close()
    path.write_bytes(b"one\ntwo\nthree\nfour")
    again = Lines(path, known, False, notes.append)
    assert (again.read(9), again.unfinished, again.position.bytes) == ([], b"four", 14)
    again.close()
    path.write_bytes(b"won\ntwo\nthree\nfour")
    other = Lines(path, known, False, notes.append)
    assert other.read(2) == [b"won", b"two"]
    assert notes[1].startswith("a.log is another file than before, and is read from its beginning; if rows of")
    other.close()


def test_late_and_double_rows_change_nothing_and_are_counted(tmp_path):
    frame = table()
    late, double = frame.iloc[[30]].assign(load=99.0), frame.iloc[[204]].assign(load=77.0)
    mixed = pd.concat([frame[:200].drop(index=30), late, frame[200:205], double, frame[205:]])
    write(tmp_path, mixed)
    result, scores, _ = watch(tmp_path, "--id", "meter")
    assert "1 late, 1 double" in result.stderr
    assert "--duplicates names another rule" in result.stderr
    assert scores["status"].tolist()[199] == "late"
    assert scores["status"].tolist()[205] == "duplicate"
    assert (scores.loc[[199, 205], "score"] == 0).all()
    (tmp_path / "clean").mkdir()
    write(tmp_path / "clean", frame.drop(index=30))
    _, clean, _ = watch(tmp_path / "clean", "--id", "meter")
    pd.testing.assert_frame_equal(scores.drop(index=[199, 205]).reset_index(drop=True), clean)


@pytest.mark.parametrize("rule", ["last", "mean", "sum"])
@pytest.mark.parametrize("batch", [7, 5000])
def test_several_values_of_a_step_are_reduced_and_all_rows_have_its_score(tmp_path, monkeypatch, rule, batch):
    """As `segue forecast` reduces them, however the rows come in batches."""
    monkeypatch.setattr("segue.cli.shared.feed._BATCH", batch)
    frame = table(1)
    extra = frame.iloc[::5].assign(load=lambda rows: rows["load"] + 1)
    double = pd.concat([frame, extra]).sort_index(kind="stable")
    write(tmp_path, double)
    _, scores, _ = watch(tmp_path, "--id", "meter", "--duplicates", rule)
    assert len(scores) == len(double)
    np.testing.assert_array_equal(scores["load"], double["load"])
    assert (scores.groupby("ds")["score"].nunique() == 1).all()
    values = double.groupby("ds")["load"]
    reduced = {"last": values.apply(lambda step: step.iloc[-1]), "mean": values.mean(), "sum": values.sum(min_count=1)}
    (tmp_path / "one").mkdir()
    write(tmp_path / "one", reduced[rule].reset_index().assign(meter="m0"))
    _, one, _ = watch(tmp_path / "one", "--id", "meter")
    np.testing.assert_allclose(scores.groupby("ds")["score"].first(), one["score"], rtol=1e-9, atol=1e-9)


def test_rows_within_a_longer_step_are_gathered(tmp_path):
    times = pd.date_range("2024-01-01 00:05", periods=600, freq="10min")
    frame = pd.DataFrame({"ds": times, "y": np.arange(600) // 6 % 6 + np.tile([0.0, 1, 2, 3, 4, 5], 100)})
    write(tmp_path, frame)
    result, scores, _ = watch(tmp_path, "--freq", "h", "--duplicates", "mean")
    assert len(scores) == 600
    assert "note: 600 rows: " in result.stderr
    fresh = scores[scores["status"] == "fresh"]
    assert fresh["expected"].tolist() == (np.arange(600) // 6 % 6 + 2.5)[fresh.index].tolist()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "m0,2024-01-03 00:00:00,abc",
            r"FILE line 102: --target load is not a number but 'abc'; .*",
        ),
        ("m0,yesterday,3", r"FILE line 102: --time ds cannot read 'yesterday' as a time.* by --skip-bad"),
        ("m0,,3", r"FILE line 102: --time ds is empty; mend it, or leave such lines out by --skip-bad"),
        ("m0,2024-01-03 00:00:00,3,4", r"FILE line 102: has 4 cells, and there are 3 columns; .*"),
        ('m0,2024-01-03 00:00:00,"3', r"FILE line 102: has a quote that is not closed.*"),
    ],
)
def test_a_bad_line_ends_the_watch_after_the_rows_before_it_or_is_left_out(tmp_path, line, message, small_batches):
    lines = table().to_csv(index=False).splitlines(keepends=True)
    bad = [*lines[:101], line + "\n", *lines[101:]]
    (tmp_path / "in.csv").write_text("".join(bad))
    result, scores, _ = watch(tmp_path, "--id", "meter")
    assert result.exit_code == 2
    fault = result.stderr.splitlines()[-1].removeprefix("segue: ")
    assert pd.Series([fault]).str.fullmatch(message).item(), fault
    assert len(scores) == 100
    (tmp_path / "in.csv").write_text("".join(lines))  # mended
    _, mended, _ = watch(tmp_path, "--id", "meter")
    assert len(mended) == 360
    (tmp_path / "skip").mkdir()
    (tmp_path / "skip" / "in.csv").write_text("".join(bad))
    result, skipped, _ = watch(tmp_path / "skip", "--id", "meter", "--skip-bad")
    assert "1 bad lines were left out: line 102 " in result.stderr
    pd.testing.assert_frame_equal(skipped, mended)


def test_days_and_months_keep_the_order_of_the_first_lines(tmp_path, monkeypatch):
    """A batch of 01/02 to 12/02 alone has two readings; the first lines settle which."""
    monkeypatch.setattr("segue.cli.shared.feed._BATCH", 30)
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=400), "y": np.arange(400) % 7.0})
    write(tmp_path, frame.assign(ds=frame["ds"].dt.strftime("%d/%m/%Y")))
    result, scores, _ = watch(tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "late" not in result.stderr
    (tmp_path / "iso").mkdir()
    write(tmp_path / "iso", frame)
    pd.testing.assert_series_equal(scores["score"], watch(tmp_path / "iso")[1]["score"])


def test_names_of_series_that_the_first_lines_do_not_show_are_asked_for(tmp_path, small_batches):
    """Rows in the order of series: catches several series that are taken for one."""
    write(tmp_path, table().sort_values("meter", kind="stable"))
    result, _, _ = watch(tmp_path)
    assert result.exit_code == 2
    message = result.stderr.splitlines()[-1].removeprefix("segue: ")
    assert message.startswith("--id (not given): could be meter; name it with --id, or ")
    assert len(pd.read_csv(tmp_path / "out.csv")) <= 120  # of the first series only
    (tmp_path / "named").mkdir()
    write(tmp_path / "named", table().sort_values("meter", kind="stable"))
    _, scores, _ = watch(tmp_path / "named", "--id", "meter")
    (tmp_path / "order").mkdir()
    write(tmp_path / "order", table())
    _, other, _ = watch(tmp_path / "order", "--id", "meter")
    same = other.sort_values("meter", kind="stable").reset_index(drop=True)
    pd.testing.assert_frame_equal(scores, same)  # lanes do not depend on each other, nor on the order of their rows


def test_without_a_store_nothing_is_remembered(tmp_path):
    write(tmp_path, table())
    command = ["watch", tmp_path / "in.csv", *OPTIONS, "--id", "meter", "--scores", tmp_path / "out.csv"]
    for _ in range(2):
        assert CliRunner().invoke(app, [str(word) for word in command]).exit_code == 0
        assert len(pd.read_csv(tmp_path / "out.csv")) == 360
        (tmp_path / "out.csv").unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
