"""The naive forecasts that suit a table: one repetition of each plausible season, and of the last value."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.forecasting.evaluation.origins import Origins
from segue.forecasting.registry import Predictor, load_predictor, naive_season

NAIVES = "naive"
"""The name that stands for all naive forecasts of a table among the models of a backtest."""

_MOST = 4
"""The most seasons of a table. Each is one more rival that may be the best by chance."""


def naive_seasons(origins: Origins) -> tuple[int, ...]:
    """The seasons of the naive forecasts for these origins, in steps; the last one is 1, the last value.

    A season is plausible if the calendar or the user suggests it. At least half of the series must hold it twice, and
    at least half of the windows must come after a whole one.
    """
    series = np.unique(origins.series)
    ends = origins.panel.ends[series]
    kept = [
        period
        for period in _periods(origins, series)
        if _mostly(ends >= 2 * period) and _mostly(origins.spans >= period)
    ]
    return (*kept[:_MOST], 1)


def _mostly(held: NDArray[np.bool_]) -> bool:
    return 2 * int(np.count_nonzero(held)) >= len(held)


def naive_forecasts(origins: Origins, given: Sequence[Predictor] = ()) -> list[Predictor]:
    """The naive forecasts for these origins, without those that are among the `given` predictors."""
    known = set(map(naive_season, given))
    return [load_predictor(f"seasonal-naive:{season}") for season in naive_seasons(origins) if season not in known]


def label(predictor: Predictor) -> str:
    """The name of a predictor in a backtest: a seasonal naive forecast bears its season, and the last value is `Naive`.

    Example:
        >>> [label(load_predictor(f"seasonal-naive{season}")) for season in (":7", ":1", "")]
        ['SeasonalNaive-7', 'Naive', 'SeasonalNaive']
    """
    season = naive_season(predictor)
    if not season:
        return predictor.name
    return f"{predictor.name}-{season}" if season > 1 else "Naive"


def _periods(origins: Origins, series: NDArray[np.int64]) -> list[int]:
    """The distinct periods of these series, rounded to whole steps, in the order of the first series that has each."""
    seasons = np.rint(origins.panel.seasons[series]).astype(np.int64).ravel()
    distinct, first = np.unique(seasons, return_index=True)
    return [int(period) for period in distinct[np.argsort(first)] if period > 1]
