"""`segue translate`: a user's mistake is one line, and writes nothing."""

from pathlib import Path

import pytest

from tests.cli.translate.conftest import segue, start

pytestmark = pytest.mark.usefixtures("no_sync")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run of a few steps."""
    place = tmp_path_factory.mktemp("mistakes")
    status, _, error = segue("train", start(place), "--config", place / "config.toml", "--output", place / "run")
    assert status == 0, error
    return place / "run"


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
        ((*train, "--source", "1", "--target", "1"), "--target 1: name another column than the source's"),
        ((*train, "--tokenizer", "word,"), "--tokenizer : give one of byte"),
        (("train", pairs, "--output", tmp_path), "name a new folder"),
        (("run", trained, "a", "--beam", 0), "--beam 0: give a whole number of at least 1"),
        (("run", trained, "a", "--max-tokens", 0), "--max-tokens 0: give a whole number of at least 1"),
        (("split", pairs, "--output", tmp_path / "no" / "such"), "its folder does not exist"),
        (("split", pairs, "--output", tmp_path / "out", "--dev", -1), "--dev -1: give 0 or more"),
        (("train", "--output", tmp_path / "out"), "PAIRS (missing): name a file of pairs"),
        (("train", tmp_path / "bad.tsv", "--output", tmp_path / "out"), "'c' in row 2 of"),
        (("train", tmp_path / "bad.tsv", "--output", tmp_path / "out"), "with --skip-bad"),
        (("train", tmp_path / "one.tsv", "--output", tmp_path / "out"), "give at least 10 that share no text"),
        (("train", pairs, "--output", trained), "continue this run with --resume, or name a new folder"),
        (("train", tmp_path / "one.tsv", "--output", trained, "--resume"), "PAIRS"),
        ((*train, "--dev", pairs), "name other pairs: all in"),
        (("run", trained, "I see", "--prefix", "yo quiero"), "--prefix 'yo quiero': write it in what the model has"),
        (("run", trained, " "), "TEXT '': give a text that is not empty"),
        (("run", trained, "word " * 300), "give at most 1,000 characters (it has 1,499)"),
        (("run", trained, "--file", tmp_path / "long.txt"), "line 2 '"),
        (("run", trained, "a", "--file", tmp_path / "long.txt"), "give TEXT or --file, not both"),
        (("run", trained, "a", "--length-penalty", "some"), "--length-penalty some: give one of none, average, gnmt"),
        (
            ("run", trained, "a", "--temperature", 1, "--beam", 2),
            "--beam 2: give 1, because random draws (--temperature) use no beam",
        ),
        (("run", tmp_path, "a"), f"DIR {tmp_path}: name a folder that holds a whole model"),
        (("run", trained, "a", "--output", trained / "model" / "model.safetensors"), f"{trained} is only read"),
        (("evaluate", trained, pairs, "--output", trained / "config.toml"), f"{trained} is only read"),
        (("run", trained, "--file", tmp_path / "latin.txt"), "give UTF-8 (byte 1 is not)"),
        (("run", trained, "a", "--alpha", -1), "--alpha -1.0: give 0 or more"),
        (("run", trained, "a", "--output", tmp_path / "none" / "out.txt"), "its folder does not exist"),
        (
            (*train, "--config", tmp_path / "never.toml"),
            "never.toml validate_every 0: give a whole number of at least 1",
        ),
        (("align", trained, "I see", "--layer", 1), "--layer 1: give a whole number from 0 to 0, or -1"),
        (("align", trained, "I see", "--plot", tmp_path / "map.xyz"), "--plot"),
        (("evaluate", trained, pairs, "--plot", tmp_path / "none" / "map.png"), "its folder does not exist"),
        (("evaluate", trained, pairs, "--output", pairs), "would overwrite a folder or the input"),
        (("evaluate", trained, tmp_path / "bad.tsv"), "'c' in row 2 of"),
        (("evaluate", trained, tmp_path / "none.tsv"), "name a TSV or CSV file that can be read"),
        (("split", pairs, "--output", trained), "--output"),
        (
            ("split", pairs, "--output", tmp_path / "out", "--test", 500),
            "--dev 500: give fewer, here or to --test (500): the pairs form only",
        ),
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
