"""`segue watch` where little or something odd comes: an empty file, a far time, held rows, another file of scores."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from segue.cli import app
from tests.cli.test_cli_watch import OPTIONS, refusal, watch, write
from tests.live.feeds import table

pytestmark = pytest.mark.usefixtures("shapes_unchecked")  # thousands of updates of lanes


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "in.csv").write_text("")
    result, scores, alerts = watch(tmp_path)
    assert (result.exit_code, scores is None or scores.empty, alerts) == (0, True, [])
    assert "note: in.csv is empty" in result.stderr


def test_one_time_far_ahead_is_counted_and_changes_nothing(tmp_path):
    """Catches a single wrong clock that makes all later rows of a series late, or others old."""
    frame = table()
    wrong = frame.iloc[[200]].assign(ds=pd.Timestamp("2099-01-01"))
    write(tmp_path, pd.concat([frame[:201], wrong, frame[201:]]))
    result, scores, alerts = watch(tmp_path, "--id", "meter", "--forget", "30D")
    assert "1 too far ahead in time" in result.stderr
    assert "late" not in result.stderr
    assert scores["status"].tolist().count("ahead") == 1
    (tmp_path / "clean").mkdir()
    write(tmp_path / "clean", frame)
    _, clean, same = watch(tmp_path / "clean", "--id", "meter", "--forget", "30D")
    pd.testing.assert_frame_equal(scores[scores["status"] != "ahead"].reset_index(drop=True), clean)
    assert alerts == same


def test_a_new_file_of_scores_beside_a_store_says_where_it_begins(tmp_path):
    """Catches an empty file without a word, also where no new row comes."""
    write(tmp_path, table(), slice(180))
    assert "begins with the next row" not in watch(tmp_path, "--id", "meter")[0].stderr
    command = ["watch", tmp_path / "in.csv", *OPTIONS, "--id", "meter", "--state", tmp_path / "live.db", "--scores"]
    for rows in (180, 240):
        write(tmp_path, table(), slice(rows))
        result = CliRunner().invoke(app, list(map(str, [*command, tmp_path / f"new {rows}.csv"])))
        assert f"note: new {rows}.csv begins with the next row, because the store has taken those" in result.stderr
    assert len(pd.read_csv(tmp_path / "new 240.csv")) == 60
    assert "begins with" not in CliRunner().invoke(app, list(map(str, [*command, tmp_path / "out.csv"]))).stderr


@pytest.mark.parametrize("flags", [("--learn", "--no-learn"), ("--no-learn", "--learn")])
def test_learning_can_change_with_each_run(tmp_path, flags):
    """The second half of the scores differs from that of a watch that goes on as it began, and the first does not."""
    frame, changed, same = table(), tmp_path / "changed", tmp_path / "same"
    for folder, last in ((changed, flags[1]), (same, flags[0])):
        folder.mkdir()
        for flag, end in ((flags[0], 180), (last, 360)):
            write(folder, frame, slice(end))
            result = watch(folder, "--id", "meter", flag)[0]
            assert result.exit_code == 0, result.stderr
    one, other = (pd.read_csv(folder / "out.csv") for folder in (changed, same))
    pd.testing.assert_frame_equal(one[:180], other[:180])
    assert not one["expected"].equals(other["expected"])


BAD_JSON = {
    "digits": ('{"meter": "m0", "ds": "2024-01-02 09:00:00", "load": 1%s}' % ("0" * 400), "has a number that is too"),
    "nested": ("[" * 100_000, "is nested too deeply"),
    "nested in a cell": ('{"meter": "m0", "load": %s}' % ("[" * 100_000), "is nested too deeply"),
    "surrogate": ('{"meter": "m\\ud800", "ds": "2024-01-02 09:00:00", "load": 1}', "has half a character"),
    "twice": ('{"meter": "m0", "load": 1, "ds": "2024-01-02 09:00:00", "load": 2}', "names a column twice"),
    "list": ("[1, 2]", "is not a JSON object"),
    "infinite": ('{"meter": "m0", "ds": "2024-01-02 09:00:00", "load": Infinity}', "load is infinite"),
    "huge": ('{"meter": "m0", "ds": "2024-01-02 09:00:00", "load": 1e400}', "load is infinite"),
}


@pytest.mark.parametrize("kind", BAD_JSON)
@pytest.mark.parametrize("at", [20, 200])
def test_odd_json_is_a_bad_line(tmp_path, kind, at):
    """Catches a traceback, and a line that is read as one of several things that it says."""
    frame = table()
    lines = frame.assign(ds=frame["ds"].astype(str)).to_json(orient="records", lines=True).splitlines()
    line, reason = BAD_JSON[kind]
    bad = "\n".join([*lines[:at], line, *lines[at:], ""])
    _, clean, _ = watch(tmp_path, "--id", "meter", file="-", given="\n".join([*lines, ""]))
    for name in ("plain", "skip"):
        (tmp_path / name).mkdir()
    result, _, _ = watch(tmp_path / "plain", "--id", "meter", file="-", given=bad)
    assert result.exit_code == 2
    assert f"FILE line {at + 1}" in result.stderr.splitlines()[-1]
    result, scores, _ = watch(tmp_path / "skip", "--id", "meter", "--skip-bad", file="-", given=bad)
    assert result.exit_code == 0, result.stderr
    assert f"1 bad lines were left out: line {at + 1} " in result.stderr
    assert reason in result.stderr
    pd.testing.assert_frame_equal(scores, clean)


def test_a_wrong_time_far_ahead_does_not_end_the_gathering_of_double_rows(tmp_path):
    frame = table(1)
    double = pd.concat([frame, frame.assign(load=frame["load"] + 1)]).sort_index(kind="stable")
    wrong = frame.iloc[[60]].assign(ds=pd.Timestamp("2099-01-01"))
    write(tmp_path, pd.concat([double[:120], wrong, double[120:]]))
    _, scores, _ = watch(tmp_path, "--id", "meter", "--duplicates", "last")
    (tmp_path / "clean").mkdir()
    write(tmp_path / "clean", double)
    _, clean, _ = watch(tmp_path / "clean", "--id", "meter", "--duplicates", "last")
    assert (scores["status"] == "ahead").sum() == 1
    pd.testing.assert_frame_equal(scores[scores["status"] != "ahead"].reset_index(drop=True), clean)


def test_names_that_a_spreadsheet_would_run_are_disarmed_in_the_scores(tmp_path):
    """The other bytes are those of a watch without the flag, and both go on with each other's files."""
    frame = table(2, 60).rename(columns={"meter": "=meter"})
    frame["=meter"] = frame["=meter"].map({"m0": "=1+1", "m1": "-5"})
    for name, flags in (("plain", ()), ("safe", ("--safe-csv",))):
        folder = tmp_path / name
        folder.mkdir()
        write(folder, frame, slice(0, 80))
        watch(folder, "--id", "=meter", *flags)
        write(folder, frame)
        watch(folder, "--id", "=meter", *flags)
    plain, safe = ((tmp_path / name / "out.csv").read_text() for name in ("plain", "safe"))
    assert plain.startswith("=meter,ds,")
    assert "\n-5," in safe
    assert safe == plain.replace("\n=1+1,", "\n'=1+1,").replace("=meter,", "'=meter,")


def test_rows_that_are_held_get_a_score_where_the_file_ends_without_new_ones(tmp_path):
    """A bad line ends the first run, and is taken out: catches rows that wait for ever, or that another rule drops."""
    frame, options = table(1), ("--id", "meter", "--duplicates", "mean")
    write(tmp_path, frame)
    lines = (tmp_path / "in.csv").read_text()
    (tmp_path / "in.csv").write_text(f"{lines}m0,2024-02-01 00:00:00,abc\n")
    result, scores, _ = watch(tmp_path, *options)
    assert (result.exit_code, len(scores)) == (2, 119)
    write(tmp_path, frame.assign(ds=frame["ds"] + pd.Timedelta("365D")), file="other.csv")
    message = "--duplicates (not given): the store holds rows of a step; give the rule that they came with"
    assert message in refusal(tmp_path, "--id", "meter", file="other.csv")
    write(tmp_path, frame)
    result, scores, _ = watch(tmp_path, *options)
    assert "note: 1 rows: " in result.stderr
    (tmp_path / "clean").mkdir()
    write(tmp_path / "clean", frame)
    pd.testing.assert_frame_equal(scores, watch(tmp_path / "clean", *options)[1])


def test_the_encoding_of_later_lines_can_be_given(tmp_path):
    """Catches a refusal whose remedy changes nothing."""
    write(tmp_path, table(), slice(180))
    watch(tmp_path, "--id", "meter")
    with (tmp_path / "in.csv").open("ab") as file:
        file.write("café,2024-02-01 00:00:00,1\n".encode("cp1252"))
    assert "line 182: is not in utf-8; give its encoding by --encoding" in refusal(tmp_path, "--id", "meter")
    result, scores, _ = watch(tmp_path, "--id", "meter", "--encoding", "cp1252")
    assert (result.exit_code, scores["meter"].iloc[-1]) == (0, "café")
