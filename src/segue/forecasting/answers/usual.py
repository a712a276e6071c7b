"""The usual values of known columns, with which an explanation compares a promotion, a holiday or a warm day."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from segue.forecasting.answers.effects import takes_many

_RECENT = 56  # seasons whose mean is the usual value: eight weeks of days, as for the recent effects of columns


def usual_columns(
    known: Float64[np.ndarray, "time_and_ahead columns"], time: int, sources: Sequence[str], season: int
) -> Float64[np.ndarray, "time_and_ahead columns"]:
    """Returns the columns as they would be if every step were usual.

    The usual value of a number is the mean of its recent values in the same phase of the season, such as the same hour.
    The usual value of a flag, a level or a holiday is the most frequent one: no holiday, no promotion.

    Args:
        known: The columns, NaN where missing.
        time: How many steps are past; later ones are not read.
        sources: The source of each column; all columns of a source get usual values together.
        season: Steps of a season; 1 for none.
    """
    usual = np.zeros(known.shape)
    for source in dict.fromkeys(sources):
        own = [index for index, name in enumerate(sources) if name == source]
        past = known[:time, own]
        if len(own) == 1 and takes_many(past[:, 0]):
            usual[:, own[0]] = _usual_number(past[:, 0], len(known), season)
        else:
            rows, counts = np.unique(past[np.isfinite(past).all(1)], axis=0, return_counts=True)
            usual[:, own] = rows[counts.argmax()] if len(rows) else 0.0
    return usual


def _usual_number(past: Float64[np.ndarray, " time"], steps: int, season: int) -> Float64[np.ndarray, " steps"]:
    """The mean of each phase; the mean of all where a phase has no number."""
    recent = past[-_RECENT * season :]
    phase = (np.arange(len(recent)) - len(recent)) % season
    seen = np.isfinite(recent)
    counts = np.bincount(phase[seen], minlength=season)
    means = np.bincount(phase[seen], recent[seen], minlength=season) / np.maximum(counts, 1)
    means = np.where(counts > 0, means, np.nanmean(past))
    return np.asarray(means[(np.arange(steps) - len(past)) % season])
