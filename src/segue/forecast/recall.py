"""What a lane did at the same place of its cycle before, looked up for every patch to predict.

A patch transformer must learn to find a cycle of any length in patches of one length, and to carry its values without
loss over hundreds of steps. Both are plain arithmetic. So each patch is told, beside its own values, how the lane went
on one and two cycles earlier, one longer cycle earlier, and how far it is now from where it was a cycle ago. And where
repeating the cycle has been the better naive forecast, predictions are expressed in it: the network corrects seasonal
naive in units of its mean error, which is how MASE counts, instead of drawing the cycle itself. Without this, clean
daily cycles are missed by several times the error of repeating them (docs/lab-notebook.md).

Everything follows from what was observed up to the end of the patch: nothing of the future leaks.
"""

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from segue.forecast.cycles import Cycle, Past, find_cycles, past_of, power_of_two
from segue.forecast.reference import Reference
from segue.forecast.scaling import Scale

_BETTER = 0.9  # of the shorter cycle's error: enough for the longer one to take its place
_FINEST = 0.01  # of the mean step: an exact repetition is not trusted more than so
_OTHERS = 5


def told_size(patch: int) -> int:
    """How many numbers each patch is told."""
    return 4 * patch + _OTHERS


def recall(
    patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"], local: Scale
) -> tuple[Float64[Tensor, "lanes tokens told"], Reference]:
    """What each patch is told, and the better of two naive forecasts of the patch after it.

    Args:
        patches: Values in the unit of the series.
        observed: False where a value is missing or to be predicted.
        local: Last value and mean step at each patch.

    Returns:
        In the unit of the reference, squashed by asinh: the patch itself less what was there a cycle ago; one cycle,
        two cycles and one cycle of the other length before the next patch, less the reference. Then the similarities
        of both cycles, whether there is one, whether it is the reference, and its error in mean steps.
    """
    past = past_of(patches, observed)
    cycle, error, residual, other = _choose(past, *find_cycles(past))
    seasonal = cycle.found & (error < local.spread)
    once, twice, elsewhere = look_up(past, cycle, 1), look_up(past, cycle, 2), look_up(past, other, 1)
    level = (local.location - past.first[:, None])[..., None]
    path = torch.where(seasonal[..., None], once, level)
    unit = torch.where(seasonal, torch.maximum(error, _FINEST * local.spread), local.spread)
    divisor = torch.where(unit > 0, unit, 1.0)[..., None]
    step = torch.where(local.spread > 0, local.spread, 1.0)
    told = [
        (residual / divisor).asinh() * cycle.found[..., None],
        ((once - path) / divisor).asinh() * cycle.found[..., None],
        ((twice - path) / divisor).asinh() * cycle.found[..., None],
        ((elsewhere - path) / divisor).asinh() * other.found[..., None],
        torch.stack(
            [cycle.similarity, other.similarity, cycle.found, seasonal, torch.where(seasonal, unit / step, 1.0).log()],
            dim=-1,
        ),
    ]
    return torch.cat(told, dim=-1), Reference(path + past.first[:, None, None], unit)


def look_up(past: Past, cycle: Cycle, cycles: int) -> Float64[Tensor, "lanes tokens patch"]:
    """The values before the patch after each patch by so many cycles, or one more if those are not over yet.

    Where the lane had not begun so early, one cycle less. Values are counted from the lane's first, as in `Past`.
    """
    tokens, size = cycle.length.shape[1], past.patch
    length = cycle.length.clamp(min=1)[..., None]
    target = torch.arange(size, (tokens + 1) * size, device=length.device).unflatten(0, (tokens, size))
    ago = -(-(target - past.newest[..., None]) // length) + cycles - 1
    source = target - ago * length
    source = torch.where(source < past.begin[:, None, None], source + length, source).clamp(min=0)
    return past.held.gather(1, source.flatten(1)).view_as(source)


def repetition_error(
    past: Past, cycle: Cycle
) -> tuple[Float64[Tensor, "lanes tokens"], Float64[Tensor, "lanes tokens patch"]]:
    """The mean of |x[t] - x[t - length]| up to the end of each patch, and the differences within it.

    The in-sample error of seasonal naive, the denominator of MASE (Hyndman & Koehler 2006), for a season of its own
    at each patch; zeros where there is no cycle.
    """
    unit, size = power_of_two(past.held), past.patch
    held = (past.held / unit).to(past.steps.dtype)
    begin = past.begin[:, None] + cycle.length
    place = torch.arange(held.shape[1], device=held.device)
    errors, residuals = [], []
    for token in range(cycle.length.shape[1]):  # each sees as much as there is by then: half the work of all at once
        end = (token + 1) * size
        length, newest = cycle.length[:, token, None], past.newest[:, token, None]
        inside = (place[:end] >= begin[:, token, None]) & (place[:end] <= newest) & (length > 0)
        gap = (held[:, :end] - held.gather(1, (place[:end] - length).clamp(min=0))) * inside
        errors.append(gap.abs().sum(1))
        residuals.append(gap[:, end - size :])
    error = torch.stack(errors, dim=1) / (past.newest - begin + 1).clamp(min=1)
    return error * unit, torch.stack(residuals, dim=1) * unit[..., None]


def _choose(past: Past, short: Cycle, long: Cycle) -> tuple[Cycle, Tensor, Tensor, Cycle]:
    """The cycle whose repetition was the better forecast, its error, its differences in each patch; the other one."""
    error, residual = repetition_error(past, short)
    longer_error, longer_residual = repetition_error(past, long)
    swap = long.found & (longer_error < _BETTER * error)
    cycle = Cycle(torch.where(swap, long.length, short.length), torch.where(swap, long.similarity, short.similarity))
    other = Cycle(torch.where(swap, short.length, long.length), torch.where(swap, short.similarity, long.similarity))
    error = torch.where(swap, longer_error, error)
    return cycle, error, torch.where(swap[..., None], longer_residual, residual), other
