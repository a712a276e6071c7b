"""`segue translate train`: a run resumes exactly, infers the tokens, and reports what it left out."""

import re
import shlex
from itertools import product
from pathlib import Path

import pytest

from segue.folder import CARD, SUMS, WEIGHTS
from segue.text.bytes import ByteTokenizer
from segue.text.sides import SidesTokenizer
from segue.training.checkpoints import latest
from segue.translate.data.pairs import Item, Pair, read_pairs, write_pairs
from segue.translate.data.split import hold_out
from segue.translate.data.vocabulary import Vocabulary
from segue.translate.decode.texts import translate_texts
from segue.translate.evaluation.scores import score
from segue.translate.evaluation.units import unit_of
from segue.translate.model.seq2seq import Seq2Seq, Seq2SeqConfig
from segue.translate.training import train as training
from segue.translate.training.config import TranslationConfig, preset
from segue.translate.training.plots import plot_losses
from segue.translate.training.selection import held_out_measure
from tests.cli.translate.conftest import PAIRS, segue, start

pytestmark = pytest.mark.usefixtures("no_sync")


def everything(run: Path) -> dict[str, bytes]:
    """All files that a run leaves, of its checkpoints those of the newest; without the card, which holds minutes."""
    files = {path.name: path.read_bytes() for path in latest(run).iterdir()}
    model = {f"model/{path.name}": path.read_bytes() for path in (run / "model").iterdir() if path.name != CARD}
    sums = model[f"model/{SUMS}"].splitlines()
    model[f"model/{SUMS}"] = b"\n".join(line for line in sums if not line.endswith(CARD.encode()))
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


def test_rows_left_out_of_training_are_counted(tmp_path):
    """Catches a run that learns from half a file, or measures by it, or by what it has learnt, and does not say so."""
    pairs = start(tmp_path)
    pairs.write_text("english\tspanish\n" + PAIRS + "a\tb\tc\nd\n")
    (tmp_path / "dev.tsv").write_text("I see\tyo ver\n\tver\ni see the red CAT\tyo ver el gato rojo.\n")
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("steps = 12", "steps = 1"))
    status, _, error = segue(
        "train", pairs, "--dev", tmp_path / "dev.tsv", "--config", config, "--output", tmp_path / "run", "--skip-bad"
    )
    assert status == 0, error
    assert "segue: 3 malformed rows left out" in error
    assert "segue: the first row was skipped, because it names columns: english, spanish\n" in error
    # of 192 pairs one is left out, and a quarter as many as remain are joined ones
    assert "239 pairs learnt from, 2 held out, 1 left out, since they share a text with held-out ones" in error


def test_a_card_says_how_to_make_the_model_again(tmp_path):
    """Its own command, with its own settings, gives the same weights; its scores are those of `evaluate`."""
    pairs = start(tmp_path, select="chrf")
    _, dev = hold_out(read_pairs(pairs).pairs, 10)
    write_pairs(tmp_path / "dev.tsv", dev)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("joined = 0.2", "joined = 0.0"))
    status, _, error = segue(
        "train", pairs, "--dev", tmp_path / "dev.tsv", "--config", config, "--output", tmp_path / "run"
    )
    assert status == 0, error
    card = (tmp_path / "run" / "model" / CARD).read_text(encoding="utf-8")
    assert "| pairs | `pairs.tsv`: 182 learnt from |" in card
    assert "10 pairs of 10 sources, of `dev.tsv`; no text of these was learnt from (10 pairs were left out" in card
    out = segue("evaluate", tmp_path / "run", tmp_path / "dev.tsv")[1]
    for line in out.splitlines():
        name, _, figure = line.partition(": ")
        if name in ("BLEU", "chrF", "exact match", "token error rate", "length ratio"):
            assert f"| {name} | {figure} |" in card
    command, settings = re.findall(r"```(?:sh|toml)\n(.*?)```", card, re.DOTALL)
    (tmp_path / "settings.toml").write_text(settings, encoding="utf-8")
    places = {"pairs.tsv", "dev.tsv", "settings.toml", "runs/again"}
    words = [tmp_path / word if word in places else word for word in shlex.split(command)]
    assert segue(*words[2:])[0] == 0
    one, other = (tmp_path / run / "model" / WEIGHTS for run in ("run", "runs/again"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("select", ["loss", "bleu", "errors"])
def test_a_curve_has_the_axis_of_what_it_shows(tmp_path, select):
    """A score of 100 - BLEU in the log is BLEU in the picture, and no nats."""
    (tmp_path / "config.toml").write_text(f'select = "{select}"\n')
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": 3.0}\n{"step": 1, "held_out_loss": 80.0}\n')
    axes = plot_losses(tmp_path).axes
    wanted = ["nats per token"] if select == "loss" else ["nats per token", "%"]
    assert [ax.get_ylabel() for ax in axes] == wanted
    held_out = axes[-1].lines[-1]
    assert list(held_out.get_ydata()) == [20.0 if select == "bleu" else 80.0]


@pytest.mark.parametrize("select", ["chrf", "errors"])
def test_what_is_shown_is_the_score_and_what_is_lowered_its_distance_from_the_best(select):
    """A bar that shows 95 for a chrF of 5 misleads."""
    model = Seq2Seq(Seq2SeqConfig(width=4), Vocabulary(ByteTokenizer())).eval()
    shown: list[float] = []
    measured = held_out_measure([Pair("a", "b")], TranslationConfig(select=select), shown.append)(model)
    scores = score([translate_texts(model, ["a"])[0][0].text], [Item("a", ("b",))], unit_of(model.vocabulary), draws=2)
    assert shown == [(scores.chrf if select == "chrf" else scores.token_error_rate).value]
    assert measured == (100 - shown[0] if select == "chrf" else shown[0])


@pytest.mark.parametrize("architecture", ["lstm-attention", "lstm", "transformer"])
def test_the_defaults_of_an_architecture(architecture):
    """A flag alone gives settings that suit it; with a file of settings it changes nothing else."""
    chosen = preset(architecture)
    assert chosen.model.architecture == architecture
    assert chosen.model.token_length == (1.0 if architecture == "transformer" else 4.0)
    assert chosen.training.learning_rate == (1e-3 if architecture == "transformer" else 3e-3)
    assert preset("rnn", chosen).training == chosen.training
    assert TranslationConfig() == preset("lstm-attention")


def test_spelling_becomes_sounds(tmp_path):
    """The run infers characters for the sources and words for the targets; a folder keeps both."""
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
    results = translate_texts(model, [pair.source for pair in dev])
    assert sum(best[0].text == pair.target for best, pair in zip(results, dev, strict=True)) >= 7
