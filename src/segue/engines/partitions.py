"""Work on parts of a table as one value: it can be pickled, and maps frames of whole series to frames."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import narwhals as nw

from segue.engines.parts import read_part
from segue.engines.series import Series
from segue.engines.typed import empty_result, refuse_types, typed
from segue.engines.whole import whole_series
from segue.errors import UserError
from segue.forecasting.support import NO_LIMITS, Limits
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.result import Numbers


@dataclass(frozen=True, kw_only=True)
class Partitions(ABC):
    """A callable from an iterator of frames to an iterator of frames; make one by `forecast_partitions`.

    Attributes:
        series: The columns of the table, its step and its season.
        horizon: Steps ahead.
        levels: Prediction intervals in per cent.
        limits: The least and the largest value of the forecasts.
        threads: The number of threads of a worker; None for the part of an engine's cores that it gives to one.
    """

    series: Series
    horizon: int
    levels: Numbers
    limits: Limits = NO_LIMITS
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise UserError("threads", self.threads, "give a whole number of at least 1")
        taken = {*self.series.ids, self.series.time} & {*self.times, *self.numbers}
        if taken:
            name = min(taken)
            raise UserError("id_col", name, "the output has another column of this name; rename yours")

    @property
    def times(self) -> tuple[str, ...]:
        """The columns of times in the result beside that of the table."""
        return ()

    @property
    @abstractmethod
    def numbers(self) -> tuple[str, ...]:
        """The columns of the result that are in double precision."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the result, in their order."""
        return (*self.series.ids, self.series.time, *self.times, *self.numbers)

    @abstractmethod
    def results(self, reading: Reading) -> Iterator[Any]:
        """Makes the results of a part, in frames of any types."""

    def __call__(self, frames: Iterable[Any]) -> Iterator[Any]:
        """Makes the results of one part of a table, whose series no other part has.

        Args:
            frames: The rows of the part, in one frame or several. The rows of a series lie together, but may go on in
                the next frame.

        Yields:
            Frames of the same kind, with series in the order in which they end; one without rows for frames without
            rows, and none for no frames.

        Raises:
            UserError: A series comes back after it had ended, a column is missing or of another type, or times lie off
                the grid.
        """
        whole = iter(frames)
        first = next(whole, None)
        if first is None:
            return
        empty = None
        for table in whole_series(chain([first], whole), self.series.ids):
            refuse_types(table, self.series)
            reading = read_part(table, self.series)
            for result in () if reading is None else self.results(reading):
                empty = self.empty(table) if empty is None else empty
                yield typed(result, empty)
        if empty is None:
            yield self.empty(first)

    def of(self, frame: Any) -> Any:
        """Makes the result of one frame that is a whole part; see `__call__`."""
        found = list(self([frame]))
        return found[0] if len(found) == 1 else nw.concat([nw.from_native(part) for part in found]).to_native()

    def empty(self, frame: Any) -> Any:
        """Makes the result of no rows, with the columns and types of every result of a table like this frame."""
        table = nw.from_native(frame, eager_only=True, pass_through=False)
        self.series.refuse_missing(table.columns)
        return empty_result(table, self.series, self.times, self.numbers)

    def with_threads(self, threads: int) -> "Partitions":
        """Returns the same work with a number of threads, unless the user has given one."""
        return self if self.threads is not None else replace(self, threads=threads)
