"""Training of a language model on one text, whose end is held out."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from segue.device import Device
from segue.errors import UserError, give_notice
from segue.language.config import LanguageConfig
from segue.language.corpus import Corpus, document_notes, read_text
from segue.language.evaluate import Evaluation, evaluate
from segue.language.model import LanguageModel
from segue.language.objective import language_loss, language_optimizer
from segue.text.named import learn_tokenizer
from segue.training.run import Work, begin_run
from segue.training.trainer import Progress
from segue.training.validation import Validation

_LEAST = 2  # occurrences of a word in the vocabulary: rarer ones train the unknown token


@dataclass(frozen=True, eq=False)
class Material:
    """A model of fresh weights, and the text as its tokens."""

    model: LanguageModel
    learnt: Corpus
    """The text that the model is trained on."""
    held_out: Corpus
    """The text that the model is measured on."""
    digest: str
    """SHA-256 of text and tokenizer."""
    notes: tuple[str, ...] = ()
    """Notes on the text for the user, one line each; words in backticks are arguments."""


def train_language(
    text: str | Path | None,
    config: LanguageConfig | None,
    run: str | Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    watch: Callable[[], float] | None = None,
    started: Callable[[LanguageConfig, Device, Material], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    measured: Callable[[Evaluation], None] | None = None,
) -> LanguageModel:
    """Trains a language model and leaves the run, and in it the model folder `model`, on disk.

    Args:
        text: A text file in UTF-8; `None` to resume with the file of the run.
        config: What to train; `None` for the defaults, or to resume. For a short text the run uses a shorter window and
            fewer lanes, and records them in its config.
        run: The run folder: new or empty, or with `resume` one that a run has left.
        resume: Continue the run in the folder; with the same number of threads, the outcome equals that of an
            uninterrupted run in all bits.
        minutes: Train for so many minutes by the clock, measuring included, instead of the steps of the config. The
            learning rate follows the clock. A resumed run keeps its minutes.
        watch: The seconds that the caller has worked on the run, which count; `None` to count from the call.
        started: Called once with the final config, the device, and the model with its text. It then has to report the
            notes on the text, which are warnings otherwise.
        progress: Called after each step.
        measured: Called after each measurement on the held-out text.

    Returns:
        The model whose held-out loss was the lowest.

    Raises:
        UserError: The folder is in use or holds nothing to resume, the text cannot be read, is too short or is not the
            text of the run, or the loss is not finite.
        Interrupted: Ctrl-C; the run is saved.
    """
    begun = begin_run(LanguageConfig, config, run, resume=resume, minutes=minutes, watch=watch)
    config, material = _ready(text, begun.config)
    model, folder = material.model.to(begun.device.device), begun.folder / "model"
    loss, state = language_loss(model, material.learnt, config, begun.device)
    validation = _validation(material.held_out, config, folder, measured)
    work = Work(model, loss, state, language_optimizer(config), validation)
    if started is None:
        give_notice(material.notes)
    else:
        started(config, begun.device, material)
    begun.train(config, work, progress)
    return LanguageModel.from_pretrained(folder)


def _ready(text: str | Path | None, config: LanguageConfig) -> tuple[LanguageConfig, Material]:
    """The config with all that the text decides, and the model with the text as tokens."""
    source = text if text is not None else config.source
    if source is None:
        raise UserError("text", "(missing)", "name a text file to learn from")
    material = prepare(read_text(source), config, str(source))
    if config.digest not in (None, material.digest):
        raise UserError(
            "text", source, "resume with the text, and the version of the package tokenizers, that the run began with"
        )
    decided = replace(
        config,
        text=config.text.fitted_to(len(material.learnt.tokens)),
        source=config.source or str(Path(source).resolve()),
        digest=material.digest,
    )
    return decided, material


def prepare(text: str, config: LanguageConfig, name: str = "(given)") -> Material:
    """Learns a tokenizer from the first part of a text, and makes a model and both parts as tokens.

    Args:
        text: The text.
        config: What to train.
        name: The name of the text in errors, such as its file.

    Raises:
        UserError: A part has fewer than two tokens.
    """
    cut = round(len(text) * (1 - config.text.held_out))
    tokenizer = learn_tokenizer(config.text.tokenizer, text[:cut], config.text.vocabulary, _LEAST)
    digest = hashlib.sha256(tokenizer.to_json().encode() + b"\n" + text.encode()).hexdigest()
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        model = LanguageModel(config.model, tokenizer)
    learnt, held_out = (
        Corpus.of(part, tokenizer, config.text.document, name=f"{name}, {which}")
        for part, which in ((text[:cut], "the part to learn from"), (text[cut:], "the part to hold out"))
    )
    return Material(model, learnt, held_out, digest, document_notes(text, config.text.document))


def _validation(
    corpus: Corpus, config: LanguageConfig, folder: Path, measured: Callable[[Evaluation], None] | None
) -> Validation:
    """Measures with the state carried or reset as in training, and keeps the best model in `folder`."""
    corpus = corpus.first(config.validate_tokens)

    def loss(model: nn.Module) -> float:
        assert isinstance(model, LanguageModel)
        lanes = max(1, min(config.text.lanes, len(corpus.tokens) // (8 * config.text.window)))
        result = evaluate(model, corpus, state=config.text.state, window=config.text.window, lanes=lanes)
        if measured is not None:
            measured(result)
        return result.loss

    def keep(model: nn.Module) -> None:
        assert isinstance(model, LanguageModel)
        model.save_pretrained(folder)

    return Validation(loss, config.validate_every, keep, config.patience)
