"""Cycles detected in a lane's own past, anew at every patch, from the values observed up to its end.

Two stretches are similar where their steps are alike. The measure is the autocorrelation of the differences from value
to value, less their mean, so that a steady trend is no cycle. A difference across missing values counts as its mean
step. A difference far above the others is cut. So neither a gap nor a spike hides a cycle. Two cycles are kept: the
shortest convincing one, and the most convincing of the longer ones, such as a day and a week.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from segue.forecasting.nanotst.past import Past, shifted
from segue.forecasting.nanotst.scaling import Scale, differences

LONGEST = 400  # steps: a year of days
_CONVINCING = 0.5  # of the best score: the shortest cycle with at least this is taken
_NEARLY = 0.02  # a score that is lower by less counts as equal
_EQUAL = 1e-6  # a smaller difference is rounding, in single precision
_LARGEST = 5.0  # mean steps: larger steps are cut to this size
_BLOCK = 24  # steps: the fastest of 12, 24 and 32, see docs/lab-notebook.md
_VARIED = 1e-6  # of the mean square: steps that vary less count as equal


@dataclass(frozen=True, eq=False)
class Cycle:
    """A cycle of each lane as it appears at each patch.

    Attributes:
        length: The length in steps; zero where there is no cycle.
        similarity: The autocorrelation of the steps, one cycle apart; zero where there is no cycle.
    """

    length: Int[Tensor, "lanes tokens"]
    similarity: Float[Tensor, "lanes tokens"]

    @property
    def present(self) -> Bool[Tensor, "lanes tokens"]:
        """True where there is a cycle."""
        return self.length > 0


def detect_cycles(past: Past, local: Scale, precision: torch.dtype = torch.float64) -> tuple[Cycle, Cycle]:
    """Detects the shortest convincing cycle, and the most convincing cycle of more than 1.5 times its length.

    A cycle is a peak of the similarity whose length fits at least twice into the past. Its score is the similarity less
    two standard errors of white noise. So the fewer steps there are to compare, the more alike they must be.

    Args:
        past: The lanes.
        local: Last value and mean step at each patch.
        precision: The precision of the sums of products; that of the network is enough.
    """
    similarity, pairs = running_similarity(past, even_steps(past, local, precision))
    here = similarity[..., 1:-1]
    length = torch.arange(1, LONGEST + 1, device=here.device)
    peak = (here - similarity[..., :-2] > _EQUAL) & (here - similarity[..., 2:] >= -_EQUAL)
    peak = peak & (length <= past.age[..., None] // 2) & (length > 1)
    score = torch.where(peak, here - 2 * pairs[..., 1:-1].rsqrt(), -1.0)

    best = score.amax(-1, keepdim=True)
    short = _first(score, _CONVINCING * best) * (best[..., 0] > 0)
    score = torch.where(length > 3 * short[..., None] // 2, score, -1.0)
    best = score.amax(-1, keepdim=True)
    long = _first(score, best - _NEARLY) * (best[..., 0] > 0) * (short > 0)
    return _cycle(short, similarity), _cycle(long, similarity)


def even_steps(past: Past, local: Scale, precision: torch.dtype) -> Float[Tensor, "lanes time"]:
    """The mean step to each observed value from the one before, in a unit of its lane; zero where not observed."""
    index = torch.arange(past.newest.shape[1], device=past.newest.device)
    apart = (index - shifted(past.newest, 1, -1)).clamp(min=1)
    bound = _LARGEST * local.unit[..., None]
    steps = past.by_patch(differences(past) / apart)
    steps = torch.minimum(torch.maximum(steps, -bound), bound).flatten(1)
    return (steps / power_of_two(steps)).to(precision)


def power_of_two(values: Float64[Tensor, "lanes time"]) -> Float64[Tensor, "lanes 1"]:
    """A power of two near the largest value of each lane. Division by it is exact, so nothing of the future leaks."""
    largest = values.abs().amax(1, keepdim=True)
    return torch.where(largest > 0, torch.exp2(largest.clamp(min=1e-300).log2().round()), 1.0)


def running_similarity(
    past: Past, steps: Float[Tensor, "lanes time"]
) -> tuple[Float[Tensor, "lanes tokens lengths"], Float[Tensor, "lanes tokens lengths"]]:
    """The autocorrelation of all steps up to the end of each patch, for lengths 0, 1, ..., `LONGEST` + 1.

    The mean of all steps replaces the means of the earlier and of the later steps of the pairs. The result is zero
    where all steps are alike.

    Returns:
        The similarity, and the number of pairs of steps behind it, at least one.
    """
    products = lagged_products(steps, past.patch).cumsum(1)
    total = past.by_patch(steps).sum(-1).cumsum(1)[..., None]
    pairs = _pairs(past).to(products.dtype).clamp(min=1)
    square = (total / pairs[..., :1]).square()  # the square of the mean
    mean = products[..., :1] / pairs[..., :1]
    variance = mean - square
    varied = variance > _VARIED * mean
    factor = varied / torch.where(varied, variance, 1.0)
    return products * (factor / pairs) - square * factor, pairs


def lagged_products(steps: Float[Tensor, "lanes time"], size: int) -> Float[Tensor, "lanes tokens lengths"]:
    """The sum of x[n] x[n - lag] over the steps n of each patch, for lags 0, 1, ..., `LONGEST` + 1.

    Patches are cut into blocks. A lag of `q` blocks and `r` steps pairs a block with the one `q` before it, moved by
    `r` steps. So one product of the matrix of blocks with the matrix of moved blocks gives all lags.
    """
    block = max(part for part in range(1, _BLOCK + 1) if size % part == 0)
    back = -(-(LONGEST + 2) // block)  # the longest lag, in blocks
    lanes, blocks = steps.shape[0], steps.shape[1] // block
    span = (blocks + back) * block
    padded = F.pad(steps, ((back + 1) * block, 0))
    moved = torch.stack([padded[:, block - step : block - step + span] for step in range(block)], dim=1)
    products = steps.view(lanes, blocks, block) @ moved.view(lanes, -1, block).transpose(1, 2)
    # Row b has the lag of q blocks and r steps in column r * (blocks + back) + b + back - q. With rows one column
    # longer, that of b = 0 stays and each next one moves back by one: all lags are lined up.
    longer = F.pad(products.flatten(1), (0, blocks)).view(lanes, blocks, span + 1)[..., :span]
    by_lag = longer.unflatten(2, (block, -1))[..., 1 : back + 1].flip(-1).transpose(2, 3)
    lined_up = by_lag.flatten(2)[..., : LONGEST + 2]
    of_patches: Tensor = lined_up.unflatten(1, (-1, size // block)).sum(2)
    return of_patches


def _pairs(past: Past) -> Float[Tensor, "lanes tokens lengths"]:
    """The number of pairs of steps at each distance; missing values count as if they lay anywhere."""
    steps = (past.age - 1).clamp(min=1).float()
    share = ((past.count - 1).float() / steps).square()
    length = torch.arange(LONGEST + 2, device=steps.device).float()
    return (steps[..., None] - length).clamp(min=0) * share[..., None]


def _first(
    score: Float[Tensor, "lanes tokens lengths"], least: Float[Tensor, "lanes tokens 1"]
) -> Int[Tensor, "lanes tokens"]:
    """The first length whose score is at least `least`, and above zero."""
    return (score >= least.clamp(min=1e-12)).int().argmax(-1) + 1


def _cycle(length: Int[Tensor, "lanes tokens"], similarity: Float[Tensor, "lanes tokens lengths"]) -> Cycle:
    own = similarity.gather(-1, length[..., None])[..., 0]
    return Cycle(length, torch.where(length > 0, own.clamp(max=2), 0.0))
