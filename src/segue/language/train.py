"""Training a language model on one text, the end of which is held out."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from segue.device import Device, decide_device
from segue.errors import UserError
from segue.language.corpus import Batch, Corpus, contiguous_lanes, random_blocks, read_text
from segue.language.evaluate import Evaluation, evaluate
from segue.language.model import LanguageModel, LanguageModelConfig
from segue.state import State
from segue.text.named import TokenizerName, learn_tokenizer
from segue.training.loop import CarryingLoss, Loss, Progress, train
from segue.training.probe import seconds_per_step, steps_for_minutes
from segue.training.runs import read_run, require_unused
from segue.training.schedule import TrainingConfig
from segue.training.validation import Validation


@dataclass(frozen=True)
class TextConfig:
    """How the text becomes batches."""

    tokenizer: TokenizerName = "character"
    """What a token is."""
    vocabulary: int | None = None
    """The most tokens of words or byte pairs."""
    document: str | None = None
    """A regular expression that matches where a document begins; `None`: the text is one."""
    state: Literal["carry", "reset"] = "carry"
    """`carry`: contiguous lanes whose state goes from batch to batch. `reset`: random blocks, read afresh."""
    lanes: int = 32
    """Windows in a batch."""
    window: int = 128
    """Tokens of a window: gradients reach no further back."""
    held_out: float = 0.1
    """The share of the characters, at the end of the text, that is not learnt from but measured by."""

    def __post_init__(self) -> None:
        for name in ("lanes", "window"):
            if getattr(self, name) < 1:
                raise UserError(name, getattr(self, name), "give a whole number of at least 1")
        if not 0 < self.held_out < 1:
            raise UserError("held_out", self.held_out, "give a share between 0 and 1")


@dataclass(frozen=True)
class LanguageConfig:
    """Everything that a training run depends on."""

    model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    """The sizes and parts of the model."""
    text: TextConfig = field(default_factory=TextConfig)
    """How the text becomes batches."""
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            steps=2000, learning_rate=4e-3, betas=(0.9, 0.99), warmup_steps=50, decay_share=0.5, checkpoint_every=250
        )
    )
    """Steps, rates, seed."""
    validate_every: int = 250
    """Steps between two measurements of the held-out loss."""
    patience: int | None = None
    """Stop after so many measurements in a row without a better one; `None` for never."""
    device: str = "auto"
    """Where to train; `auto` is decided once, at the start of a run, and written into the run's config."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The number format of matrix products; `auto` likewise."""
    source: str | None = None
    """The text file; written by the run."""
    digest: str | None = None
    """SHA-256 of the text and its tokenizer; written by the run, which resumes over nothing else."""

    def __post_init__(self) -> None:
        for name in ("validate_every", "patience"):
            if (getattr(self, name) or 1) < 1:
                raise UserError(name, getattr(self, name), "give a whole number of at least 1")


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
    started: Callable[[LanguageConfig, Device], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    measured: Callable[[Evaluation], None] | None = None,
) -> LanguageModel:
    """Trains a language model and leaves the run, and in it the model folder `model`, on disk.

    Args:
        text: A text file in UTF-8; `None` to resume with the one that the run began with.
        config: What to train; `None` for the defaults, or to resume.
        run: The run folder: new or empty, or with `resume` one that a run has left.
        resume: Continue the run in the folder; the outcome is that of a run never interrupted, bit for bit where the
            number of threads is the same.
        minutes: Train as many steps as fit into so many minutes here, instead of the config's; not to resume.
            Measuring the held-out loss comes on top.
        started: Called once with the final config and the device.
        progress: Called after each step.
        measured: Called after each measurement on the held-out text.

    Returns:
        The model whose held-out loss was the lowest.

    Raises:
        UserError: The folder is in use or has nothing to resume, the text can't be read or is too short or is not the
            one the run began with, `minutes` is given to resume, or the loss is not finite.
        Interrupted: Ctrl-C; what was trained is saved.
    """
    run = Path(run)
    if resume:
        if minutes is not None:
            raise UserError("minutes", minutes, "leave it out to resume: the run's number of steps is settled")
        config = read_run(LanguageConfig, run)
    else:
        require_unused(run)
    config = config or LanguageConfig()
    source = text if text is not None else config.source
    if source is None:
        raise UserError("text", "(missing)", "name a text file to learn from")
    device = decide_device(config.device, torch.get_num_threads(), config.precision)
    material = prepare(read_text(source), config)
    if config.digest not in (None, material.digest):
        raise UserError("text", source, "resume with the text, and the tokenizers package, that the run began with")
    model = material.model.to(device.device)
    loss, state = language_loss(model, material.learnt, config, device)
    config = replace(
        config,
        device=str(device.device),
        precision="float32" if device.autocast_dtype is None else "bfloat16",
        source=config.source or str(Path(source).resolve()),
        digest=material.digest,
    )
    if minutes is not None:
        steps = steps_for_minutes(minutes, seconds_per_step(model, loss, config.training, state=state))
        config = replace(config, training=replace(config.training, steps=steps))
    if started is not None:
        started(config, device)
    validation = _validation(material.held_out, config, run / "model", measured)
    train(
        model,
        loss,
        config.training,
        run,
        state=state,
        validation=validation,
        resume=resume,
        record=config,
        progress=progress,
    )
    return LanguageModel.from_pretrained(run / "model")


def prepare(text: str, config: LanguageConfig) -> Material:
    """The tokenizer learnt from the first part of a text, a model for it, and both parts in its tokens.

    Raises:
        UserError: A part has fewer than two tokens.
    """
    cut = round(len(text) * (1 - config.text.held_out))
    tokenizer = learn_tokenizer(config.text.tokenizer, text[:cut], config.text.vocabulary)
    digest = hashlib.sha256(tokenizer.to_json().encode() + b"\n" + text.encode()).hexdigest()
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        model = LanguageModel(config.model, tokenizer)
    learnt, held_out = (Corpus.of(part, tokenizer, config.text.document) for part in (text[:cut], text[cut:]))
    return Material(model, learnt, held_out, digest)


def language_loss(
    model: LanguageModel, corpus: Corpus, config: LanguageConfig, device: Device
) -> tuple[Loss | CarryingLoss, State | None]:
    """The mean cross-entropy of batch n, and the state before batch 1, as `segue.training.loop.train` wants them."""
    text = config.text
    cut = contiguous_lanes if text.state == "carry" else random_blocks
    batches = cut(corpus, text.lanes, text.window, config.training.seed)

    def carried(step: int, state: State) -> tuple[Tensor, State]:
        return _loss(model, batches(step).to(device.device), state, device)

    def afresh(step: int) -> Tensor:
        return _loss(model, batches(step).to(device.device), None, device)[0]

    return (carried, model.initial_state(text.lanes)) if text.state == "carry" else (afresh, None)


def _loss(model: LanguageModel, batch: Batch, state: State | None, device: Device) -> tuple[Tensor, State]:
    with device.autocast():
        law, state = model(batch.inputs, state, batch.reset)
    return law.loss(batch.targets).mean(), state


def _validation(
    corpus: Corpus, config: LanguageConfig, folder: Path, measured: Callable[[Evaluation], None] | None
) -> Validation:
    """Measures as the model is trained, by state carried or reset, and keeps the best model in `folder`."""

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
