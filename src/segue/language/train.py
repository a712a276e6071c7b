"""Training a language model on one text, the end of which is held out."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from segue.device import Device
from segue.errors import UserError
from segue.language.config import LanguageConfig
from segue.language.corpus import Corpus, read_text
from segue.language.evaluate import Evaluation, evaluate
from segue.language.model import LanguageModel
from segue.language.objective import language_loss, language_optimizer
from segue.text.named import learn_tokenizer
from segue.training.loop import Progress
from segue.training.run import Work, begin_run
from segue.training.validation import Validation

_LEAST = 2  # occurrences of a word in the vocabulary: those that occur once are all that unknown words are learnt from


@dataclass(frozen=True, eq=False)
class Material:
    """A model of fresh weights, and the text in its tokens."""

    model: LanguageModel
    learnt: Corpus
    """What is trained on."""
    held_out: Corpus
    """What is measured by."""
    digest: str
    """SHA-256 of text and tokenizer."""


def train_language(
    text: str | Path | None,
    config: LanguageConfig | None,
    run: str | Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    started: Callable[[LanguageConfig, Device, Material], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    measured: Callable[[Evaluation], None] | None = None,
) -> LanguageModel:
    """Trains a language model and leaves the run, and in it the model folder `model`, on disk.

    Args:
        text: A text file in UTF-8; `None` to resume with the one that the run began with.
        config: What to train; `None` for the defaults, or to resume. Of a text too short for them, the run takes fewer
            lanes, and then a shorter window, and its config says so.
        run: The run folder: new or empty, or with `resume` one that a run has left.
        resume: Continue the run in the folder; the outcome is that of a run never interrupted, bit for bit where the
            number of threads is the same.
        minutes: Train as many steps as fit into so many minutes here, instead of the config's; not to resume.
            Measuring the held-out loss comes on top.
        started: Called once with the final config, the device, and the model beside the text in tokens.
        progress: Called after each step.
        measured: Called after each measurement on the held-out text.

    Returns:
        The model whose held-out loss was the lowest.

    Raises:
        UserError: The folder is in use or has nothing to resume, the text can't be read or is too short or is not the
            one the run began with, `config` or `minutes` is given to resume, or the loss is not finite.
        Interrupted: Ctrl-C; what was trained is saved.
    """
    begun = begin_run(LanguageConfig, config, run, resume=resume, minutes=minutes)
    config, material = _ready(text, begun.config)
    model, folder = material.model.to(begun.device.device), begun.folder / "model"
    loss, state = language_loss(model, material.learnt, config, begun.device)
    validation = _validation(material.held_out, config, folder, measured)
    work = Work(model, loss, state, language_optimizer(config), validation)
    config = begun.settle(config, work)
    if started is not None:
        started(config, begun.device, material)
    begun.train(config, work, progress)
    return LanguageModel.from_pretrained(folder)


def _ready(text: str | Path | None, config: LanguageConfig) -> tuple[LanguageConfig, Material]:
    """The config with all that the text decides, and the model beside the text in tokens."""
    source = text if text is not None else config.source
    if source is None:
        raise UserError("text", "(missing)", "name a text file to learn from")
    material = prepare(read_text(source), config, str(source))
    if config.digest not in (None, material.digest):
        raise UserError("text", source, "resume with the text, and the tokenizers package, that the run began with")
    decided = replace(
        config,
        text=config.text.fitted_to(len(material.learnt.tokens)),
        source=config.source or str(Path(source).resolve()),
        digest=material.digest,
    )
    return decided, material


def prepare(text: str, config: LanguageConfig, name: str = "(given)") -> Material:
    """The tokenizer learnt from the first part of a text, a model for it, and both parts in its tokens.

    Args:
        text: The text.
        config: What to train.
        name: What errors call the text, such as its file.

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
    return Material(model, learnt, held_out, digest)


def _validation(
    corpus: Corpus, config: LanguageConfig, folder: Path, measured: Callable[[Evaluation], None] | None
) -> Validation:
    """Measures as the model is trained, by state carried or reset, and keeps the best model in `folder`."""
    corpus = corpus.first(config.validate_tokens)

    def loss(model: nn.Module) -> float:
        assert isinstance(model, LanguageModel)
        lanes = max(1, min(config.text.lanes, len(corpus.tokens) // (8 * config.text.window)))
        found = evaluate(model, corpus, state=config.text.state, window=config.text.window, lanes=lanes)
        if measured is not None:
            measured(found)
        return found.loss

    def keep(model: nn.Module) -> None:
        assert isinstance(model, LanguageModel)
        model.save_pretrained(folder)

    return Validation(loss, config.validate_every, keep, config.patience)
