"""The season of each lane: the season of the baseline if the user sets it, else the first one of the history."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64

from segue.errors import UserError
from segue.forecasting.predictor import History


def check_season(season: int | None) -> None:
    """Refuses a season without steps.

    Raises:
        UserError: The season is below 1.
    """
    if season is not None and season < 1:
        raise UserError("season", season, "give a whole number of at least 1")


def lanes_by_season(history: History, season: int | None) -> Iterator[tuple[int, Int64[np.ndarray, " picked"]]]:
    """Groups lanes by their season.

    Args:
        history: The lanes. The season of a lane is its first period, rounded to a whole number, and at least 1.
        season: Steps in the season of every lane; None if the history decides.

    Yields:
        The steps in a season, at least 1, and the indices of the lanes that have it.
    """
    if season is not None or history.seasons.shape[1] == 0:
        yield season or 1, np.arange(len(history))
        return
    steps = np.maximum(np.rint(history.seasons[:, 0]), 1).astype(np.int64)
    for each in np.unique(steps).tolist():
        yield each, np.flatnonzero(steps == each)
