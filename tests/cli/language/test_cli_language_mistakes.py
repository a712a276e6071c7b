"""`segue language`: what a user gets wrong is one line, loses nothing and leaves nothing; short texts just work."""

import json
from pathlib import Path

import pytest

from segue.config import read_config
from segue.language.config import LanguageConfig
from segue.language.evaluate import Evaluation
from segue.manifest import write_manifest
from segue.training.checkpoints import latest
from segue.training.log import read_log
from tests.cli.language.conftest import LEVELS, TEXT, everything, figures, segue, start

pytestmark = pytest.mark.usefixtures("no_sync")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run of words, for which white space is no text."""
    place = tmp_path_factory.mktemp("mistakes")
    text = start(place)
    settings = place / "config.toml"
    settings.write_text(settings.read_text().replace("steps = 12", "steps = 2").replace("lanes = 3", "lanes = 2"))
    status, _, error = segue(
        "train", text, "--config", settings, "--tokenizer", "word", "--output", place / "runs" / "words"
    )
    assert status == 0, error
    return place / "runs" / "words"


def refused(place: Path, *arguments) -> str:
    """The line that refuses a command, which leaves a folder as it is."""
    before = {path: path.is_file() and path.read_bytes() for path in place.rglob("*")}
    status, out, error = segue(*arguments)
    assert (status, out) == (2, ""), (arguments, out, error)
    assert error.startswith("segue: ")
    assert error.count("\n") == 1
    assert {path: path.is_file() and path.read_bytes() for path in place.rglob("*")} == before
    return error.removeprefix("segue: ").rstrip()


def test_a_state_is_never_saved_into_the_model(run, tmp_path):
    """Catches a model overwritten by what it has learnt, also by way of another name for its folder."""
    text = start(tmp_path)
    (tmp_path / "link").symlink_to(run)
    before = everything(run)
    for folder, place in (
        (run, run / "model" / "model.safetensors"),
        (run, run / "state"),
        (run / "model", run / "model" / "new"),
        (run, tmp_path / "link" / "model" / "model.safetensors"),
        (tmp_path / "link", run / "state"),
    ):
        message = refused(run, "evaluate", folder, text, "--online", "--state-out", place)
        assert message == f"--state-out {place}: name a file elsewhere: {folder} is only read"
    assert everything(run) == before
    assert segue("evaluate", run / "model", text, "--online", "--state-out", tmp_path / "state")[0] == 0


def test_a_stream_that_diverges_is_reported_and_not_saved(run, tmp_path):
    text = start(tmp_path)
    for rate in ("1000", "1e30"):
        message = refused(tmp_path, "evaluate", run, text, "--online", "--rate", rate, "--state-out", tmp_path / "out")
        assert message.startswith(f"--rate {float(rate)}: give a lower one: the loss came to ")
    for rate in ("inf", "nan", "-1"):
        message = refused(tmp_path, "evaluate", run, text, "--online", "--rate", rate)
        assert message == f"--rate {float(rate)}: give a finite number of at least 0"
    assert Evaluation(1e4, 1, 1.0, 0).perplexity == float("inf")


def test_a_short_text_takes_smaller_batches_and_says_so(tmp_path):
    """The defaults' 32 lanes of 128 tokens do not fit; what the run holds is what was done, so it resumes exactly."""
    (tmp_path / "tiny.txt").write_text(TEXT[:200])
    (tmp_path / "config.toml").write_text("[model]\nwidth = 8\n[training]\nsteps = 2\n")
    for state, sizes in (("carry", (1, 128)), ("reset", (32, 128))):
        (tmp_path / "config.toml").write_text(
            f'[model]\nwidth = 8\n[text]\nstate = "{state}"\n[training]\nsteps = 2\ncheckpoint_every = 1\n'
        )
        arguments = ("train", tmp_path / "tiny.txt", "--config", tmp_path / "config.toml", "--output", tmp_path / state)
        status, _, error = segue(*arguments)
        assert status == 0, error
        warning = "the text is too short for 32 lanes of 128 tokens: batches are of 1 lanes of 128"
        assert (warning in error) == (state == "carry")
        kept = read_config(LanguageConfig, tmp_path / state / "config.toml").text
        assert (kept.lanes, kept.window) == sizes
        assert segue("train", "--output", tmp_path / state, "--resume")[0] == 0
    shortest = kept.fitted_to(50)
    assert (shortest.lanes, shortest.window) == (32, 49)
    assert [line["step"] for line in read_log(tmp_path / "carry")] == [2, 2]
    assert latest(tmp_path / "carry").name.endswith("2")


def test_options_come_before_the_checks_of_a_config(tmp_path):
    text = start(tmp_path)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("steps = 12", "steps = 1") + LEVELS)
    line = refused(tmp_path, "train", text, "--config", config, "--output", tmp_path / "out")
    assert line == f"{config} levels 3: give three, for the nested backbone; for others none"
    arguments = ("train", text, "--config", config, "--backbone", "nested", "--output", tmp_path / "out")
    assert segue(*arguments)[0] == 0
    assert read_config(LanguageConfig, tmp_path / "out" / "config.toml").model.backbone == "nested"


def test_a_config_is_blamed_by_file_and_key(tmp_path):
    """Catches flags that do not exist, values taken silently, and keys without their table."""
    text, config = start(tmp_path), tmp_path / "own.toml"
    for table, key, value, message in (
        ("text", "lanes", 0, "0: give a whole number of at least 1"),
        ("text", "document", '"["', "[: give a regular expression (unterminated character set at position 0)"),
        ("text", "held_out", 2, "2.0: give a share between 0 and 1"),
        ("text", "vocabulary", 10, "10: leave it out for character tokens"),
        ("text", "vocabulary", '-5\ntokenizer = "word"', "-5: give at least 3 for word tokens"),
        ("text", "vocabulary", '100\ntokenizer = "bpe"', "100: give at least 256 for bpe tokens"),
        ("model", "width", 0, "0: give a whole number of at least 1"),
        ("training", "steps", "0\nlearning_rate = 1", "0: give a whole number of at least 1"),
        ("[levels]", "learning_rate", -1, "-1.0: give a number above 0"),
    ):
        config.write_text(f"[{table}]\n{key} = {value}\n")
        place = "levels[0]" if table == "[levels]" else table
        line = refused(tmp_path, "train", text, "--config", config, "--output", tmp_path / "out")
        assert line == f"{config} {place}.{key} {message}"


def test_texts_that_are_too_short_are_named(run, tmp_path):
    for name, content in (("empty.txt", ""), ("hi.txt", "hi\n"), ("nine.txt", "too short")):
        (tmp_path / name).write_text(content)
    out = ("--output", tmp_path / "out")
    for name, part, size in (("empty", "learn from", 0), ("hi", "hold out", 0), ("nine", "hold out", 1)):
        path = tmp_path / f"{name}.txt"
        needed = f"give at least two tokens, one to predict from another (it has {size})"
        assert refused(tmp_path, "train", path, *out) == f"TEXT {path}, the part to {part}: {needed}"
    path = tmp_path / "empty.txt"
    assert refused(tmp_path, "evaluate", run, path).startswith(f"TEXT {path}: give at least two tokens")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--length", "-3"), "--length -3: give 0 or more"),
        (("--length", "long"), "--length long: give a whole number"),
        (("--seed", "-1"), "--seed -1: give 0 or more"),
        (("--temperature", "warm"), "--temperature warm: give a number"),
        (("--temperature", "inf"), "--temperature inf: give a finite number of at least 0"),
        (("--prompt", "   "), "--prompt ' ': give some text to continue"),
    ],
)
def test_generate_names_the_value(run, tmp_path, arguments, message):
    assert refused(tmp_path, "generate", run, *arguments) == message


def test_what_the_user_named_is_named(run, tmp_path):
    """Catches paths that were never given, and mistakes detected only after work."""
    text = start(tmp_path)
    assert refused(run, "generate", run.parent).startswith(f"DIR {run.parent}: name a folder that holds a whole model")
    broken = tmp_path / "broken" / "model"
    broken.mkdir(parents=True)
    (broken / "config.json").write_text(json.dumps({"kind": "language"}))
    write_manifest(broken)
    assert refused(tmp_path, "evaluate", broken.parent, text).startswith(f"DIR {broken.parent}: save the model again")
    place = text / "out"
    line = refused(tmp_path, "train", text, "--output", place)
    assert line == f"--output {place}: name a folder that can be made (Not a directory)"
    line = refused(tmp_path, "evaluate", run, text, "--online", "--state-in", "nosuch.st")
    assert line == "--state-in nosuch.st: does not exist; name a file that --state-out wrote"
    line = refused(tmp_path, "evaluate", run, text, "--document", "a{99999999999999}")
    assert line.startswith("--document a{99999999999999}: give a regular expression (")


def test_sizes_beyond_the_text_are_the_text(run, tmp_path):
    """Catches allocations by what was asked for, where the text is all there is to read."""
    text = start(tmp_path)
    whole = figures(segue("evaluate", run, text)[1])
    wide = figures(segue("evaluate", run, text, "--window", 100_000_000)[1])
    assert wide["perplexity"] == whole["perplexity"]
    side_by_side = figures(segue("evaluate", run, text, "--lanes", 10_000_000, "--window", 20)[1])
    count = int(whole["tokens"])
    assert (side_by_side["tokens"], side_by_side["lanes"]) == (whole["tokens"], str(-(-count // 20)))
    line = refused(tmp_path, "evaluate", run, text, "--online", "--segment", 10_000_000_000)
    assert line == "--segment 10000000000: give a whole number from 1 to 10,000"
    assert refused(tmp_path, "evaluate", run, text, "--window", 0) == "--window 0: give 1 or more"
