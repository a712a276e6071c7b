"""`segue watch` where little or something odd comes: an empty file, a time far ahead, another file of scores."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from segue.cli import app
from tests.cli.test_cli_watch import OPTIONS, watch, write
from tests.live.feeds import table


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
