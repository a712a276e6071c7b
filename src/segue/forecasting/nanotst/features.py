"""The features of each patch, which are all that the network reads, and the reference that the network corrects."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle, detect_cycles
from segue.forecasting.nanotst.lines import HALF_LIVES, fitted_lines
from segue.forecasting.nanotst.past import Past, past_of
from segue.forecasting.nanotst.reference import NaiveErrors, Reference, lead_times, naive_errors, weighted_reference
from segue.forecasting.nanotst.scaling import Scale, mean_scale, relations, squash, step_scale
from segue.forecasting.nanotst.seasonal import last_cycle, seasonal_copies
from segue.forecasting.nanotst.variogram import variogram

_BOUNDED = ("observed", "scales", "judgement")  # features that are not squashed, because they are small
_UNREAD = ("other_cycle", "near")  # no inputs: only `candidates` reads them (docs/notebook/forecasting.md)
_FARTHEST = 1400.0  # units: candidates are clipped here, just inside the bound of predictions, sinh(8) = 1,490 units
_JUDGED = 11  # entries of `Features.judgement`


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of the network at each patch, in its precision.

    Attributes:
        features: All features side by side, see `Features.stacked`.
        candidates: The naive forecasts of each patch to predict, see `Features.candidates`.
        begins: True at each lane's first patch with a value.
    """

    features: Float[Tensor, "lanes tokens features"]
    candidates: Float[Tensor, "lanes newest patch candidates"]
    begins: Bool[Tensor, "lanes tokens"]

    def to(self, device: torch.device) -> "Inputs":
        """Returns the same inputs on a device."""
        return Inputs(*(part.to(device) for part in self.tensors()))

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the three tensors, in the order of the fields."""
        return self.features, self.candidates, self.begins


@dataclass(frozen=True, eq=False)
class Features:
    """The features of a patch and of its lane's past; none has a unit.

    All features depend only on values observed up to the end of the patch, so nothing of the future leaks. Forecasts
    are distances from the reference, in its units. Forecasts by a cycle are zero where there is no cycle.

    Attributes:
        overall: The values, less the running mean, in running deviations; zero where not observed.
        local: The values, less the last value, in mean steps; zero where not observed.
        last: The last value as a forecast of the next patch.
        mean: The running mean as a forecast of the next patch.
        last_cycle: The last cycle as a forecast of the next patch; see `SeasonalCopies`.
        mean_of_four_cycles: The mean of the last four cycles as a forecast of the next patch.
        mean_of_eight_cycles: The mean of the last eight cycles as a forecast of the next patch.
        other_cycle: The last cycle of the other length as a forecast of the next patch; only `candidates` reads it.
        line_levels: The ends of lines through the recent past, less the last value.
        line_slopes: The slopes of these lines, over one patch.
        drift: The mean of the last cycle less that of the cycle before.
        observed: 1 where a value is observed.
        scales: The changes of the overall scale, and the local scale relative to it; see `relations`.
        judgement: Measures of how reliable the naive forecasts are, see `_judgement`.
        near: The reference's error at the first step of the next patch, divided by its error at each step; only
            `candidates` reads it.
    """

    overall: Float64[Tensor, "lanes tokens patch"]
    local: Float64[Tensor, "lanes tokens patch"]
    last: Float64[Tensor, "lanes tokens patch"]
    mean: Float64[Tensor, "lanes tokens patch"]
    last_cycle: Float64[Tensor, "lanes tokens patch"]
    mean_of_four_cycles: Float64[Tensor, "lanes tokens patch"]
    mean_of_eight_cycles: Float64[Tensor, "lanes tokens patch"]
    other_cycle: Float64[Tensor, "lanes tokens patch"]
    line_levels: Float64[Tensor, "lanes tokens lines"]
    line_slopes: Float64[Tensor, "lanes tokens lines"]
    drift: Float64[Tensor, "lanes tokens 1"]
    observed: Float64[Tensor, "lanes tokens patch"]
    scales: Float64[Tensor, "lanes tokens 4"]
    judgement: Float64[Tensor, "lanes tokens judged"]
    near: Float64[Tensor, "lanes tokens patch"]

    def inputs(self, precision: torch.dtype, begins: Bool[Tensor, "lanes tokens"], since: int = 0) -> Inputs:
        """Returns the inputs for predictions from patch `since` on; `begins` marks each lane's first patch."""
        newest = Features(**{field.name: getattr(self, field.name)[:, since:] for field in fields(self)})
        return Inputs(self.stacked(precision), newest.candidates(precision), begins)

    def stacked(self, precision: torch.dtype) -> Float[Tensor, "lanes tokens features"]:
        """Returns all features side by side: the squashed ones in the order of the fields, then the bounded ones."""
        names = [field.name for field in fields(self) if field.name not in _UNREAD]
        large = torch.cat([getattr(self, name) for name in names if name not in _BOUNDED], dim=-1)
        bounded = torch.cat([getattr(self, name) for name in _BOUNDED], dim=-1)
        return torch.cat([squash(large.to(precision)), bounded.to(precision)], dim=-1)

    def candidates(self, precision: torch.dtype) -> Float[Tensor, "lanes tokens patch candidates"]:
        """Returns the naive forecasts that the gate weighs; the reference (zero) is first, and the lines are last."""
        patch = self.last.shape[-1]
        ahead = torch.arange(1, patch + 1, device=self.last.device, dtype=self.last.dtype) / patch
        lines = self.line_levels[:, :, None] + self.line_slopes[:, :, None] * ahead[:, None]
        lines = self.last[..., None] + lines * self.near[..., None]
        naive = [
            torch.zeros_like(self.last),
            self.last,
            self.mean,
            self.last_cycle,
            self.mean_of_four_cycles,
            self.mean_of_eight_cycles,
            self.other_cycle,
        ]
        return torch.cat([torch.stack(naive, dim=-1), lines], dim=-1).clamp(-_FARTHEST, _FARTHEST).to(precision)

    @staticmethod
    def count(patch: int) -> int:
        """The number of features of a patch of `patch` steps, as `stacked` returns them."""
        sizes = {"1": 1, "4": 4, "lines": len(HALF_LIVES), "patch": patch, "judged": _JUDGED}
        read = [field for field in fields(Features) if field.name not in _UNREAD]
        return sum(sizes[field.type.dim_str.split()[-1]] for field in read)  # type: ignore[union-attr, misc]


def features_of(
    patches: Float[Tensor, "lanes tokens patch"],
    observed: Bool[Tensor, "lanes tokens patch"],
    seasons: Float64[Tensor, "lanes periods"],
    precision: torch.dtype = torch.float64,
) -> tuple[Features, Reference]:
    """Computes the features of each patch, and the reference forecast of the patch after it.

    Args:
        patches: Values in the unit of the series.
        observed: False where a value is missing or to be predicted.
        seasons: Periods in steps that are more likely than others, zero where none.
        precision: The precision in which values are compared; that of the network is enough.
    """
    past = past_of(patches, observed)
    local, overall = step_scale(past), mean_scale(past)
    differences = variogram(past, overall, precision)
    cycle, other = detect_cycles(past, differences, seasons)
    errors = naive_errors(past, differences, overall, cycle, other)
    copies, other_copy = seasonal_copies(past, cycle, precision), last_cycle(past, other, precision)
    last, mean = (level[..., None].expand_as(copies.last) for level in (local.location, overall.location))
    reference, path = weighted_reference(past, local, errors, differences.unit, [last, mean, copies.last, other_copy])
    levels, slopes = fitted_lines(past)
    has_cycle, has_other = cycle.present[..., None], other.present[..., None]
    seen, values = past.by_patch(past.weight), past.by_patch(past.held)
    near = reference.divisor[..., :1]

    def relative(forecast: Tensor, given: Tensor) -> Tensor:
        return (forecast - path) / reference.divisor * given

    begun = (past.newest_of_patch >= 0)[..., None]
    features = Features(
        overall=overall.normalise(values) * seen,
        local=local.normalise(values) * seen,
        last=relative(last, begun),
        mean=relative(mean, begun),
        last_cycle=relative(copies.last, has_cycle),
        mean_of_four_cycles=relative(copies.mean_of_four, has_cycle),
        mean_of_eight_cycles=relative(copies.mean_of_eight, has_cycle),
        other_cycle=relative(other_copy, has_other),
        line_levels=(levels - local.location[..., None]) * begun / near,
        line_slopes=slopes * past.patch / near,
        drift=copies.drift[..., None] / near * has_cycle,
        observed=seen,
        scales=relations(overall, local),
        judgement=_judgement(past, local, (cycle, other), errors, reference.unit, differences.unit),
        near=near / reference.divisor,
    )
    return features, reference


def _judgement(
    past: Past,
    local: Scale,
    cycles: tuple[Cycle, Cycle],
    errors: NaiveErrors,
    unit: Float64[Tensor, "lanes tokens patch"],
    error_unit: Float64[Tensor, "lanes 1"],
) -> Float64[Tensor, "lanes tokens judged"]:
    """Measures of how reliable the naive forecasts are.

    The entries are: the errors of the four naive forecasts at the middle step, divided by the error of the reference;
    the error of the reference at the first and at the last step, in mean steps; both similarities; the length of the
    cycle in patches; the number of values; and the lead time in patches. The errors are logarithms, and the last three
    entries are halves of logarithms. Bounds keep the errors within ±7. Without a cycle, its error has the upper bound.
    """
    size, positive = past.patch, unit > 0
    middle = torch.where(positive, unit, 1.0)[..., size // 2, None]
    errors_there = errors.stacked()[..., size // 2, :].double().sqrt() * error_unit[..., None]
    judged = torch.where(positive[..., :1], (errors_there / middle).clamp(1e-3, 1e2).log(), 0.0)
    ends = torch.where(positive, unit / local.divisor[..., None], 1.0)[..., [0, -1]].clamp(1e-3, 1e3).log()
    similarity = torch.stack([cycle.similarity.double() for cycle in cycles], dim=-1)
    length = torch.where(cycles[0].present, cycles[0].length.double() / size, 1.0)
    lead = lead_times(past)[..., size // 2].double() / size
    sizes = torch.stack([length, past.count.clamp(min=1), lead], dim=-1)
    return torch.cat([judged, ends, similarity, sizes.log() / 2], dim=-1)
