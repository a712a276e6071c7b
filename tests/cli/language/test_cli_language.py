"""`segue language`: a text becomes a model, on disk and exactly, and every mistake is one line."""

import math
from pathlib import Path

import pytest

from segue.language import objective
from segue.language.corpus import Corpus
from segue.language.curve import plot_curve
from segue.language.evaluate import evaluate
from segue.language.model import LanguageModel, LanguageModelConfig
from segue.text.characters import CharacterTokenizer
from segue.text.named import learn_tokenizer
from tests.cli.language.conftest import TEXT, everything, figures, segue, start

pytestmark = pytest.mark.usefixtures("no_sync")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("language")
    text = start(place)
    status, _, error = segue("train", text, "--config", place / "config.toml", "--output", place / "run")
    assert status == 0, error
    return place / "run"


@pytest.mark.parametrize(
    ("backbone", "state", "stop_at"),
    [
        ("lstm", "carry", 9),
        ("lstm", "carry", 5),
        ("transformer", "carry", 7),
        ("nested", "reset", 8),
        ("nested", "carry", 6),
    ],
)
def test_a_run_stopped_and_resumed_is_the_unbroken_one(tmp_path, monkeypatch, backbone, state, stop_at):
    """To the byte: weights, moments, what the lanes remember, held-out curve, best model. Windows hold documents'
    ends, steps lie beyond an epoch's end, and Ctrl-C comes in between two checkpoints or looks.
    """
    text = start(tmp_path, backbone, state)
    arguments = ("train", text, "--config", tmp_path / "config.toml", "--output")
    assert segue(*arguments, tmp_path / "unbroken")[0] == 0
    real, calls = objective.batch_loss, []

    def stopping(*given):
        calls.append(1)
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(objective, "batch_loss", stopping)
    status, _, error = segue(*arguments, tmp_path / "broken")
    assert status == 130
    assert f"stopped at step {stop_at - 1}" in error
    monkeypatch.undo()
    status, _, error = segue("train", "--output", tmp_path / "broken", "--resume")
    assert status == 0, error
    assert everything(tmp_path / "broken") == everything(tmp_path / "unbroken")
    assert ("state.safetensors" in everything(tmp_path / "broken")) == (state == "carry")


def test_the_curve_shows_what_the_log_holds(run):
    """Two lines, in bits: the mean training loss of every third step, the held-out loss of every fourth."""
    training_line, held_out = plot_curve(run).axes[0].lines
    assert list(training_line.get_xdata()) == [3, 6, 9, 12]
    assert list(held_out.get_xdata()) == [4, 8, 12]
    best = LanguageModel.from_pretrained(run / "model")
    corpus = Corpus.of(TEXT[round(0.9 * len(TEXT)) :], best.tokenizer, "#")
    assert min(held_out.get_ydata()) == pytest.approx(evaluate(best, corpus).bits_per_character, rel=1e-5)
    assert (run / "curve.png").read_bytes()[:4] == b"\x89PNG"


def test_evaluate_prints_its_figures_by_name(run, tmp_path):
    """For characters, bits per character is the logarithm of perplexity, but for the first character of the text."""
    text = tmp_path / "held-out.txt"
    text.write_text("the bone sat on the cat. Ö\n", encoding="utf-8")
    status, out, error = segue("evaluate", run, text)
    assert status == 0, error
    printed = figures(out)
    assert float(printed["bits per character"]) == pytest.approx(math.log2(float(printed["perplexity"])), abs=1e-3)
    assert (printed["tokens"], printed["unknown"], printed["state"]) == ("26", "1", "carried")
    assert segue("evaluate", run / "model", text)[1] == out
    status, out, _ = segue("evaluate", run, text, "--state", "reset", "--window", 5)
    assert figures(out)["state"] == "reset every 5 tokens"
    assert figures(out)["perplexity"] != printed["perplexity"]


def test_evaluate_online_goes_on_where_a_saved_state_ends(run, tmp_path):
    """Two parts, by way of a file, give the total of the whole; the run's folder stays what it was, byte for byte."""
    for name, text in (("whole", TEXT), ("one", TEXT[:333]), ("two", TEXT[333:])):
        (tmp_path / name).write_text(text, encoding="utf-8")
    before, state = everything(run), tmp_path / "state"
    settings = ("--online", "--rate", 0.05, "--segment", 8)
    status, out, error = segue("evaluate", run, tmp_path / "whole", *settings)
    assert status == 0, error
    whole = figures(out)
    assert whole["weights"] == "learning every 8 tokens, rate 0.05"
    one = figures(segue("evaluate", run, tmp_path / "one", *settings, "--state-out", state)[1])
    two = figures(segue("evaluate", run, tmp_path / "two", *settings, "--state-in", state)[1])
    assert sum(math.log(float(f["perplexity"])) * int(f["tokens"]) for f in (one, two)) == pytest.approx(
        math.log(float(whole["perplexity"])) * int(whole["tokens"]), rel=1e-5
    )
    static = figures(segue("evaluate", run, tmp_path / "whole")[1])
    assert (static["tokens"], static["weights"]) == (whole["tokens"], "as trained")
    assert float(whole["perplexity"]) < float(static["perplexity"])
    assert everything(run) == before
    status, _, error = segue("evaluate", run, tmp_path / "two", "--online", "--state-in", state)
    assert (status, error.count("\n")) == (2, 1)
    assert "--state-in" in error
    assert "online differs" in error
    assert "--rate and --segment" in error


def test_generate_continues_the_prompt(run):
    """The same seed gives the same text, another seed another, and a longer one begins with the shorter."""
    arguments = ("generate", run, "--prompt", "the cat ", "--length")
    status, out, error = segue(*arguments, 30, "--seed", 1)
    assert status == 0, error
    assert out.startswith("the cat ")
    assert len(out) == len("the cat ") + 30 + len("\n")
    assert segue(*arguments, 40, "--seed", 1)[1].startswith(out[:-1])
    assert segue(*arguments, 30, "--seed", 2)[1] != out
    assert segue(*arguments, 30, "--temperature", 0)[1] == segue(*arguments, 30, "--top-k", 1, "--seed", 5)[1]


def test_the_end_of_learned_positions_is_reported(tmp_path):
    config = LanguageModelConfig("transformer", 16, heads=2, window=12, positions="learned")
    LanguageModel(config, learn_tokenizer("character", TEXT)).save_pretrained(tmp_path / "model")
    warning = "segue: positions are learned for 12 tokens only"
    arguments = ("generate", tmp_path / "model", "--prompt", "the cat ", "--length")
    assert segue(*arguments, 4)[2] == ""
    assert segue(*arguments, 5)[2].startswith(warning)
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    assert segue("evaluate", tmp_path / "model", text)[2].startswith(warning)
    assert segue("evaluate", tmp_path / "model", text, "--state", "reset", "--window", 12)[2] == ""


def test_what_a_model_does_not_know_is_reported(run):
    """But not that it never met the prompt which nobody gave."""
    status, _, error = segue("generate", run, "--prompt", "Äö cat", "--length", 1)
    assert (status, error) == (0, "segue: tokens of the prompt unknown to the model: 2\n")
    oneline = CharacterTokenizer("abc")
    assert oneline.encode("\n") == [oneline.unknown]
    LanguageModel(LanguageModelConfig("lstm", 8), oneline).save_pretrained(run.parent / "oneline")
    assert segue("generate", run.parent / "oneline", "--length", 1)[2] == ""


def test_figures_that_say_less_than_they_seem_to_are_reported(run):
    """Documents forgotten, and a rate that ruins the model; a rate that does not is no such thing."""
    text = start(run.parent)
    forgotten = "segue: trained with documents that begin at '#': give --document too\n"
    assert segue("evaluate", run, text)[2] == forgotten
    assert segue("evaluate", run, text, "--document", "#")[2] == ""
    online = ("evaluate", run, text, "--document", "#", "--online", "--rate")
    assert segue(*online, 0.01)[2] == ""
    assert segue(*online, 30)[2].startswith("segue: worse than guessing among all ")


@pytest.mark.parametrize("tokenizer", ["byte", "word", "bpe"])
def test_every_tokenizer_goes_the_whole_way(tokenizer, tmp_path):
    """Trained, saved, loaded, evaluated: a tokenizer that is not the model's own would not fit its weights."""
    text = start(tmp_path)
    arguments = ("train", text, "--config", tmp_path / "config.toml", "--tokenizer", tokenizer)
    settings = tmp_path / "config.toml"
    size = "" if tokenizer == "byte" else "vocabulary = 300"
    settings.write_text(settings.read_text().replace("lanes = 3", f"lanes = 2\n{size}"))
    settings.write_text(settings.read_text().replace("steps = 12", "steps = 3"))
    status, _, error = segue(*arguments, "--output", tmp_path / "run")
    assert status == 0, error
    assert segue("evaluate", tmp_path / "run", text)[0] == 0
    status, out, _ = segue("generate", tmp_path / "run", "--prompt", "the cat", "--length", 5)
    assert status == 0
    assert out.startswith("the cat")
    if tokenizer == "word":  # each brings the space before it
        assert segue("generate", tmp_path / "run", "--prompt", "the cat ", "--length", 5)[1] == out


def test_mistakes_are_one_line_and_write_nothing(run, tmp_path):
    text = start(tmp_path)
    (tmp_path / "short.txt").write_text("too short")
    stopped = tmp_path / "stopped"
    stopped.mkdir()
    (stopped / "config.toml").write_text("")
    train = ("train", text, "--output", tmp_path / "out")
    cases = [
        ((*train, "--tokenizer", "morse"), "--tokenizer morse: give one of byte, character, word, bpe"),
        ((*train, "--backbone", "mamba"), "--backbone mamba: give one of transformer, lstm, rnn, nested"),
        ((*train, "--minutes", 0, "--config", tmp_path / "config.toml"), "--minutes 0.0: give a number above 0"),
        (("train", "--output", tmp_path / "out"), "TEXT (missing): name a text file to learn from"),
        (("train", tmp_path / "none.txt", "--output", tmp_path / "out"), "TEXT"),
        (("train", text, "--output", run), "continue this run with --resume, or name a new folder"),
        (("train", tmp_path / "short.txt", "--output", run, "--resume"), "TEXT"),
        (("evaluate", run, text, "--state", "forget"), "--state forget: give one of carry, reset"),
        (("evaluate", tmp_path, text), "DIR"),
        (("generate", stopped), f"it has no model yet; go on with segue language train --output {stopped} --resume"),
        (("evaluate", run, text, "--online", "--state", "reset"), "--online"),
        (("evaluate", run, text, "--state-in", text), "--state-in"),
        (("evaluate", run, text, "--rate", 0.5), "--rate 0.5: add --online"),
        (("evaluate", run, text, "--online", "--state-out", tmp_path / "none" / "state"), "its folder does not exist"),
        (("evaluate", run, text, "--online", "--state-in", text), "name a whole state file"),
        (("generate", run, "--prompt", ""), "--prompt '': give some text to continue"),
        (("generate", run, "--top-p", 2), "--top-p 2.0: give a share above 0, up to 1"),
    ]
    before = {path.name for path in tmp_path.iterdir()}
    for arguments, message in cases:
        status, out, error = segue(*arguments)
        assert (status, out) == (2, ""), arguments
        assert error.startswith("segue: ")
        assert message in error
        assert error.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == before


def test_another_text_is_not_resumed_over(run, tmp_path):
    """A letter changed in the file is another run; the same text under another name is not."""
    (tmp_path / "changed.txt").write_text(TEXT.replace("dog", "cow", 1))
    (tmp_path / "moved.txt").write_text(TEXT)
    status, _, error = segue("train", tmp_path / "changed.txt", "--output", run, "--resume")
    assert status == 2
    assert "resume with the text" in error
    status, _, error = segue("train", tmp_path / "moved.txt", "--output", run, "--resume")
    assert status == 0
    assert "the run was finished before" in error
