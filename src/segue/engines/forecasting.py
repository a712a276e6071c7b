"""Forecasts of the parts of a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Unpack

from segue.engines.partitions import Partitions
from segue.engines.series import Series, SeriesOptions
from segue.engines.workers import predictor_of
from segue.forecasting.forecast import forecast_chunks
from segue.forecasting.predictor import check_horizon
from segue.forecasting.registry import Model
from segue.forecasting.support import Limits
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.result import Number, Numbers, QuantileColumns


def forecast_partitions(
    horizon: int = 24,
    *,
    freq: str | int,
    model: Model = "nanotst",
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    mean: bool = False,
    floor: Number | None = None,
    cap: Number | None = None,
    threads: int | None = None,
    **series: Unpack[SeriesOptions],
) -> "ForecastPartitions":
    """Makes the forecast of a part of a table, as one callable that can be pickled.

    It maps an iterator of frames to an iterator of frames, as `mapInPandas` of Spark takes it. Each series lies whole
    in one part. All parts together give what `segue.forecast` gives for the whole table: NanoTST to the bit, baselines
    within rounding. So nothing is inferred: `freq` has to be given, and `season` for integer times. Times lie on the
    grid of this step. Rows without a value are missing values, also where all series end with them.

    Args:
        horizon: Steps ahead, at least 1.
        freq: The step of the table; see `segue.Layout`.
        model: See `segue.forecast`. A model folder must be there on every worker. A worker loads its model once.
        levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
        quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
        mean: Whether the mean is wanted, too.
        floor: The least value of the forecasts, such as 0.
        cap: The largest value of the forecasts.
        threads: Threads of a worker: the cores of a machine over the workers on it. By default it is what the engine
            gives to a task, or 1 if no engine does.
        **series: `id_col`, `time_col`, `target_col` and `season`, as `SeriesOptions` describes them.

    Raises:
        UserError: An argument is invalid; the message names it and the remedy.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": 7, "ds": [1, 2, 3], "y": [5.0, 6.0, 5.0]})
        >>> work = forecast_partitions(2, freq=1, season=2, model="seasonal-naive")
        >>> [part["SeasonalNaive"].tolist() for part in work([frame])]
        [[6.0, 5.0]]
    """
    check_horizon(horizon)
    common: dict[str, Any] = {"horizon": horizon, "levels": levels, "limits": Limits(floor, cap), "threads": threads}
    return ForecastPartitions(series=Series.of(freq, series), model=model, quantiles=quantiles, mean=mean, **common)


@dataclass(frozen=True, kw_only=True)
class ForecastPartitions(Partitions):
    """What `forecast_partitions` makes.

    Attributes:
        model: A name, a model folder or a predictor.
        quantiles: Single quantile levels.
        mean: Whether there is a column of the mean.
    """

    model: Model
    quantiles: Numbers = ()
    mean: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        """See `Partitions`."""
        name = predictor_of(self.model, self.threads or 1).name
        return tuple(QuantileColumns.of(name, self.levels, self.quantiles, self.mean).names)

    def results(self, reading: Reading) -> Iterator[Any]:
        """See `Partitions`."""
        predictor = predictor_of(self.model, self.threads or 1)
        return forecast_chunks(
            predictor, reading, self.horizon, self.levels, self.quantiles, limits=self.limits, mean=self.mean
        )
