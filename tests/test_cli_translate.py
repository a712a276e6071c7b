"""`segue translate`: pairs become a model, on disk and exactly, and every mistake is one line."""

import os
from itertools import product
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.cli.translate.run import _outputs, converse
from segue.text.sides import SidesTokenizer
from segue.training.checkpoints import latest
from segue.training.log import read_log
from segue.training.validation import KEY
from segue.translate import decode
from segue.translate import train as training
from segue.translate.config import TranslationConfig, preset
from segue.translate.decode import Hypothesis, translate_texts
from segue.translate.decode_config import DecodeConfig
from segue.translate.held_out import held_out_loss
from segue.translate.model import Seq2Seq
from segue.translate.pairs import read_pairs
from segue.translate.split import hold_out

WHO = {"I": "yo", "you": "tú", "we": "nosotros", "they": "ellos"}
WHAT = {"see": "ver", "want": "querer", "have": "tener"}
HOW = {"red": "rojo", "big": "grande", "old": "viejo", "new": "nuevo"}
WHOM = {"cat": "gato", "dog": "perro", "car": "coche", "book": "libro"}
PAIRS = "".join(
    f"{a} {b} the {c} {d}\t{WHO[a]} {WHAT[b]} el {WHOM[d]} {HOW[c]}\n" for a, b, c, d in product(WHO, WHAT, HOW, WHOM)
)
CONFIG = """
validate_every = 4
precision = "float32"
device = "cpu"
select = "{select}"
[model]
architecture = "{architecture}"
width = 16
heads = 2
dropout = 0.1
[pairs]
tokens = 60
dev = 10
joined = 0.2
parts = 2
target_tokenizer = "word"
source_tokenizer = "word"
[training]
steps = 12
learning_rate = 1e-2
warmup_steps = 2
average_decay = 0.5
checkpoint_every = 5
log_every = 3
"""


def segue(*arguments, given=None):
    result = CliRunner().invoke(app, ["translate", *(str(argument) for argument in arguments)], input=given)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module", autouse=True)
def no_sync():
    """Waiting for the disk guards against power cuts, which no test makes, and takes most of a tiny run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


def start(place: Path, architecture: str = "lstm-attention", select: str = "loss") -> Path:
    """Writes pairs and a config."""
    (place / "pairs.tsv").write_text(PAIRS, encoding="utf-8")
    (place / "config.toml").write_text(CONFIG.format(architecture=architecture, select=select), encoding="utf-8")
    return place / "pairs.tsv"


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


def everything(run: Path) -> dict[str, bytes]:
    """All files that a run leaves, of its checkpoints those of the newest."""
    files = {path.name: path.read_bytes() for path in latest(run).iterdir()}
    model = {f"model/{path.name}": path.read_bytes() for path in (run / "model").iterdir()}
    return files | model | {name: (run / name).read_bytes() for name in ("log.jsonl", "config.toml")}


@pytest.mark.parametrize(
    ("architecture", "select", "stop_at"),
    [("lstm-attention", "loss", 9), ("lstm", "chrf", 5), ("transformer", "errors", 7)],
)
def test_a_run_stopped_and_resumed_is_the_unbroken_one(tmp_path, monkeypatch, architecture, select, stop_at):
    """To the byte: weights, moments, average, held-out curve, best model. Ctrl-C comes between two checkpoints or
    looks, steps lie beyond an epoch's end, and dropout and joined pairs draw from the seed.
    """
    pairs = start(tmp_path, architecture, select)
    arguments = ("train", pairs, "--config", tmp_path / "config.toml", "--output")
    assert segue(*arguments, tmp_path / "unbroken")[0] == 0
    real, calls = training.loss_of, []

    def stopping(*given):
        calls.append(1)
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(training, "loss_of", stopping)
    status, _, error = segue(*arguments, tmp_path / "broken")
    assert status == 130
    assert f"stopped at step {stop_at - 1}" in error
    monkeypatch.undo()
    status, _, error = segue("train", "--output", tmp_path / "broken", "--resume")
    assert status == 0, error
    assert everything(tmp_path / "broken") == everything(tmp_path / "unbroken")


def test_a_language_is_learnt_and_told_by_name(trained, tmp_path):
    """Of 192 sentences, 173 are learnt from, and those held out come out right: by every figure. Catches a model that
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
    assert (figures["sources"], figures["unknown"]) == ("10", "0")
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
    monkeypatch.setattr(decode, "translate_texts", lambda model, lines, config: [[one, one] for _ in lines])
    for config, wanted in (
        (DecodeConfig(), ["up and away", ""]),
        (DecodeConfig(beam=2, n_best=2), ["-1.0000\tup and away"] * 2 + ["", ""]),
    ):
        assert list(_outputs(None, ["a", ""], config)) == wanted


def test_rows_left_out_of_training_are_counted(tmp_path):
    """Catches a run that learns from half a file, or measures by it, and does not say so."""
    pairs = start(tmp_path)
    pairs.write_text(PAIRS + "a\tb\tc\nd\n")
    (tmp_path / "dev.tsv").write_text("I see\tyo ver\n\tver\n")
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("steps = 12", "steps = 1"))
    status, _, error = segue(
        "train", pairs, "--dev", tmp_path / "dev.tsv", "--config", config, "--output", tmp_path / "run", "--skip-bad"
    )
    assert status == 0, error
    assert "segue: 3 malformed rows left out" in error


def test_a_conversation_goes_line_by_line(trained, monkeypatch, capsys):
    """An empty line asks nothing, one too long is told and forgiven, and the end of the input is the end."""
    lines = iter(["I see the red cat", "", "x" * 1001, "we want the old dog"])

    def answer(prompt):
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    converse(Seq2Seq.from_pretrained(trained / "model"), DecodeConfig())
    told = capsys.readouterr()
    assert told.out == "yo ver el gato rojo\nnosotros querer el perro viejo\n\n"
    assert "give at most 1,000 characters" in told.err


def test_run_tells_several_with_scores(trained):
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


def test_unknown_words_are_told(trained):
    status, _, error = segue("run", trained, "I see the purple platypus")
    assert (status, error) == (0, "segue: 2 tokens of the input unknown to the model\n")


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


def test_split_writes_three_parts_and_tells_what_leaks(tmp_path):
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


@pytest.mark.parametrize("architecture", ["lstm-attention", "lstm", "transformer"])
def test_the_defaults_of_an_architecture(architecture):
    """A flag alone gives settings that suit it; with a file of settings it changes nothing else."""
    chosen = preset(architecture)
    assert chosen.model.architecture == architecture
    assert chosen.training.learning_rate == (1e-3 if architecture == "transformer" else 3e-3)
    assert preset("rnn", chosen).training == chosen.training
    assert TranslationConfig() == preset("lstm-attention")


def test_spelling_becomes_sounds(tmp_path):
    """Characters are read and words are written, found out by itself; a folder keeps both."""
    sounds = {"a": "AH", "b": "B", "c": "K", "d": "D"}
    words = ["".join(letters) for n in (1, 2, 3, 4) for letters in product("abcd", repeat=n)]
    lines = "".join(f"{word}\t{' '.join(sounds[letter] for letter in word)}\n" for word in words)
    (tmp_path / "words.tsv").write_text(lines)
    start(tmp_path)
    config = (tmp_path / "config.toml").read_text().replace('tokenizer = "word"', "# tokenizer")
    config = config.replace("target_# tokenizer", "").replace("source_# tokenizer", "").replace("joined = 0.2", "")
    config = (
        config.replace("steps = 12", "steps = 100")
        .replace("width = 16", "width = 32")
        .replace("every = 4", "every = 40")
    )
    (tmp_path / "config.toml").write_text(config)
    status, _, error = segue(
        "train", tmp_path / "words.tsv", "--config", tmp_path / "config.toml", "--output", tmp_path / "run"
    )
    assert status == 0, error
    _, dev = hold_out(read_pairs(tmp_path / "words.tsv").pairs, 10)
    model = Seq2Seq.from_pretrained(tmp_path / "run" / "model")
    assert isinstance(model.vocabulary.tokenizer, SidesTokenizer)
    found = translate_texts(model, [pair.source for pair in dev])
    assert sum(best[0].text == pair.target for best, pair in zip(found, dev, strict=True)) >= 7


def test_mistakes_are_one_line_and_write_nothing(trained, tmp_path):
    pairs = start(tmp_path)
    (tmp_path / "bad.tsv").write_text("a\tb\nc\n")
    (tmp_path / "one.tsv").write_text("a\tb\na\tc\n")
    (tmp_path / "long.txt").write_text("short\n" + "long " * 300 + "\n")
    (tmp_path / "latin.txt").write_bytes("año\n".encode("latin-1"))
    (tmp_path / "never.toml").write_text("validate_every = 0\n")
    train = ("train", pairs, "--output", tmp_path / "out")
    cases = [
        ((*train, "--architecture", "mamba"), "--architecture mamba: give one of rnn, rnn-attention, lstm"),
        ((*train, "--tokenizer", "bpe,morse"), "--tokenizer morse: give one of byte, character, word, bpe"),
        ((*train, "--minutes", 0, "--config", tmp_path / "config.toml"), "--minutes 0.0: give a number above 0"),
        ((*train, "--source", "1"), "give both --source and --target"),
        ((*train, "--resume"), "--resume"),
        (("train", "--output", tmp_path / "out"), "PAIRS (missing): name a file of pairs"),
        (("train", tmp_path / "bad.tsv", "--output", tmp_path / "out"), "'c' in row 2 of"),
        (("train", tmp_path / "bad.tsv", "--output", tmp_path / "out"), "with --skip-bad"),
        (("train", tmp_path / "one.tsv", "--output", tmp_path / "out"), "do not all share a text"),
        (("train", pairs, "--output", trained), "continue this run with --resume, or name a new folder"),
        (("train", "--output", trained, "--resume", "--minutes", 1), "--minutes 1.0: leave it out to resume"),
        (("train", tmp_path / "one.tsv", "--output", trained, "--resume"), "PAIRS"),
        (("run", trained, " "), "TEXT '': give a text that is not empty"),
        (("run", trained, "word " * 300), "give at most 1,000 characters (it has 1,499)"),
        (("run", trained, "--file", tmp_path / "long.txt"), "line 2 '"),
        (("run", trained, "a", "--file", tmp_path / "long.txt"), "give TEXT or --file, not both"),
        (("run", trained, "a", "--length-penalty", "some"), "--length-penalty some: give one of none, average, gnmt"),
        (("run", trained, "a", "--temperature", 1, "--beam", 2), "--beam 2: give 1 to draw"),
        (("run", tmp_path, "a"), "--model"),
        (("run", trained, "--file", tmp_path / "latin.txt"), "give UTF-8 (byte 1 is not)"),
        (("run", trained, "a", "--alpha", -1), "--alpha -1.0: give 0 or more"),
        (("run", trained, "a", "--output", tmp_path / "none" / "out.txt"), "its folder does not exist"),
        ((*train, "--config", tmp_path / "never.toml"), "validate_every 0: give a whole number of at least 1"),
        (("align", trained, "I see", "--layer", 1), "--layer 1: give a whole number from 0 to 0, or -1"),
        (("align", trained, "I see", "--plot", tmp_path / "map.xyz"), "--plot"),
        (("evaluate", trained, pairs, "--plot", tmp_path / "none" / "map.png"), "its folder does not exist"),
        (("evaluate", trained, pairs, "--output", pairs), "would overwrite a folder or the input"),
        (("evaluate", trained, tmp_path / "bad.tsv"), "'c' in row 2 of"),
        (("evaluate", trained, tmp_path / "none.tsv"), "name a TSV or CSV file that can be read"),
        (("split", pairs, "--output", trained), "--output"),
        (("split", pairs, "--output", tmp_path / "out", "--test", 500), "groups that share no text"),
    ]
    before = {path.name for path in tmp_path.iterdir()}
    for arguments, message in cases:
        status, out, error = segue(*arguments)
        assert (status, out) == (2, ""), (arguments, error)
        assert error.startswith("segue: ")
        assert message in error, arguments
        assert error.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_model_without_attention_has_nothing_to_show(tmp_path):
    pairs = start(tmp_path, "lstm")
    assert segue("train", pairs, "--config", tmp_path / "config.toml", "--output", tmp_path / "run")[0] == 0
    status, _, error = segue("align", tmp_path / "run", "I see the red cat")
    assert status == 2
    assert "take one with attention" in error
