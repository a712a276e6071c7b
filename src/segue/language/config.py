"""The settings of a training run of a language model."""

from dataclasses import dataclass, field, replace
from typing import Literal

from segue.errors import UserError
from segue.language.corpus import document_pattern
from segue.language.sizes import LanguageModelConfig
from segue.text.named import TokenizerName
from segue.training.clocks import LevelConfig
from segue.training.schedule import TrainingConfig


@dataclass(frozen=True)
class TextConfig:
    """How the text becomes batches."""

    tokenizer: TokenizerName = "character"
    """What a token is."""
    vocabulary: int | None = None
    """The most tokens of a vocabulary of words (the unknown word and the end of a line included) or of byte pairs.
    Words that occur once are never in it."""
    document: str | None = None
    """A regular expression that matches the beginning of a document; `None`: the text is one document."""
    state: Literal["carry", "reset"] = "carry"
    """`carry`: contiguous lanes whose state goes from batch to batch. `reset`: random blocks with fresh states."""
    lanes: int = 32
    """Windows in a batch."""
    window: int = 128
    """Tokens of a window; gradients do not cross its beginning."""
    held_out: float = 0.1
    """The held-out share of the characters, at the end of the text: the model is measured there, and not trained."""

    def __post_init__(self) -> None:
        for name in ("lanes", "window"):
            if getattr(self, name) < 1:
                raise UserError(name, getattr(self, name), "give a whole number of at least 1")
        if not 0 < self.held_out < 1:
            raise UserError("held_out", self.held_out, "give a share between 0 and 1")
        if self.document is not None:
            document_pattern(self.document)
        if self.vocabulary is not None:
            fewest = {"word": 3, "bpe": 256}.get(self.tokenizer)
            if fewest is None:
                raise UserError("vocabulary", self.vocabulary, f"leave it out for {self.tokenizer} tokens")
            if self.vocabulary < fewest:
                raise UserError("vocabulary", self.vocabulary, f"give at least {fewest} for {self.tokenizer} tokens")

    def fitted_to(self, tokens: int) -> "TextConfig":
        """Returns the same settings, with as many lanes and as long a window as a text of so many tokens can fill."""
        window = min(self.window, tokens - 1)
        lanes = min(self.lanes, tokens // window) if self.state == "carry" else self.lanes
        return replace(self, lanes=lanes, window=window)


@dataclass(frozen=True)
class LanguageConfig:
    """The settings of one run."""

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
    levels: tuple[LevelConfig, ...] = ()
    """How each level of the nested backbone is updated; embedding, norm and head belong to the first level. Empty: all
    weights are updated at every step."""
    surprise: Literal["off", "printed", "descent"] = "off"
    """The auxiliary target for the outputs of levels 1 and 2 of the nested backbone, see
    `segue.training.surprise`; `off` for none."""
    validate_every: int = 250
    """Steps between two measurements of the held-out loss."""
    validate_tokens: int = 200_000
    """The most tokens that a measurement reads, from the beginning of the held-out text."""
    patience: int | None = None
    """Stop after so many measurements in a row without a better one; `None` for never."""
    device: str = "auto"
    """Where to train; `auto` is decided once, at the start of a run, and written into the run's config."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The number format of matrix products; `auto` is decided in the same way."""
    source: str | None = None
    """The text file; written by the run."""
    digest: str | None = None
    """SHA-256 of the text and its tokenizer; written by the run, which resumes with no other text."""

    def __post_init__(self) -> None:
        for name, least in (("validate_every", 1), ("validate_tokens", 2), ("patience", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UserError(name, value, f"give a whole number of at least {least}")
        nested = self.model.backbone == "nested"
        if self.levels and (not nested or len(self.levels) != 3):
            raise UserError("levels", len(self.levels), "give three, for the nested backbone; for others none")
        if self.surprise != "off" and not nested:
            raise UserError("surprise", self.surprise, "use the nested backbone, or leave it off")
