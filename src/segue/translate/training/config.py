"""The settings of a training run: everything that its result depends on, besides the pairs."""

from dataclasses import dataclass, field, replace
from typing import Literal

from segue.errors import UserError
from segue.text.named import TokenizerName
from segue.training.schedule import TrainingConfig
from segue.translate.data.pairs import LONGEST
from segue.translate.model.sizes import Architecture, Seq2SeqConfig


@dataclass(frozen=True)
class PairsConfig:
    """How a file of pairs becomes batches."""

    source: str | None = None
    """The column of the source, by name or number; `None` for the first of two columns."""
    target: str | None = None
    """The column of the target."""
    skip_bad: bool = False
    """Leave malformed rows out instead of refusing the file."""
    longest: int = LONGEST
    """The most characters of a side."""
    source_tokenizer: TokenizerName | None = None
    """What a token of the source is; `None` to infer it from the training part."""
    target_tokenizer: TokenizerName | None = None
    """What a token of the target is, likewise; two sides of one kind share a tokenizer."""
    vocabulary: int | None = None
    """The most tokens of words or byte pairs; `None` for all words, and up to 4,000 byte pairs by the length of the
    text."""
    dev: int = 500
    """How many groups of pairs to hold out; groups share no text. At most a tenth of all groups is held out."""
    joined: float = 0.0
    """Share of the examples that are several random pairs joined; for collections without long texts."""
    parts: int = 4
    """The most pairs joined to one, at least two."""
    tokens: int = 1536
    """The most tokens of a side of a batch, padding included."""

    def __post_init__(self) -> None:
        for name, least in (("longest", 1), ("dev", 1), ("parts", 2), ("tokens", 1)):
            if getattr(self, name) < least:
                raise UserError(name, getattr(self, name), f"give a whole number of at least {least}")
        if self.vocabulary is not None and self.vocabulary < 3:
            remedy = "give at least 3: the unknown word, the end of a line and one word"
            raise UserError("vocabulary", self.vocabulary, remedy)
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
    """Share of the target probability that is spread evenly over all tokens (Szegedy et al. 2016)."""
    teacher_forcing: float = 1.0
    """Share of positions at which a recurrent decoder reads the true token, not its own (Bengio et al. 2015); below 1
    training is slow."""
    validate_every: int = 500
    """Steps between two measurements on held-out pairs."""
    select: Literal["loss", "bleu", "chrf", "errors"] = "loss"
    """The measure that selects the best model: held-out loss, or BLEU, chrF or token error rate of greedy outputs."""
    patience: int | None = None
    """The run stops after so many measurements in a row without a better one; `None` for never."""
    device: str = "auto"
    """Where to train; `auto` is resolved at the start of a run, and the result is written into the run's config."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The number format of matrix products; `auto` is resolved in the same way."""
    file: str | None = None
    """The file of pairs; set by the run."""
    dev_file: str | None = None
    """A file of held-out pairs; `None` where they are split off. Set by the run."""
    digest: str | None = None
    """SHA-256 of the pairs and their vocabulary; set by the run, which refuses to resume with others."""

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
    """The settings for an architecture: the given ones, or defaults with the depth, token length and rate it needs."""
    if config is not None:
        return replace(config, model=replace(config.model, architecture=architecture))
    chosen = TranslationConfig(model=Seq2SeqConfig(architecture))
    if architecture != "transformer":
        return chosen
    model = replace(chosen.model, layers=3, token_length=1.0)
    return replace(chosen, model=model, training=replace(chosen.training, learning_rate=1e-3))
