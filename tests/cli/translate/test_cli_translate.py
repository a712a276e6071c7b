"""`segue translate` on a language that a small model learns: run, evaluate, align and split."""

from pathlib import Path

import pytest

from segue.cli.translate.run import _outputs, converse
from segue.training.log import read_log
from segue.training.validation import KEY
from segue.translate.data.pairs import read_pairs
from segue.translate.data.split import hold_out
from segue.translate.decode import texts
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.texts import Hypothesis
from segue.translate.evaluation.held_out import held_out_loss
from segue.translate.model.seq2seq import Seq2Seq
from tests.cli.translate.conftest import segue, start

pytestmark = pytest.mark.usefixtures("no_sync")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run that has learnt its language, in which adjectives follow nouns."""
    place = tmp_path_factory.mktemp("translate")
    pairs = start(place)
    config = (
        (place / "config.toml")
        .read_text()
        .replace("joined = 0.2", "joined = 0.0")
        .replace("tokens = 60", "tokens = 200")
    )
    config = (
        config.replace("steps = 12", "steps = 150")
        .replace("width = 16", "width = 32")
        .replace("every = 4", "every = 50")
    )
    (place / "config.toml").write_text(config)
    status, _, error = segue("train", pairs, "--config", place / "config.toml", "--output", place / "run")
    assert status == 0, error
    return place / "run"


def test_a_language_is_learnt_and_scored_by_name(trained, tmp_path):
    """Of 192 sentences, 182 train the model, and those held out come out right by every figure. Catches a model that
    has learnt its own sentences by heart, or whose held-out ones are those of training.
    """
    train, dev = hold_out(read_pairs(trained.parent / "pairs.tsv").pairs, 10)
    test = tmp_path / "test.tsv"
    test.write_text("".join(f"{source}\t{target}\n" for source, target in dev), encoding="utf-8")
    assert (len(train), len(dev)) == (182, 10)
    arguments = ("evaluate", trained, test, "--plot", tmp_path / "lengths.png", "--output", tmp_path / "out.tsv")
    status, out, error = segue(*arguments)
    assert status == 0, error
    figures = dict(line.split(": ", 1) for line in out.splitlines() if ": " in line)
    assert figures["exact match"] == "100.00 (100.00 to 100.00)"
    assert figures["token error rate"] == "0.00 (0.00 to 0.00)"
    assert figures["BLEU"].startswith("100.00 (")
    assert figures["chrF"].startswith("100.00 (")
    assert (figures["sources"], figures["unknown"], figures["cut off"]) == ("10", "0", "0")
    assert "version:" in figures["signature"]
    assert (tmp_path / "out.tsv").read_text() == test.read_text()
    assert (tmp_path / "lengths.png").read_bytes()[:4] == b"\x89PNG"
    assert segue("evaluate", trained / "model", test, "--beam", 3)[1].splitlines()[0] == out.splitlines()[0]


def test_the_best_model_has_the_least_loss_of_the_log(trained):
    """What is kept is the averaged model, and the log holds what it is worth; batches of another size say the same."""
    _, dev = hold_out(read_pairs(trained.parent / "pairs.tsv").pairs, 10)
    best = Seq2Seq.from_pretrained(trained / "model")
    least = min(line[KEY] for line in read_log(trained) if KEY in line)
    assert held_out_loss(best, dev) == pytest.approx(least, rel=1e-5)
    assert held_out_loss(best, dev, tokens=1) == pytest.approx(least, rel=1e-5)
    assert (trained / "curve.png").read_bytes()[:4] == b"\x89PNG"


def test_run_puts_texts_lines_and_files(trained, tmp_path):
    """One answer however it is asked; empty lines stay where they are."""
    lines = "we want the old dog\n\nI see the red cat\n"
    wanted = "nosotros querer el perro viejo\n\nyo ver el gato rojo\n"
    (tmp_path / "in.txt").write_text(lines)
    assert segue("run", trained, "I see the red cat")[:2] == (0, "yo ver el gato rojo\n")
    assert segue("run", trained, given=lines)[:2] == (0, wanted)
    assert segue("run", trained, "--file", tmp_path / "in.txt")[:2] == (0, wanted)
    assert segue("run", trained, "--file", tmp_path / "in.txt", "--output", tmp_path / "out.txt")[:2] == (0, "")
    assert (tmp_path / "out.txt").read_text() == wanted
    (tmp_path / "none.txt").write_text("")
    assert segue("run", trained, "--file", tmp_path / "none.txt")[:2] == (0, "")
    status, _, error = segue("run", trained, given=b"\xff\n")
    assert (status, error) == (2, "segue: lines of standard input: give UTF-8 (byte 0 is not)\n")


def test_an_output_is_a_line_whatever_is_in_it(monkeypatch):
    """A model of words can write ends of lines; catches n-best lists that fall apart at them."""
    one = Hypothesis((4, 5), "up\nand away", -1.0, (-1.0, -1.0), True)
    monkeypatch.setattr(texts, "translate_texts", lambda model, lines, config, report: [[one, one] for _ in lines])
    for config, wanted in (
        (DecodeConfig(), ["up and away", ""]),
        (DecodeConfig(beam=2, n_best=2), ["-1.0000\tup and away"] * 2 + ["", ""]),
    ):
        assert list(_outputs(None, ["a", ""], config)) == wanted


def test_a_conversation_goes_line_by_line(trained, monkeypatch, capsys):
    """An empty line asks nothing, one too long is refused and the conversation goes on, until the input ends."""
    lines = iter(["I see the red cat", "", "x" * 1001, "we want the old dog"])

    def answer(prompt):
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    converse(Seq2Seq.from_pretrained(trained / "model"), DecodeConfig())
    printed = capsys.readouterr()
    assert printed.out == "yo ver el gato rojo\nnosotros querer el perro viejo\n\n"
    assert "give at most 1,000 characters" in printed.err


def test_run_gives_several_with_scores(trained):
    status, out, error = segue("run", trained, "I see the red cat", "--n-best", 3)
    assert status == 0, error
    scores, texts = zip(*(line.split("\t") for line in out.splitlines() if line), strict=True)
    assert texts[0] == "yo ver el gato rojo"
    assert len(set(texts)) == 3
    assert sorted(map(float, scores), reverse=True) == list(map(float, scores))
    drawn = ("run", trained, "I see the red cat", "--temperature", 5, "--seed")
    assert segue(*drawn, 1)[1] == segue(*drawn, 1)[1]
    assert len({segue(*drawn, seed)[1] for seed in range(5)}) > 1
    assert segue("run", trained, "I see the red cat", "--prefix", "tú")[1].startswith("tú ")


def test_an_output_that_was_cut_off_is_reported(trained, tmp_path):
    """Catches a translation whose end is missing and that nobody hears of; one that ends as it should says nothing."""
    (tmp_path / "in.txt").write_text("I see the red cat\n\nwe want the old dog\n")
    status, out, error = segue("run", trained, "--file", tmp_path / "in.txt", "--max-tokens", 4)
    assert (status, out) == (0, "yo ver el gato\n\nnosotros querer el perro\n")
    assert error.startswith("segue: 2 of 2 outputs cut off without an end: give --max-tokens N")
    assert error.count("\n") == 1
    assert segue("run", trained, "--file", tmp_path / "in.txt", "--max-tokens", 6)[2] == ""


def test_unknown_words_are_reported(trained):
    """And the words around them come out as ever: training has shown some as unknown, now and then."""
    status, _, error = segue("run", trained, "I see the purple platypus")
    assert (status, error) == (0, "segue: 2 tokens of the input unknown to the model\n")
    for source, wanted in (
        ("we want the purple dog", "nosotros querer el perro *"),
        ("zed want the old dog", "* querer el perro viejo"),
        ("they zap the red car", "ellos * el coche rojo"),
        ("I have the big platypus", "yo tener el * grande"),
    ):
        words = segue("run", trained, source)[1].split()
        assert len(words) == 5
        assert all(hope in ("*", word) for word, hope in zip(words, wanted.split(), strict=True))


def test_align_shows_where_the_model_looks(trained, tmp_path):
    """A matrix in per cent, of the model's own words or of given ones; rows have a sum of 100 but for rounding."""
    status, out, error = segue("align", trained, "I see the red cat", "--plot", tmp_path / "map.png")
    assert status == 0, error
    head, *rows = out.splitlines()
    assert head.split() == ["I", "see", "the", "red", "cat", "</s>"]
    assert [row.split()[0] for row in rows] == ["yo", "ver", "el", "gato", "rojo", "</s>"]
    assert all(abs(sum(map(int, row.split()[1:])) - 100) <= 3 for row in rows)
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"
    assert segue("align", trained, "I see the red cat", "yo ver el gato rojo")[1] == out
    assert len(segue("align", trained, "I see", "tú")[1].splitlines()) == 3


def test_split_writes_three_parts_and_reports_what_leaks(tmp_path):
    (tmp_path / "pairs.tsv").write_text("".join(f"s{i // 2}\tt{i}\n" for i in range(200)))
    status, out, error = segue(
        "split", tmp_path / "pairs.tsv", "--output", tmp_path / "parts", "--dev", 10, "--test", 20
    )
    assert status == 0, error
    parts = {name: read_pairs(tmp_path / "parts" / f"{name}.tsv").pairs for name in ("train", "dev", "test")}
    assert {name: len(part) for name, part in parts.items()} == {"train": 140, "dev": 20, "test": 40}
    assert not {pair.source for pair in parts["train"]} & {pair.source for pair in (*parts["dev"], *parts["test"])}
    figures = dict(line.split(": ", 1) for line in out.splitlines())
    assert figures["test"] == "40 pairs of 20 sources"
    assert figures["groups"] == "100, the largest of 2 pairs"
    assert figures["known from training"].startswith("0.0% ")
