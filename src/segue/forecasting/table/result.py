"""The columns of a forecast's table: names from quantile levels, and levels from names."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from segue.errors import UserError

Number = float | int
Numbers = Sequence[Number] | Number
"""Several numbers, or a single one."""


@dataclass(frozen=True)
class QuantileColumns:
    """The columns of a forecast and their quantile levels, with the names of utilsforecast and its relatives.

    Attributes:
        point: The column of the median, for example `NanoTST`.
        percents: Prediction intervals in per cent, such as 80: columns `NanoTST-lo-80` and `NanoTST-hi-80`.
        quantiles: Single quantile levels, such as 0.1: a column `NanoTST-q-10`.
        mean: Whether there is a column of the mean, `NanoTST-mean`.
    """

    point: str
    percents: tuple[Number, ...] = ()
    quantiles: tuple[Number, ...] = ()
    mean: bool = False

    @staticmethod
    def of(point: str, levels: Numbers = (80,), quantiles: Numbers = (), mean: bool = False) -> "QuantileColumns":
        """Makes the columns that a user asks for.

        Args:
            point: The name of the predictor.
            levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
            quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
            mean: Whether the mean is asked for, too.

        Raises:
            UserError: A level or a quantile lies outside its range, or is no number.
        """
        percents, fractions = _distinct("levels", levels), _distinct("quantiles", quantiles)
        for percent in percents:
            if 0 < percent < 1:
                meant = f"is below 1 %; was {100 * percent:.12g} meant?"
                raise UserError("levels", percent, f"{meant} give a percentage from 1 to 98")
            if not 1 <= percent <= 98:
                raise UserError("levels", percent, "give a percentage from 1 to 98")
        for fraction in fractions:
            if not 0.01 <= fraction <= 0.99:
                raise UserError("quantiles", fraction, "give a fraction from 0.01 to 0.99")
        return QuantileColumns(point, percents, fractions, mean)

    @staticmethod
    def read(names: Iterable[str], keys: Sequence[str] = ()) -> "QuantileColumns":
        """Reads the columns of the table of a forecast: the first one that is no key is the median.

        Args:
            names: The columns of the table, in their order.
            keys: The columns of the series and the times.
        """
        rest = [name for name in names if name not in keys]
        matches = [re.fullmatch(re.escape(rest[0]) + r"-(lo|q)-(\d+(?:\.\d+)?)", name) for name in rest]
        numbers = {kind: [float(match[2]) for match in matches if match and match[1] == kind] for kind in ("lo", "q")}
        levels = tuple(numbers["lo"]), tuple(number / 100 for number in numbers["q"])
        return QuantileColumns(rest[0], *levels, f"{rest[0]}-mean" in rest)

    @cached_property
    def levels(self) -> dict[str, float]:
        """The quantile level of each column, in the order of the table: the median first."""
        columns = {self.point: 0.5}
        for percent in self.percents:
            low, high = self.interval(percent)
            columns |= {low: round(0.5 - percent / 200, 12), high: round(0.5 + percent / 200, 12)}
        return columns | {f"{self.point}-q-{100 * fraction:.12g}": fraction for fraction in self.quantiles}

    def named(
        self, quantiles: Float64[np.ndarray, "*shape levels"], mean: Float64[np.ndarray, "*shape"] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Returns the column of each name, in the order of the table: the median, the mean if it is given, the rest.

        Args:
            quantiles: The quantiles of `levels`, in the same order.
            mean: The mean; None if no column of the mean is asked for.
        """
        columns: dict[str, NDArray[np.float64]] = dict(zip(self.levels, np.moveaxis(quantiles, -1, 0), strict=True))
        if mean is None:
            return columns
        return {self.point: columns.pop(self.point), f"{self.point}-mean": mean, **columns}

    @property
    def names(self) -> list[str]:
        """The names of all columns, in the order of the table."""
        point, *rest = self.levels
        return [point, f"{point}-mean", *rest] if self.mean else [point, *rest]

    def interval(self, percent: Number) -> tuple[str, str]:
        """Returns the names of the lower and the upper column of a prediction interval."""
        return f"{self.point}-lo-{percent:.12g}", f"{self.point}-hi-{percent:.12g}"

    def fan(
        self, column: Callable[[str], NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64], list[tuple[str, NDArray[np.float64], NDArray[np.float64]]]]:
        """Returns the median, and the label and both bounds of each interval, the widest first, for a picture.

        Args:
            column: A function that returns the values of a column.
        """
        bands = []
        for percent in sorted(self.percents, reverse=True):
            low, high = self.interval(percent)
            bands.append((f"{percent:.12g} %", column(low), column(high)))
        return column(self.point), bands


def _distinct(argument: str, given: Numbers) -> tuple[Number, ...]:
    try:
        numbers = np.unique(np.asarray(given))
    except (TypeError, ValueError):  # None beside numbers, or lists of several lengths
        numbers = np.array([None])
    if len(numbers) and numbers.dtype.kind not in "iuf":
        raise UserError(argument, given, "give numbers, such as (80, 95) or (0.1, 0.9)")
    return tuple(numbers.tolist())
