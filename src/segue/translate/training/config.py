"""Everything that a training run of a translation model depends on."""

from dataclasses import dataclass, field, replace
from typing import Literal

from segue.errors import UserError
from segue.text.named import TokenizerName
from segue.training.schedule import TrainingConfig
from segue.translate.data.pairs import LONGEST
from segue.translate.model.seq2seq import Architecture, Seq2SeqConfig


@dataclass(frozen=True)
class PairsConfig:
    """How a file of pairs becomes batches."""

    source: str | None = None
    """The column of the source, by name or number; `None` for the first of two."""
    target: str | None = None
    """The column of the target."""
    skip_bad: bool = False
    """Leave malformed rows out instead of refusing the file."""
    longest: int = LONGEST
    """Characters of the longest side."""
    source_tokenizer: TokenizerName | None = None
    """What a token of the source is; `None`: what fits the training part."""
    target_tokenizer: TokenizerName | None = None
    """What a token of the target is; where both sides have one kind, they share one vocabulary."""
    vocabulary: int | None = None
    """The most tokens of words or byte pairs; `None` for as many as the text is long enough for, up to 4,000."""
    dev: int = 500
    """Groups of pairs, of which none shares a text with another, that are not learnt from but measured by; at most a
    tenth of all."""
    joined: float = 0.0
    """The share of the examples that are several random pairs joined: for collections without long ones."""
    parts: int = 4
    """The most pairs that are joined to one, at least two."""
    tokens: int = 1536
    """Positions of a side of a batch, padding included."""

    def __post_init__(self) -> None:
        for name, least in (("longest", 1), ("dev", 1), ("parts", 2), ("tokens", 1)):
            if getattr(self, name) < least:
                raise UserError(name, getattr(self, name), f"give a whole number of at least {least}")
        if not 0 <= self.joined < 1:
            raise UserError("joined", self.joined, "give a share from 0 to below 1")


@dataclass(frozen=True)
class TranslationConfig:
    """The settings of one run."""

    model: Seq2SeqConfig = field(default_factory=Seq2SeqConfig)
    """The sizes and parts of the model."""
    pairs: PairsConfig = field(default_factory=PairsConfig)
    """How the file becomes batches."""
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            steps=3000,
            learning_rate=3e-3,
            warmup_steps=200,
            decay_share=1.0,
            betas=(0.9, 0.98),
            average_decay=0.99,
            checkpoint_every=500,
        )
    )
    """Steps, rates, seed."""
    label_smoothing: float = 0.1
    """The share of probability that the target of training gives to all tokens alike (Szegedy et al. 2016)."""
    teacher_forcing: float = 1.0
    """How often a recurrent decoder reads the true token before, not its own (Bengio et al. 2015); below 1 is slow."""
    validate_every: int = 500
    """Steps between two measurements on held-out pairs."""
    select: Literal["loss", "bleu", "chrf", "errors"] = "loss"
    """What makes a model the best so far: the held-out loss, or BLEU, chrF or token error rate of its greedy output."""
    patience: int | None = None
    """Stop after so many measurements in a row without a better one; `None` for never."""
    device: str = "auto"
    """Where to train; `auto` is decided once, at the start of a run, and written into the run's config."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The number format of matrix products; `auto` likewise."""
    file: str | None = None
    """The file of pairs; written by the run."""
    dev_file: str | None = None
    """A file of held-out pairs in place of those that are split off; written by the run."""
    digest: str | None = None
    """SHA-256 of the pairs and their vocabulary; written by the run, which resumes over nothing else."""

    def __post_init__(self) -> None:
        for name in ("validate_every", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(name, value, "give a whole number of at least 1")
        if not 0 <= self.label_smoothing < 1:
            raise UserError("label_smoothing", self.label_smoothing, "give a share from 0 to below 1")
        if not 0 <= self.teacher_forcing <= 1:
            raise UserError("teacher_forcing", self.teacher_forcing, "give a share from 0 to 1")


def preset(architecture: Architecture, config: TranslationConfig | None = None) -> TranslationConfig:
    """The settings for an architecture: those given, or the defaults with the depth, length and rate that suit it."""
    if config is not None:
        return replace(config, model=replace(config.model, architecture=architecture))
    chosen = TranslationConfig(model=Seq2SeqConfig(architecture))
    if architecture != "transformer":
        return chosen
    model = replace(chosen.model, layers=3, token_length=1.0)
    return replace(chosen, model=model, training=replace(chosen.training, learning_rate=1e-3))
