"""The features of each patch, which are all that the network reads, and the reference that its predictions correct."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle, detect_cycles
from segue.forecasting.nanotst.lines import HALF_LIVES, fitted_lines
from segue.forecasting.nanotst.past import Past, past_of
from segue.forecasting.nanotst.reference import Choice, Reference, choose_reference
from segue.forecasting.nanotst.scaling import Scale, mean_error, mean_scale, relations, squash, step_scale
from segue.forecasting.nanotst.seasonal import copy_errors, last_cycle, residuals, seasonal_copies

_BETTER = 0.9  # of the shorter cycle's error: with less, the longer cycle replaces it
_BOUNDED = ("observed", "scales")  # features that are not squashed, because they are small


@dataclass(frozen=True, eq=False)
class Features:
    """The features of a patch and of its lane's past; none has a unit.

    Everything follows from values observed up to the end of the patch, so nothing of the future leaks. Values are less
    the reference and in units of the reference, unless stated otherwise. Features of a cycle are zero where there is
    none.

    Attributes:
        overall: The values, less the running mean, in running deviations; zero where not observed.
        local: The values, less the last value, in mean steps; zero where not observed.
        change: The values less those one cycle before.
        last_cycle: The seasonal copy of the next patch from the last cycle.
        mean_of_four_cycles: The same from the mean of four cycles.
        other_cycle: The same from the last cycle of the other length.
        drift: The mean of the last cycle less that of the cycle before.
        similarity: The autocorrelation of the steps, one cycle apart.
        other_similarity: The same for the cycle of the other length.
        has_cycle: 1 where there is a cycle.
        cycle_is_reference: 1 where the last cycle is the reference.
        log_unit: The logarithm of the reference's error, in mean steps.
        mean_is_reference: 1 where the mean is the reference.
        mean: The running mean, at each step of the next patch.
        mean_of_eight_cycles: The seasonal copy of the next patch from the mean of eight cycles.
        line_levels: The ends of lines through the recent past, less the last value.
        line_slopes: The slopes of these lines, over one patch.
        observed: 1 where a value is observed.
        scales: The moves of the overall scale, and the local scale relative to it.
    """

    overall: Float64[Tensor, "lanes tokens patch"]
    local: Float64[Tensor, "lanes tokens patch"]
    change: Float64[Tensor, "lanes tokens patch"]
    last_cycle: Float64[Tensor, "lanes tokens patch"]
    mean_of_four_cycles: Float64[Tensor, "lanes tokens patch"]
    other_cycle: Float64[Tensor, "lanes tokens patch"]
    drift: Float64[Tensor, "lanes tokens 1"]
    similarity: Float64[Tensor, "lanes tokens 1"]
    other_similarity: Float64[Tensor, "lanes tokens 1"]
    has_cycle: Float64[Tensor, "lanes tokens 1"]
    cycle_is_reference: Float64[Tensor, "lanes tokens 1"]
    log_unit: Float64[Tensor, "lanes tokens 1"]
    mean_is_reference: Float64[Tensor, "lanes tokens 1"]
    mean: Float64[Tensor, "lanes tokens patch"]
    mean_of_eight_cycles: Float64[Tensor, "lanes tokens patch"]
    line_levels: Float64[Tensor, "lanes tokens lines"]
    line_slopes: Float64[Tensor, "lanes tokens lines"]
    observed: Float64[Tensor, "lanes tokens patch"]
    scales: Float64[Tensor, "lanes tokens 4"]

    def stacked(self, precision: torch.dtype) -> Float[Tensor, "lanes tokens features"]:
        """Returns all features side by side: the squashed ones in the order of the fields, then the bounded ones."""
        names = [field.name for field in fields(self)]
        large = torch.cat([getattr(self, name) for name in names if name not in _BOUNDED], dim=-1)
        bounded = torch.cat([getattr(self, name) for name in _BOUNDED], dim=-1)
        return torch.cat([squash(large.to(precision)), bounded.to(precision)], dim=-1)

    @staticmethod
    def count(patch: int) -> int:
        """The number of features of a patch of `patch` steps, as `stacked` returns them."""
        sizes = {"1": 1, "4": 4, "lines": len(HALF_LIVES), "patch": patch}
        return sum(sizes[field.type.dim_str.split()[-1]] for field in fields(Features))  # type: ignore[union-attr, misc]


def features_of(
    patches: Float[Tensor, "lanes tokens patch"],
    observed: Bool[Tensor, "lanes tokens patch"],
    precision: torch.dtype = torch.float64,
) -> tuple[Features, Reference]:
    """Computes the features of each patch, and the reference forecast of the patch after it.

    Args:
        patches: Values in the unit of the series.
        observed: False where a value is missing or to be predicted.
        precision: The precision in which cycles are detected and compared; that of the network is enough.
    """
    past = past_of(patches, observed)
    local, overall = step_scale(past), mean_scale(past)
    begun = past.newest_of_patch >= 0
    cycle, error, other = _better_cycle(past, detect_cycles(past, local, precision), precision)
    choice = choose_reference(past, local, mean_error(past, overall.location), cycle, error)
    copies = seasonal_copies(past, cycle)
    level = torch.where(choice.mean, overall.location, local.location)[..., None]
    path = torch.where(choice.seasonal[..., None], copies.last, level)
    reference = Reference(path + past.first[:, None, None], choice.unit, past.count)

    divisor, has_cycle, has_other = reference.divisor, cycle.present[..., None], other.present[..., None]
    seen, values = past.by_patch(past.weight), past.by_patch(past.held)
    levels, slopes = fitted_lines(past)
    features = Features(
        overall=overall.normalise(values) * seen,
        local=local.normalise(values) * seen,
        change=residuals(past, cycle) / divisor,
        last_cycle=(copies.last - path) / divisor * has_cycle,
        mean_of_four_cycles=(copies.mean_of_four - path) / divisor * has_cycle,
        other_cycle=(last_cycle(past, other) - path) / divisor * has_other,
        drift=copies.drift[..., None] / divisor * has_cycle,
        similarity=cycle.similarity.double()[..., None],
        other_similarity=other.similarity.double()[..., None],
        has_cycle=has_cycle.double(),
        cycle_is_reference=choice.seasonal.double()[..., None],
        log_unit=_relative_unit(choice, local).log()[..., None],
        mean_is_reference=choice.mean.double()[..., None],
        mean=(overall.location[..., None] - path) / divisor,
        mean_of_eight_cycles=(copies.mean_of_eight - path) / divisor * has_cycle,
        line_levels=(levels - local.location[..., None]) * begun[..., None] / divisor,
        line_slopes=slopes * past.patch / divisor,
        observed=seen,
        scales=relations(overall, local),
    )
    return features, reference


def _better_cycle(
    past: Past, cycles: tuple[Cycle, Cycle], precision: torch.dtype
) -> tuple[Cycle, Float64[Tensor, "lanes tokens"], Cycle]:
    """The cycle whose repetition was the better forecast, its error, and the other one."""
    short, long = cycles
    error, longer = copy_errors(past, cycles, precision)
    swap = long.present & (longer < _BETTER * error)

    def either(first: Cycle, second: Cycle) -> Cycle:
        length = torch.where(swap, first.length, second.length)
        return Cycle(length, torch.where(swap, first.similarity, second.similarity))

    return either(long, short), torch.where(swap, longer, error), either(short, long)


def _relative_unit(choice: Choice, local: Scale) -> Float64[Tensor, "lanes tokens"]:
    """The unit of the reference in mean steps; 1 where all values are equal."""
    return torch.where(choice.unit > 0, choice.unit / local.divisor, 1.0)
