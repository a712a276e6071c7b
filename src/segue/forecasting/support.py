"""The values that a series can take: nothing below its floor, only whole counts, and no negative counts.

A network may forecast rare sales with a median of 0.02 and a lowest decile of -0.03 pieces. Nobody can order parts by
such a forecast, and it misses every future zero by a little. A network may also forecast that -92 people cross a bridge
at night.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from segue.errors import UserError

_RESTS = 0.1  # the least value is a floor if it is this share of the observed values, and no value is more frequent
_AT_LEAST = 3.0  # the least value must also occur so many times, which counts in a short series
_REPEATS = 2.0  # values for each distinct one; with fewer values a lattice may be chance
_EXACT = 1e-6  # relative tolerance in steps of a lattice, for the rounding of decimal fractions
# Steps below half-way that count as half-way, for quantiles that are half-way by construction, such as the mean of two
# counts. Batch, order and threads move no bit of NanoTST. Where rounding differs, quantiles of counts with a deviation
# below 50 move by at most 8e-5 steps (docs/notebook/forecasting.md).
_EDGE = 1e-4
_WHOLE = 2.0**53  # from here on double precision has no fractions, so whole values do not show that a series counts


def within_support(
    quantiles: Float64[np.ndarray, "lanes steps levels"],
    values: Float64[np.ndarray, "lanes time"],
    observed: Bool[np.ndarray, "lanes time"],
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Moves quantiles to values that a lane can take, judging by its observed values.

    First, if no value is more frequent than the least one, as in sales or rain, no quantile lies below it. The least
    value must also occur three times, and make up a tenth of the values. Second, if all values lie on a lattice,
    least + k * step, and are repeated, as counts are, quantiles are rounded to the lattice. The quantiles of a
    distribution on a lattice lie on it, too. A quantile half-way between two values, or below it by no more than a
    rounding error, moves up. Both steps work in any unit, and keep the order of quantiles.

    The third step depends on zero, so it is the only exception from the law of scale. Where all values are whole and
    none is negative, no quantile lies below zero. If no future value is negative either, a quantile that moves up to
    zero comes nearer to every value, so its quantile loss can only fall.
    """
    ordered = np.sort(np.where(observed, values, np.inf), axis=1)  # values that are not observed come last
    count = observed.sum(1, keepdims=True)
    least = np.where(count > 0, ordered[:, :1], 0.0)
    step, lattice = _lattice(ordered, count)
    lowest = np.where(lattice, np.mod(least, step), 0.0)  # the lowest value of the lattice that is not negative
    floor = np.where(_counts(values, observed), lowest, -np.inf)
    floor = np.where(_rests(ordered, least, count), least, floor)[..., None]
    least, step, lattice = least[..., None], step[..., None], lattice[..., None]
    with np.errstate(over="ignore"):  # the least gap is no step where there is no lattice, and may be tiny
        rounded = least + np.floor((quantiles - least) / step + 0.5 + _EDGE) * step
    return np.asarray(np.maximum(np.where(lattice, rounded, quantiles), floor))


def whole(values: Float64[np.ndarray, "*shape"]) -> bool:
    """Whether all values are whole, and small enough for double precision to hold fractions, too; NaN is left out."""
    seen = values[np.isfinite(values)]
    return bool(((seen == np.round(seen)) & (np.abs(seen) < _WHOLE)).all())


def _counts(
    values: Float64[np.ndarray, "lanes time"], observed: Bool[np.ndarray, "lanes time"]
) -> Bool[np.ndarray, "lanes 1"]:
    """Whether all observed values are whole and none is negative."""
    count = (values == np.round(values)) & (values >= 0) & (values < _WHOLE)
    return np.asarray((count | ~observed).all(1, keepdims=True) & observed.any(1, keepdims=True))


def _rests(
    ordered: Float64[np.ndarray, "lanes time"],
    least: Float64[np.ndarray, "lanes 1"],
    count: Int64[np.ndarray, "lanes 1"],
) -> Bool[np.ndarray, "lanes 1"]:
    """Whether no value is more frequent than the least one, and the least one is frequent enough for a floor."""
    times = (ordered == least).sum(1, keepdims=True)
    end = np.arange(ordered.shape[1]) + times  # the index where a more frequent value would still lie
    later = np.take_along_axis(ordered, np.minimum(end, ordered.shape[1] - 1), axis=1)
    outdone = ((later == ordered) & (end < count)).any(1, keepdims=True)
    return np.asarray(~outdone & (times >= np.maximum(_RESTS * count, _AT_LEAST)))


def _lattice(
    ordered: Float64[np.ndarray, "lanes time"], count: Int64[np.ndarray, "lanes 1"]
) -> tuple[Float64[np.ndarray, "lanes 1"], Bool[np.ndarray, "lanes 1"]]:
    """The least distance between distinct values of each lane, and whether its values repeat on such a lattice."""
    with np.errstate(invalid="ignore"):  # inf - inf, beyond the observed values
        gaps = np.diff(ordered, axis=1, prepend=ordered[:, :1])
    gaps = np.nan_to_num(gaps, nan=0.0, posinf=0.0)
    different = gaps > 0
    step = np.where(different, gaps, np.inf).min(1, keepdims=True)
    some = step < np.inf
    step = np.where(some, step, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):  # a gap of 1e-320 beside one of 1 is no lattice
        steps = gaps / step
        whole = (np.abs(steps - np.round(steps)) <= _EXACT * np.maximum(steps, 1)).all(1, keepdims=True)
    repeated = count >= _REPEATS * (different.sum(1, keepdims=True) + 1)
    return step, some & whole & repeated


@dataclass(frozen=True)
class Limits:
    """The least and the largest value that a user allows in forecasts; None for no limit.

    Attributes:
        floor: No quantile lies below it.
        cap: No quantile lies above it.

    Raises:
        UserError: A limit is not a finite number, or the floor lies above the cap.
    """

    floor: float | int | None = None
    cap: float | int | None = None

    def __post_init__(self) -> None:
        for name, limit in (("floor", self.floor), ("cap", self.cap)):
            number = isinstance(limit, int | float | np.number) and not isinstance(limit, bool)
            if limit is not None and not (number and np.isfinite(limit)):
                raise UserError(name, limit, "give a number")
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            raise UserError("floor", f"{self.floor:.12g}", f"give one that is at most `cap` ({self.cap:.12g})")

    def within(self, quantiles: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Moves quantiles beyond a limit to it; their order stays."""
        if self.floor is None and self.cap is None:
            return quantiles
        return np.asarray(np.clip(quantiles, self.floor, self.cap))

    def notes(self, values: Float64[np.ndarray, " values"]) -> Iterator[str]:
        """Yields a line for each limit that observed values pass; words in backticks are arguments.

        Args:
            values: All values of the series, NaN where missing.

        Raises:
            UserError: All values lie beyond a limit, so every forecast would be the limit.
        """
        seen = values[np.isfinite(values)]
        if self.floor is not None and len(seen):
            yield from _passed("floor", self.floor, "below", seen[seen < self.floor], len(seen))
        if self.cap is not None and len(seen):
            yield from _passed("cap", self.cap, "above", seen[seen > self.cap], len(seen))


def _passed(
    name: str, limit: float | int, side: str, beyond: Float64[np.ndarray, " beyond"], total: int
) -> Iterator[str]:
    """The note on values beyond a limit, if there are any; an error if all values lie beyond it."""
    if len(beyond) == total:
        extent = f"{beyond.min():.12g} to {beyond.max():.12g}"
        raise UserError(name, f"{limit:.12g}", f"all values of the table lie {side} it ({extent}); give another limit")
    if len(beyond):
        extreme = f"down to {beyond.min():.12g}" if side == "below" else f"up to {beyond.max():.12g}"
        yield f"{len(beyond):,} of {total:,} values lie {side} `{name}` {limit:.12g}, {extreme}"


NO_LIMITS = Limits()
"""Neither floor nor cap."""
