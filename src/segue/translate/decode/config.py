"""How a translation is looked for."""

from dataclasses import dataclass
from typing import Literal

from segue.errors import UserError
from segue.heads.sampling import Sampling

LengthPenalty = Literal["none", "average", "gnmt"]


@dataclass(frozen=True)
class DecodeConfig:
    """How a translation is looked for, and what it may be."""

    beam: int = 1
    """Hypotheses that run at a time; 1 is greedy search."""
    n_best: int = 1
    """Hypotheses told of each text, no two of the same text."""
    length_penalty: LengthPenalty = "average"
    """What log-probabilities are divided by: nothing, the length, or ((5 + length) / 6)^alpha (Wu et al. 2016)."""
    alpha: float = 1.0
    """The exponent of `gnmt`."""
    no_repeat_ngram: int | None = None
    """No run of so many tokens is said twice; `None` for no such rule."""
    min_length: int = 0
    """Fewest tokens."""
    max_ratio: float | None = None
    """The most tokens of a translation, for each token of its source; `None` for what training has shown ..."""
    max_extra: int | None = None
    """... and so many beyond, likewise; END counts on both sides. What is cut off there is not `finished`."""
    prefix: str = ""
    """How every translation begins."""
    ban: tuple[str, ...] = ()
    """Texts of tokens that are never said after the prefix, in the writing of the vocabulary, without spaces."""
    sampling: Sampling | None = None
    """Draw tokens, by this law, instead of searching for the most probable."""
    seed: int = 0
    """The same seed draws the same translation of the same text."""
    attention: bool = False
    """Tell where the model looked."""

    def __post_init__(self) -> None:
        for name in ("beam", "n_best", "no_repeat_ngram", "max_extra"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise UserError(name, value, "give a whole number of at least 1")
        for name in ("min_length", "max_ratio", "alpha"):
            if (value := getattr(self, name)) is not None and not 0 <= value < float("inf"):
                raise UserError(name, getattr(self, name), "give 0 or more")
        if self.sampling is not None and self.beam > 1:
            raise UserError("beam", self.beam, "give 1: what is drawn at random (`temperature`) follows no beam")
        if self.sampling is None and self.n_best > self.beam:
            raise UserError("n_best", self.n_best, f"give at most the beam, {self.beam}, or a wider beam")

    def score(self, log_probability: float, length: int) -> float:
        """What hypotheses are compared by; the log-probability alone prefers the short ones.

        Args:
            log_probability: The sum over all tokens.
            length: Their number, END included, at least one.
        """
        match self.length_penalty:
            case "none":
                return log_probability
            case "average":
                return log_probability / length
            case "gnmt":
                return log_probability / float(((5 + length) / 6) ** self.alpha)  # Wu et al. 2016, equation 14
