"""The training windows: synthetic series with random histories and hidden contiguous patches.

Batch n is a pure function of (seed, n), so a run resumes exactly. All windows of a batch have the same number of
patches, which is drawn anew for every batch. So short histories cost little padding.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from math import log

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from segue.errors import UserError
from segue.forecasting.pretraining.grammar import DEFAULT_WEIGHTS, Grammar
from segue.forecasting.pretraining.grammar.events import compounding, growing, resting, unrest
from segue.forecasting.pretraining.grammar.seasons import CALENDAR_PERIODS


@dataclass(frozen=True)
class DataConfig:
    """The windows that the model reads."""

    tokens: int = 3072
    """Patches of a batch; the number of windows follows from their length."""
    contexts: tuple[int, ...] = (72, 144, 264, 504, 720)
    """The possible longest histories of a batch, in values. Histories are log-uniform from half of the longest one to
    it; for the least of `contexts` they begin at `shortest`. Those of one batch fill the same number of patches."""
    shares: tuple[float, ...] = (0.15, 0.15, 0.2, 0.2, 0.3)
    """The share of batches of each of `contexts`; every batch costs the same."""
    shortest: int = 6
    """The number of values of the shortest history."""
    tail: float = 0.6
    """The share of windows whose last patches are all masked, as in forecasting; all histories of less than two patches
    have such a tail."""
    holes: float = 0.6
    """The share of windows with 1 to 3 masked spans anywhere but in the first patch."""
    flips: float = 0.1
    """The share of windows turned upside down. It is small, since real series grow more often than they fall."""
    missing: float = 0.1
    """The share of windows with values missing at random."""
    unrest: tuple[float, ...] = (0.6, 0.6, 0.5, 0.25, 0.1)
    """The share of windows with a random walk and shifts on their own scale, for each of `contexts`."""
    growing: tuple[float, ...] = (0.25, 0.25, 0.2, 0.1, 0.05)
    """The share of windows with a lasting trend on their own scale, for each of `contexts`."""
    compounding: tuple[float, ...] = (0.35, 0.25, 0.14, 0.07, 0.04)
    """The share of windows made to grow at a constant mean rate, with shocks in per cent, for each of `contexts`. Like
    `unrest` and `growing`, it leaves out windows that rest on their least value."""
    suggested: float = 0.7
    """The share of windows to which seasons are suggested, as a calendar does."""
    mistaken: float = 0.3
    """The share of suggestions that are a calendar's period drawn at random, and right by chance only."""
    block: int = 2048
    """The number of series that are generated at once."""
    reuse: int = 40
    """The number of batches that are drawn from one block of series."""
    weights: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """The relative frequency of each production of the grammar."""

    def __post_init__(self) -> None:
        for name in ("tokens", "shortest", "block", "reuse"):
            if getattr(self, name) < 1:
                raise UserError(name, getattr(self, name), "give a whole number of at least 1")
        if not self.contexts or min(self.contexts) < 1:
            raise UserError("contexts", self.contexts, "give one whole number or more, each at least 1")
        for name in ("shares", "unrest", "growing", "compounding"):
            given = getattr(self, name)
            if len(given) != len(self.contexts):
                raise UserError(name, given, f"give one share for each of the {len(self.contexts)} contexts")
        if min(self.shares) < 0 or sum(self.shares) <= 0:
            raise UserError("shares", self.shares, "give no share below 0, and one above 0")
        Grammar(self.weights)  # refuses an unknown production or an invalid weight


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows of one length, cut into patches."""

    patches: Float[Tensor, "lanes tokens patch"]
    """The series, including values that the model may not read."""
    present: Bool[Tensor, "lanes tokens patch"]
    """True where the series has a value; only these values count in the loss."""
    observed: Bool[Tensor, "lanes tokens patch"]
    """True where the model may read the value."""
    seasons: Float64[Tensor, "lanes periods"]
    """Periods in steps that a calendar would suggest, zero where none; they are not always right."""


class Windows:
    """The endless, repeatable stream of training windows.

    Args:
        data: The settings of the windows.
        patch: Values of a patch.
        span: The longest masked span, in patches, which one pass predicts. Spans may touch each other.
        seed: The seed; it and the number of a batch decide on all random numbers.
    """

    def __init__(self, data: DataConfig, *, patch: int, span: int, seed: int) -> None:
        self.data, self.patch, self.span, self.seed = data, patch, span, seed
        self.length = (-(-max(data.contexts) // patch) + span) * patch  # of the longest window
        self._block = lru_cache(maxsize=1)(self._generate)  # a cache of a pure function, not a state

    def _generate(self, number: int) -> tuple[Float[Tensor, "series time"], Float64[Tensor, "series periods"]]:
        """Draws a block of series, and the periods of their seasons."""
        generator = _generator(self.seed, 2 * number)
        values, _, periods = Grammar(self.data.weights).sample(generator, self.data.block, self.length)
        return values, periods

    def batch(self, number: int) -> Batch:
        """Makes batch `number` of the stream."""
        generator, data, patch = _generator(self.seed, 2 * number + 1), self.data, self.patch
        chosen = int(torch.multinomial(torch.tensor(data.shares), 1, generator=generator))
        context = data.contexts[chosen]
        span = max(1, min(self.span, context // (2 * patch)))
        shortest = min(context, data.shortest if context == min(data.contexts) else context // 2)
        read, low, high = _histories(shortest, context, patch, generator)
        ahead = 1 + int(span * _uniform(1, generator) ** 1.5)  # near futures are the most frequent
        tokens = read + ahead
        lanes = max(1, data.tokens // tokens)

        series, periods = self._block(number // data.reuse)
        row = torch.randint(len(series), (lanes,), generator=generator)
        values = _crop(series[row], tokens * patch, generator)
        values = _augment(values, data.flips, generator)
        history = (low * (high / low) ** _uniform(lanes, generator)).long()
        # from a history of less than two patches the model can learn only the tail
        tail = ahead * ((_uniform(lanes, generator) < data.tail) | (history < 2 * patch))
        begin = read * patch - history
        # a window without a tail shows more than `history`, but no more than the longest context
        begin = torch.where(tail > 0, begin, begin.clamp(min=tokens * patch - max(data.contexts)))[:, None]
        free = ~resting(values)  # a trend would spoil intermittent demand
        for change, shares in ((unrest, data.unrest), (growing, data.growing), (compounding, data.compounding)):
            changed = change(generator, values, begin.float())
            drawn = _uniform(lanes, generator)[:, None] < shares[chosen]
            values = torch.where(free & drawn, changed, values)
        present = torch.arange(tokens * patch) >= begin
        share = 0.4 * _uniform(lanes, generator) * (_uniform(lanes, generator) < data.missing)
        present &= torch.rand(lanes, tokens * patch, generator=generator) >= share[:, None]
        hidden = torch.arange(tokens) >= (tokens - tail)[:, None]
        hidden |= _holes(lanes, tokens, span, data.holes, generator)
        present = present.unflatten(1, (tokens, patch))
        seasons = _suggestions(periods[row], data.suggested, data.mistaken, generator)
        return Batch(values.unflatten(1, (tokens, patch)), present, present & ~hidden[..., None], seasons)


def _generator(seed: int, number: int) -> torch.Generator:
    """Makes a generator for each number; torch's CPU generator uses 32 bits of its seed, and mixes them well."""
    return torch.Generator().manual_seed((seed * 0x9E3779B1 + number) % 2**32)


def _histories(shortest: int, longest: int, patch: int, generator: torch.Generator) -> tuple[int, int, int]:
    """Draws the number of patches that all histories of a batch fill, with the range of such lengths, end excluded.

    The first patch may be filled in part.

    The odds of a length are its log-uniform share times its patches. So each length weighs in the loss as if every lane
    had drawn its own. Lengths that are mixed within a batch would cost padding.
    """
    counts = range(-(-shortest // patch), -(-longest // patch) + 1)
    ranges = [(max(shortest, (count - 1) * patch + 1), min(longest, count * patch) + 1) for count in counts]
    odds = torch.tensor([count * log(end / begin) for count, (begin, end) in zip(counts, ranges, strict=True)])
    drawn = int(torch.multinomial(odds, 1, generator=generator))
    return counts[drawn], *ranges[drawn]


def _uniform(lanes: int, generator: torch.Generator) -> Float[Tensor, "lanes"]:
    return torch.rand(lanes, generator=generator)


def _crop(
    series: Float[Tensor, "lanes time"], length: int, generator: torch.Generator
) -> Float[Tensor, "lanes length"]:
    """Cuts a stretch out of each series; most end with the series, where productions put recent changes."""
    lanes, latest = len(series), series.shape[1] - length
    begin = torch.randint(latest + 1, (lanes, 1), generator=generator)
    begin = torch.where(torch.rand(lanes, 1, generator=generator) < 0.6, latest, begin)
    return series.gather(1, begin + torch.arange(length))


def _augment(
    values: Float[Tensor, "lanes time"], flips: float, generator: torch.Generator
) -> Float[Tensor, "lanes time"]:
    """Turns some windows upside down, some back to front, and mixes some with another (mix-up, Zhang et al. 2018)."""
    lanes = len(values)
    sign = torch.where(_uniform(lanes, generator) < flips, -1.0, 1.0)
    values = values * sign[:, None]
    values = torch.where(_uniform(lanes, generator)[:, None] < 0.05, values.flip(1), values)
    share = 0.5 * _uniform(lanes, generator) * (_uniform(lanes, generator) < 0.15)
    other = values[torch.randperm(lanes, generator=generator)]
    scale = values.std(1, keepdim=True) / other.std(1, keepdim=True).clamp(min=1e-6)
    return torch.lerp(values, other * scale.clamp(max=1e3), share[:, None])


def _suggestions(
    periods: Float64[Tensor, "lanes periods"], suggested: float, mistaken: float, generator: torch.Generator
) -> Float64[Tensor, "lanes periods"]:
    """Suggests its periods to a share of the lanes, and the period of some calendar to a share of these.

    A calendar suggests 24 for every hourly series, with a day in it or not. So the network must weigh a suggestion.
    """
    lanes = len(periods)
    calendars = torch.tensor(CALENDAR_PERIODS, dtype=torch.float64)
    other = calendars[torch.randint(len(calendars), (lanes, 1), generator=generator)]
    wrong = (_uniform(lanes, generator) < mistaken)[:, None]
    given = torch.where(wrong, torch.cat([other, torch.zeros_like(periods[:, 1:])], dim=1), periods)
    return given * (_uniform(lanes, generator) < suggested)[:, None]


def _holes(
    lanes: int, tokens: int, span: int, share: float, generator: torch.Generator
) -> Bool[Tensor, "lanes tokens"]:
    """Hides one to three spans of up to `span` patches in a share of the lanes, but never the first patch."""
    index = torch.arange(tokens)
    hidden = torch.zeros(lanes, tokens, dtype=torch.bool)
    count = torch.randint(1, 4, (lanes,), generator=generator) * (_uniform(lanes, generator) < share)
    for number in range(3):
        begin = torch.randint(1, tokens, (lanes, 1), generator=generator)
        end = begin + torch.randint(1, span + 1, (lanes, 1), generator=generator)
        hidden |= (index >= begin) & (index < end) & (count > number)[:, None]
    return hidden
