"""Cycles found in a lane's own past, anew at every patch, from what was observed up to its end.

Similar is what steps alike: the autocorrelation of the differences from value to value, less their mean, so that a
steady trend is no cycle. A difference across missing values counts as their mean step, and one far above the others is
cut, so that neither a gap nor a spike hides a cycle. Two cycles are kept, the shortest convincing one and the most
convincing of the longer ones: a day, and a week.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from segue.forecasting.nanotst.scaling import Scale

LONGEST = 400  # steps: a year of days
_CONVINCING = 0.5  # of the best score: enough for a shorter cycle
_NEARLY = 0.02  # a score lower by less is as good
_EQUAL = 1e-6  # less than this is rounding, in single precision
_LARGEST = 5.0  # mean steps: more of a step is cut off
_VARIED = 1e-6  # of the mean square: steps that vary by less are all alike


@dataclass(frozen=True, eq=False)
class Past:
    """The observed values of each lane, in a form to look back in.

    Attributes:
        known: The values less the lane's first; NaN where there is none.
        first: The lane's first observed value.
        steps: At each observed value the mean step since the one before, in a unit of the lane's own; else zero.
        begin: Where the lane's first observed value is.
        newest: Where the newest observed value is at the end of each patch; -1 before there is one.
    """

    known: Float64[Tensor, "lanes time"]
    first: Float64[Tensor, "lanes"]
    steps: Float[Tensor, "lanes time"]
    begin: Int[Tensor, "lanes"]
    newest: Int[Tensor, "lanes tokens"]

    @property
    def patch(self) -> int:
        """Steps of a patch."""
        return self.known.shape[1] // self.newest.shape[1]

    @property
    def seen(self) -> Bool[Tensor, "lanes time"]:
        """Where there is a value."""
        return ~self.known.isnan()

    @property
    def age(self) -> Int[Tensor, "lanes tokens"]:
        """Steps from the first to the newest observed value, both counted."""
        return (self.newest - self.begin[:, None] + 1).clamp(min=0)


@dataclass(frozen=True, eq=False)
class Cycle:
    """A cycle of each lane as it appears at each patch.

    Attributes:
        length: In steps; zero where there is none.
        similarity: Autocorrelation of the steps, one cycle apart; zero where there is none.
    """

    length: Int[Tensor, "lanes tokens"]
    similarity: Float[Tensor, "lanes tokens"]

    @property
    def found(self) -> Bool[Tensor, "lanes tokens"]:
        """Where there is one."""
        return self.length > 0


def past_of(
    patches: Float[Tensor, "lanes tokens patch"],
    observed: Bool[Tensor, "lanes tokens patch"],
    local: Scale,
    precision: torch.dtype = torch.float64,
) -> Past:
    """Lays each lane out to be looked back in.

    Args:
        patches: Values in the unit of the series.
        observed: False where a value is missing or to be predicted.
        local: Last value and mean step at each patch.
        precision: Of the steps, which are long sums' terms: that of the network is enough.
    """
    size, values, seen = patches.shape[2], patches.flatten(1).double(), observed.flatten(1)
    time = seen.shape[1]
    place = torch.arange(time, device=seen.device)
    newest = torch.where(seen, place, -1).cummax(1).values
    begin = torch.where(seen.any(1), seen.byte().argmax(1), time)
    first = values.gather(1, begin.clamp(max=time - 1)[:, None])
    held = torch.where(newest >= 0, values.gather(1, newest.clamp(min=0)) - first, 0.0)
    before = F.pad(newest[:, :-1], (1, 0), value=-1)
    steps = F.pad(held.diff(dim=1), (1, 0)) * (seen & (before >= 0)) / (place - before)
    bound = _LARGEST * local.spread.repeat_interleave(size, 1)
    steps = steps.clamp(-bound, bound)
    steps = (steps / power_of_two(steps)).to(precision)
    known = torch.where(seen, held, torch.nan)
    return Past(known, first[:, 0], steps, begin, newest[:, size - 1 :: size])


def power_of_two(values: Float64[Tensor, "lanes time"]) -> Float64[Tensor, "lanes 1"]:
    """About the largest of each lane. To divide by it costs no digit, so the future in it does not matter."""
    largest = values.abs().amax(1, keepdim=True)
    return torch.where(largest > 0, 2.0 ** largest.clamp(min=1e-300).log2().round(), 1.0)


def find_cycles(past: Past) -> tuple[Cycle, Cycle]:
    """The shortest convincing cycle, and the most convincing of those more than half as long again.

    A cycle is a peak of the similarity, seen at least twice; its score is the similarity less two standard errors of
    white noise, so that the fewer steps there are to compare, the more alike they must be.
    """
    similarity, age = running_similarity(past).float(), past.age[..., None]
    length = torch.arange(1, similarity.shape[-1] - 1, device=age.device)
    here = similarity[..., 1:-1]
    score = here - 2 * _pairs(past, length).clamp(min=1).rsqrt()
    peak = (here - similarity[..., :-2] > _EQUAL) & (here - similarity[..., 2:] >= -_EQUAL)
    peak &= (length <= age // 2) & (length > 1)
    score = score.masked_fill(~peak, -1.0)
    best = score.amax(-1, keepdim=True)
    short = _first(score, _CONVINCING * best) * (best[..., 0] > 0)
    score = score.masked_fill(length <= 3 * short[..., None] // 2, -1.0)
    best = score.amax(-1, keepdim=True)
    long = _first(score, best - _NEARLY) * (best[..., 0] > 0) * (short > 0)
    cycles = []
    for steps in (short, long):
        found = similarity.gather(-1, steps[..., None])[..., 0]
        cycles.append(Cycle(steps, torch.where(steps > 0, found.clamp(max=2), 0.0)))
    return cycles[0], cycles[1]


def running_similarity(past: Past) -> Float[Tensor, "lanes tokens lengths"]:
    """Autocorrelation of all steps up to the end of each patch, for lengths 0, 1, 2, ...

    Each patch adds its own products to those of the patches before. The mean of all steps stands for that of the first
    and the last of them, and zero is the answer where all are alike.
    """
    lanes, time = past.steps.shape
    lengths, size = min(time // 2, LONGEST) + 2, past.patch
    windows = F.pad(past.steps, (lengths - 1, 0)).unfold(1, lengths + size - 1, size)  # each patch and what it follows
    products = past.steps.new_zeros(lanes, windows.shape[1], lengths)
    for place in range(size):
        own = windows[..., lengths - 1 + place, None]
        products.addcmul_(own, windows[..., place : place + lengths])
    products = products.flip(-1).cumsum(1)
    total = past.steps.cumsum(1)[:, size - 1 :: size, None]
    pairs = _pairs(past, torch.arange(lengths, device=products.device)).to(products.dtype).clamp(min=1)
    square = (total / pairs[..., :1]).square()  # of the mean
    mean = products[..., :1] / pairs[..., :1]
    variance = mean - square
    varied = variance > _VARIED * mean
    return (products / pairs - square) * (varied / torch.where(varied, variance, 1.0))


def _pairs(past: Past, length: Int[Tensor, "lengths"]) -> Float[Tensor, "lanes tokens lengths"]:
    """How many pairs of steps are so far apart; with missing values, as many as if these lay anywhere."""
    counted = past.seen.cumsum(1)[:, past.patch - 1 :: past.patch, None] - 1
    steps = (past.age[..., None] - 1).clamp(min=1).float()
    return (steps - length.float()).clamp(min=0) * (counted / steps).square()


def _first(
    score: Float[Tensor, "lanes tokens lengths"], least: Float[Tensor, "lanes tokens 1"]
) -> Int[Tensor, "lanes tokens"]:
    """The first length that scores at least so much, and more than nothing."""
    return (score >= least.clamp(min=1e-12)).byte().argmax(-1) + 1
