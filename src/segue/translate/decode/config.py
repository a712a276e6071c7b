"""The settings of decoding: search or sampling, its rules and its limits."""

from dataclasses import dataclass
from typing import Literal

from segue.errors import UserError
from segue.heads.sampling import Sampling
from segue.translate.model.lengths import require_limits

LengthPenalty = Literal["none", "average", "gnmt"]


@dataclass(frozen=True)
class DecodeConfig:
    """How outputs are searched for or drawn, and which are allowed."""

    beam: int = 1
    """Hypotheses kept at each step; 1 is greedy search."""
    n_best: int = 1
    """Hypotheses returned for each source, no two with the same text."""
    length_penalty: LengthPenalty = "average"
    """The divisor of a log-probability: none, the length, or ((5 + length) / 6)^alpha (Wu et al. 2016)."""
    alpha: float = 1.0
    """The exponent of `gnmt`."""
    no_repeat_ngram: int | None = None
    """The length of runs of tokens that must not occur twice in an output; `None` for no such rule."""
    min_length: int = 0
    """The fewest tokens of an output; it has fewer where the other rules or its limit allow no more."""
    max_ratio: float | None = None
    """The most tokens of an output for each token of its source, END included; `None` for the model's `Lengths`."""
    max_extra: int | None = None
    """Tokens allowed beyond that; `None` for the model's `Lengths`. An output cut off here is not `finished`."""
    prefix: str = ""
    """The beginning of every output."""
    ban: tuple[str, ...] = ()
    """Texts of tokens that never follow the prefix, spelled as in the vocabulary, without spaces."""
    sampling: Sampling | None = None
    """Draw tokens from this distribution, instead of searching for the most probable."""
    seed: int = 0
    """The same seed draws the same output for the same source."""
    attention: bool = False
    """Return the attention of each hypothesis, too."""

    def __post_init__(self) -> None:
        for name in ("beam", "n_best", "no_repeat_ngram", "max_extra"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise UserError(name, value, "give a whole number of at least 1")
        for name in ("min_length", "alpha"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UserError(name, getattr(self, name), "give 0 or more")
        if self.seed < 0:
            raise UserError("seed", self.seed, "give 0 or more")
        require_limits(self.max_ratio, self.max_extra, ("max_ratio", "max_extra"))
        if self.sampling is not None and self.beam > 1:
            raise UserError("beam", self.beam, "give 1, because random draws (`temperature`) use no beam")
        if self.sampling is None and self.n_best > self.beam:
            raise UserError("n_best", self.n_best, f"give at most the beam, {self.beam}, or a wider beam")

    def score(self, log_probability: float, length: int) -> float:
        """The score that ranks hypotheses; the log-probability alone prefers short ones.

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
