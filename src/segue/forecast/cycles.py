"""Cycles found in a lane's own past, anew at every patch, from what was observed up to its end.

Similar is what steps alike: the autocorrelation of the differences from value to value. Their mean is not taken away: a
steady trend is alike at all lengths and makes no peak, but lifts the small peaks of noise, so that a drift may seem to
have a short cycle; repeating that is no better than the last value, and is not built upon (`segue.forecast.recall`).
Two cycles are kept, the shortest convincing one and the most convincing of the longer ones: a day, and a week.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

LONGEST = 400  # steps: a year of days
_CONVINCING = 0.5  # of the best score: enough for a shorter cycle
_NEARLY = 0.02  # a score lower by less is as good
_EQUAL = 1e-9  # less than this is rounding


@dataclass(frozen=True, eq=False)
class Past:
    """The observed values of each lane, in a form to look back in.

    Attributes:
        held: At each step the last observed value less the lane's first, which is `first`; zero before it.
        steps: Differences of successive values in a unit of the lane's own, zero where one of the two is missing.
        begin: Where the lane's first observed value is.
        newest: Where the newest observed value is at the end of each patch; -1 before there is one.
    """

    held: Float64[Tensor, "lanes time"]
    first: Float64[Tensor, "lanes"]
    steps: Float[Tensor, "lanes time"]
    begin: Int[Tensor, "lanes"]
    newest: Int[Tensor, "lanes tokens"]

    @property
    def patch(self) -> int:
        """Steps of a patch."""
        return self.held.shape[1] // self.newest.shape[1]

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


def past_of(patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]) -> Past:
    """Lays each lane out to be looked back in; `steps` have the precision of `patches`."""
    size, values, seen = patches.shape[2], patches.flatten(1).double(), observed.flatten(1)
    time = seen.shape[1]
    newest = torch.where(seen, torch.arange(time, device=seen.device), -1).cummax(1).values
    begin = torch.where(seen.any(1), seen.byte().argmax(1), time)
    first = values.gather(1, begin.clamp(max=time - 1)[:, None])
    held = torch.where(newest >= 0, values.gather(1, newest.clamp(min=0)) - first, 0.0)
    both = seen & F.pad(seen[:, :-1], (1, 0))
    steps = F.pad(held.diff(dim=1), (1, 0)) * both
    steps = (steps / power_of_two(steps)).to(patches.dtype)
    return Past(held, first[:, 0], steps, begin, newest[:, size - 1 :: size])


def power_of_two(values: Float64[Tensor, "lanes time"]) -> Float64[Tensor, "lanes 1"]:
    """About the largest of each lane. To divide by it costs no digit, so the future in it does not matter."""
    largest = values.abs().amax(1, keepdim=True)
    return torch.where(largest > 0, 2.0 ** largest.clamp(min=1e-300).log2().round(), 1.0)


def find_cycles(past: Past) -> tuple[Cycle, Cycle]:
    """The shortest convincing cycle, and the most convincing of those more than half as long again.

    A cycle is a peak of the similarity, seen at least twice; its score is the similarity less two standard errors of
    white noise, so that the fewer steps there are to compare, the more alike they must be.
    """
    similarity, age = running_similarity(past), past.age[..., None]
    length = torch.arange(1, similarity.shape[-1] - 1, device=age.device)
    here = similarity[..., 1:-1]
    score = here - 2 / (age - length).clamp(min=1).to(here.dtype).sqrt()
    rises, falls = here > similarity[..., :-2] + _EQUAL, here >= similarity[..., 2:] - _EQUAL
    peak = rises & falls & (2 * length <= age) & (length > 1)
    score = torch.where(peak, score, -1.0)
    best = score.amax(-1, keepdim=True)
    short = _first(score, _CONVINCING * best) * (best[..., 0] > 0)
    score = torch.where(2 * length > 3 * short[..., None], score, -1.0)
    best = score.amax(-1, keepdim=True)
    long = _first(score, best - _NEARLY) * (best[..., 0] > 0) * (short > 0)
    cycles = []
    for steps in (short, long):
        found = similarity.gather(-1, steps[..., None])[..., 0]
        cycles.append(Cycle(steps, torch.where(steps > 0, found.clamp(max=2), 0.0)))
    return cycles[0], cycles[1]


def running_similarity(past: Past) -> Float[Tensor, "lanes tokens lengths"]:
    """Autocorrelation of all steps up to the end of each patch, for lengths 0, 1, 2, ...

    Each patch adds its own products to those of the patches before.
    """
    lanes, time = past.steps.shape
    lengths, size = min(time // 2, LONGEST) + 2, past.patch
    windows = F.pad(past.steps, (lengths - 1, 0)).unfold(1, lengths + size - 1, size)  # each patch and what it follows
    products = past.steps.new_zeros(lanes, windows.shape[1], lengths)
    for place in range(size):
        own = windows[..., lengths - 1 + place, None]
        products.addcmul_(own, windows[..., place : place + lengths])
    products = products.flip(-1).cumsum(1)
    age = past.age[..., None].to(products.dtype)
    pairs = (age - torch.arange(lengths, device=age.device)).clamp(min=1)
    return products / products[..., :1].clamp(min=1e-30) * (age / pairs)


def _first(
    score: Float[Tensor, "lanes tokens lengths"], least: Float[Tensor, "lanes tokens 1"]
) -> Int[Tensor, "lanes tokens"]:
    """The first length that scores at least so much, and more than nothing."""
    return ((score >= least) & (score > 0)).byte().argmax(-1) + 1
