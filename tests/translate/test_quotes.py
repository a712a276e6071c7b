"""Files with tabs whose cells stand in quotes, as `DataFrame.to_csv`, `csv.writer` and spreadsheets write them."""

import csv

import pandas as pd
import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.translate.data.pairs import Pair, read_pairs, write_pairs

PAIRS = [Pair('"Stay here," she said.', '"Bleib hier", sagte sie.'), Pair("We wait.", "Wir warten.")]


def read(path, text):
    path.write_text(text, encoding="utf-8", newline="")
    return read_pairs(path)


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quotes_of_the_format_are_no_text(tmp_path, quoting, end):
    table = pd.DataFrame(PAIRS).to_csv(sep="\t", index=False, header=False, quoting=quoting, lineterminator=end)
    result = read(tmp_path / "pairs.tsv", table)
    assert list(result.pairs) == PAIRS
    (note,) = result.notes
    assert note.endswith(
        "in quotes, as spreadsheets write them; these quotes are left out, and doubled ones are halved"
    )


def test_cells_with_a_comma_in_quotes_are_those_of_excel(tmp_path):
    result = read(tmp_path / "pairs.txt", 'I see.\tVeo.\n"Yes, I see."\t"Sí, veo."\n')
    assert list(result.pairs) == [Pair("I see.", "Veo."), Pair("Yes, I see.", "Sí, veo.")]


def test_a_header_in_quotes_is_a_header(tmp_path):
    assert read(tmp_path / "pairs.tsv", '"en"\t"es"\n"Go."\t"Ve."\n').header == Pair("en", "es")


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ('"Go," he said.\tVe.\n"Stop."\tPara.\n', 0),  # one cell begins with a quote and ends without
        ('5" of snow\t12 cm\nHe said "go".\tVe.\n', 0),  # no cell begins with a quote
        ('"Stop!"\t¡Para!\nGo, now.\tVe.\n', 1),  # a quotation, or a quoted cell: nothing shows which
    ],
)
def test_quotes_of_the_language_are_text(tmp_path, text, notes):
    result = read(tmp_path / "pairs.tsv", text)
    assert ["\t".join(pair) for pair in result.pairs] == text.splitlines()
    assert len(result.notes) == notes


@pytest.mark.parametrize(
    "pairs", [PAIRS, [Pair('"Wait!"', '"Warte!"')], [Pair('"a""b"', "c")], [Pair('"Yes, sir"', "x"), Pair('5" b', "c")]]
)
def test_what_is_written_is_read_again_however_it_is_quoted(tmp_path, pairs):
    write_pairs(tmp_path / "pairs.tsv", pairs)
    assert list(read_pairs(tmp_path / "pairs.tsv").pairs) == pairs


def test_the_command_reports_quotes_and_writes_none(tmp_path):
    rows = [*PAIRS, *(Pair(f"The {word} waits.", f"X {word} waits.") for word in "abcdefghijklmnop")]
    (tmp_path / "pairs.tsv").write_text(pd.DataFrame(rows).to_csv(sep="\t", index=False, header=False))
    arguments = ["translate", "split", tmp_path / "pairs.tsv", "--output", tmp_path / "parts", "--dev", 1, "--test", 1]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0
    assert result.stderr.startswith("note: 2 cells are in quotes, as spreadsheets write them")
    lines = [line for path in (tmp_path / "parts").iterdir() for line in path.read_text().splitlines()]
    assert "\t".join(PAIRS[0]) in lines
