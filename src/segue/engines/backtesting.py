"""Backtests of the parts of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from segue.engines.partitions import Partitions
from segue.engines.series import Series, SeriesOptions
from segue.engines.workers import predictor_of
from segue.errors import UserError
from segue.forecasting.evaluation.backtest import backtest_reading, held_out_steps
from segue.forecasting.evaluation.contest import columns_of
from segue.forecasting.evaluation.naives import NAIVES
from segue.forecasting.evaluation.origins import TooShort
from segue.forecasting.registry import Model, Predictor
from segue.forecasting.support import Limits
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.result import Number, Numbers


def backtest_partitions(
    horizon: int = 24,
    windows: int = 5,
    *,
    freq: str | int,
    models: str | Sequence[Model] = ("nanotst",),
    step: int | None = None,
    levels: Numbers = (80, 95),
    floor: Number | None = None,
    cap: Number | None = None,
    threads: int | None = None,
    **series: Unpack[SeriesOptions],
) -> "BacktestPartitions":
    """Makes the forecasts of a backtest of a part of a table, as one callable that can be pickled.

    All parts together give `segue.backtest(...).forecasts` of the whole table: the series, `ds`, `cutoff`, `y`, and
    each model's median and intervals. Scores follow by any tool that groups rows. A series that is too short
    has no rows. See `forecast_partitions` for what a table must be like, and for the other arguments.

    Args:
        horizon: Steps in a window, at least 1.
        windows: The largest number of windows of a series.
        freq: The step of the table.
        models: Names, model folders or predictors, or one name. `naive` is refused, since which seasons it stands for
            depends on the whole table: name them, as in `seasonal-naive:24`.
        step: Steps from one origin to the next; by default `horizon`.
        levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
        floor: The least value of the forecasts of all models.
        cap: The largest value.
        threads: See `forecast_partitions`.
        **series: `id_col`, `time_col`, `target_col` and `season`, as `SeriesOptions` describes them.

    Raises:
        UserError: An argument is invalid; the message names it and the remedy.
    """
    held_out_steps(horizon, windows, step)
    chosen: tuple[Model, ...] = (models,) if isinstance(models, str) else tuple(models)
    if NAIVES in [model for model in chosen if isinstance(model, str)]:
        raise UserError("models", NAIVES, "name the seasons, as in seasonal-naive:24 and seasonal-naive:1")
    common: dict[str, Any] = {"horizon": horizon, "levels": levels, "limits": Limits(floor, cap), "threads": threads}
    return BacktestPartitions(series=Series.of(freq, series), models=chosen, windows=windows, step=step, **common)


@dataclass(frozen=True, kw_only=True)
class BacktestPartitions(Partitions):
    """What `backtest_partitions` makes.

    Attributes:
        models: Names, model folders or predictors.
        windows: The largest number of windows of a series.
        step: Steps from one origin to the next; None for `horizon`.
    """

    models: tuple[Model, ...]
    windows: int
    step: int | None = None

    @property
    def times(self) -> tuple[str, ...]:
        """See `Partitions`."""
        return ("cutoff",)

    @property
    def numbers(self) -> tuple[str, ...]:
        """See `Partitions`."""
        return ("y", *(name for columns in columns_of(self._predictors(), self.levels) for name in columns.levels))

    def results(self, reading: Reading) -> Iterator[Any]:
        """See `Partitions`; a part whose series are all too short has none."""
        predictors, asked = self._predictors(), (self.horizon, self.windows, self.step, self.levels)
        try:
            yield backtest_reading(reading, predictors, *asked, limits=self.limits).forecasts
        except TooShort:
            return

    def _predictors(self) -> list[Predictor]:
        return [predictor_of(model, self.threads or 1) for model in self.models]
