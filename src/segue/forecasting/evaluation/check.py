"""The check beside a forecast: whether a naive forecast would have been better on the table's own past."""

import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from segue.forecasting.evaluation.contest import columns_of, compare, entrants
from segue.forecasting.evaluation.naives import NAIVES
from segue.forecasting.evaluation.origins import roll
from segue.forecasting.evaluation.verdict import LEAST_WINDOWS, Verdict
from segue.forecasting.forecast import NO_LIMITS, Limits
from segue.forecasting.registry import Predictor
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.reading import Reading

MOST_SERIES = 64
"""The most series of a check. With three windows each, they are 192 lanes, which NanoTST forecasts in 0.5 s."""

_MOST_WINDOWS = 12
"""The most windows of a series. A single series needs more than three to be judged, and each costs the same."""

_LANES, _LONG = MOST_SERIES * LEAST_WINDOWS, 96
"""The most lanes, up to this horizon. Beyond one pass of NanoTST, the time of a lane grows like the square of the
horizon. On two threads it is 3 ms at 96 steps, 25 ms at 288 and 43 ms at 365."""

_PAST = 8192
"""The most values before the first window, unless two seasons are longer. Naive forecasts read no more."""

_LONGEST = 720
"""The most steps that are checked. A longer forecast begins with the forecast of these steps."""


@dataclass(frozen=True)
class Check:
    """What a check found.

    Attributes:
        verdict: How the model compares with the best naive forecast.
        horizon: The steps of each window; fewer than were asked for if the history is short, or the horizon long.
    """

    verdict: Verdict
    horizon: int

    @property
    def warning(self) -> str | None:
        """One line that names the naive forecast that was ahead by more than the spread; None where none was."""
        verdict = self.verdict
        if not verdict.beaten:
            return None
        gain = 1 - verdict.rival_error / verdict.error
        less = f"{100 * gain:.0f} % less error than" if gain < 1 else "no error at all, unlike"
        where = f"{verdict.counts(1.0)} of {self.horizon:,} step{'' if self.horizon == 1 else 's'}"
        advice = f"compare by `segue backtest`, or use `model` seasonal-naive:{verdict.season}"
        return f"{verdict.rival} had {less} {verdict.model} in {where}, more than the spread; {advice}"


def check(reading: Reading, predictor: Predictor, horizon: int, limits: Limits = NO_LIMITS) -> Check | None:
    """Compares a model with the naive forecasts of a table, over a few windows of at most 64 series.

    The longer series are ordered by hashes of their names, and the first ones are checked. So one table always has the
    same check. Windows do not overlap, and lie in the last half of the history where that has room for three.

    Args:
        reading: The table.
        predictor: The model.
        horizon: The steps of the forecast.
        limits: The limits that the user sets to the forecasts of all models.

    Returns:
        What the check found; None if no series is long enough for three windows.
    """
    plan = _plan(reading.panel, horizon)
    if plan is None:
        return None
    steps, windows, chosen = plan
    past = max([_PAST, *(2 * round(float(period)) for period in np.unique(reading.panel.seasons))])
    origins = roll(_part(reading.panel, chosen, past + windows * steps), steps, windows, steps)
    predictors = entrants([predictor, NAIVES], origins)
    verdict = compare(origins, steps, predictors, columns_of(predictors, ()), limits=limits).verdict
    if verdict is None or not math.isfinite(verdict.error):
        return None
    return Check(verdict, steps)


def _plan(panel: Panel, horizon: int) -> tuple[int, int, Int64[np.ndarray, " chosen"]] | None:
    """The steps of a window, the windows of a series, and the indices of the series; None if there is no room."""
    ends = panel.ends
    ends = ends[ends > 0]
    if not len(ends):
        return None
    usual = int(np.median(ends))
    seasons = [round(float(period)) for period in np.unique(panel.seasons) if usual >= 2 * period]
    before = max([panel.season + 1, *seasons])  # one season at least, for its naive forecast
    late = (usual - max(before, usual // 2)) // LEAST_WINDOWS
    steps = min(horizon, late, _LONGEST)
    if steps < 1:
        return None
    long = np.flatnonzero(panel.ends >= usual)
    lanes = _LANES if steps <= _LONG else round(_LANES * (_LONG / steps) ** 2)
    series = max(1, min(MOST_SERIES, lanes // LEAST_WINDOWS))
    chosen = long[np.argsort([_hash(name) for name in panel.ids[long.tolist()].to_list()], kind="stable")[:series]]
    room = (usual - max(before, usual // 2)) // steps
    windows = max(LEAST_WINDOWS, min(_MOST_WINDOWS, lanes // len(chosen), room))
    return steps, windows, np.sort(chosen)


def _hash(name: object) -> bytes:
    """A hash of a name that is the same in every process."""
    return hashlib.blake2b(str(name).encode(errors="surrogatepass"), digest_size=8).digest()


def _part(panel: Panel, chosen: Int64[np.ndarray, " chosen"], steps: int) -> Panel:
    """A panel of the last steps of some of the series, up to their last values."""
    ends = panel.ends[chosen]
    bounds = zip(panel.rows_before(chosen, np.maximum(0, ends - steps)), panel.rows_before(chosen, ends), strict=True)
    rows = [np.arange(first, end) for first, end in bounds]
    counts = np.array([len(own) for own in rows])
    starts, kept = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), np.concatenate(rows)
    since = np.repeat(panel.steps[kept[starts[:-1]]], counts)
    parts = {"times": panel.times[kept], "steps": panel.steps[kept] - since, "values": panel.values[kept]}
    return replace(panel, ids=panel.ids[chosen.tolist()], starts=starts, **parts)
