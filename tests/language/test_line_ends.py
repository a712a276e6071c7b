"""A text is the same with the line ends of any system, and a `document` that matches nowhere is reported."""

import re

import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.config import read_config
from segue.errors import Notice
from segue.language.config import LanguageConfig
from segue.language.corpus import document_notes, read_text
from segue.language.train import prepare, train_language
from segue.translate.data.pairs import Pair, read_pairs

LINES = ["# Part", "a cat sits.", "", "# Part", "two dogs ran.", ""] * 40
ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


@pytest.fixture
def texts(tmp_path):
    """The same lines in three files."""
    for name, end in ENDS.items():
        (tmp_path / f"{name}.txt").write_bytes(end.join(LINES).encode("utf-8-sig"))
    return tmp_path


def test_three_files_are_one_text(texts):
    assert {read_text(texts / f"{name}.txt") for name in ENDS} == {"\n".join(LINES)}
    assert len({prepare(read_text(texts / f"{name}.txt"), LanguageConfig()).digest for name in ENDS}) == 1


def test_a_document_is_matched_at_the_end_of_a_line_too(texts):
    for name in ENDS:
        assert document_notes(read_text(texts / f"{name}.txt"), "^# Part$") == ()
    (note,) = document_notes(read_text(texts / "crlf.txt"), "^Chapter$")
    assert note == "`document` '^Chapter$' matches nowhere in the text, so that it is read as one document"
    assert document_notes("a\n", "$\\Z")  # nothing begins beyond the last character
    assert not document_notes("a\n", None)


def test_pairs_are_the_same_too(tmp_path):
    for name, end in ENDS.items():
        (tmp_path / f"{name}.tsv").write_bytes(end.join(["Go.\tVe.", "", "Stop.\tPara."]).encode())
        assert read_pairs(tmp_path / f"{name}.tsv").pairs == (Pair("Go.", "Ve."), Pair("Stop.", "Para."))


def test_the_commands_report_a_document_that_matches_nowhere(texts, no_sync):
    """Trains a few steps on one file, and evaluates on all three."""
    config = texts / "tiny.toml"
    config.write_text(
        '[text]\ntokenizer = "character"\ndocument = "^Nowhere$"\nwindow = 16\nlanes = 2\n'
        "[model]\nwidth = 8\nlayers = 1\n[training]\nsteps = 2\n"
    )

    def run(*arguments):
        return CliRunner().invoke(app, ["language", *map(str, arguments)])

    trained = run("train", texts / "lf.txt", "--output", texts / "run", "--config", config)
    assert trained.exit_code == 0, trained.output
    assert "note: document '^Nowhere$' matches nowhere in the text" in trained.stderr
    shown = [run("evaluate", texts / "run", texts / f"{name}.txt", "--document", "^# Part$") for name in ENDS]
    assert [result.exit_code for result in shown] == [0, 0, 0]
    assert len({result.stdout for result in shown}) == 1
    assert "note:" not in shown[0].stderr
    nowhere = run("evaluate", texts / "run", texts / "crlf.txt", "--document", "^ZZZ")
    assert nowhere.stderr.startswith("note: --document '^ZZZ' matches nowhere in the text")
    with pytest.warns(Notice, match=re.escape("`document` '^Nowhere$' matches nowhere")):
        train_language(texts / "lf.txt", read_config(LanguageConfig, config), texts / "again")
