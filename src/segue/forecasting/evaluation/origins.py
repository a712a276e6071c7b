"""Rolling origins: the times from which a series would have been forecast, and the values after them."""

import numpy as np

from segue.errors import UserError
from segue.forecasting.table.grid.origins import Origins as Origins
from segue.forecasting.table.grid.panel import Panel


class TooShort(UserError):
    """No series is long enough for one window. A part of a table may well hold only such series."""


def roll(panel: Panel, horizon: int, windows: int, step: int) -> Origins:
    """Picks the last origins of every series, `step` apart; the last window ends with the last observed value.

    An origin is kept if its window has an observed value, and if there are more observed values before it than a season
    has steps. Fewer values give no scale for errors.

    Args:
        panel: The series.
        horizon: Steps in a window.
        windows: The largest number of windows of a series.
        step: Steps from one origin to the next.

    Raises:
        TooShort: No series is long enough for one window.
    """
    ends = panel.ends
    longest = int(ends.max())
    season = panel.season
    need = f"a window takes {season + 1} values and the {horizon} steps after them"
    advice = "give a smaller horizon" if longest > season + 1 else "give longer series"
    remedy = f"no series is long enough: {need}, and the longest has {longest} steps; {advice}"
    if horizon >= longest:
        raise TooShort("horizon", horizon, remedy)
    windows, step = min(windows, longest), min(step, longest)  # larger ones change nothing
    seen = np.concatenate([[0], np.cumsum(np.isfinite(panel.values))])
    series = np.repeat(np.arange(len(panel)), windows)
    window = np.tile(np.arange(windows), len(panel))
    spans = ends[series] - horizon - (windows - 1 - window) * step
    first, last = panel.rows_before(series, spans), panel.rows_before(series, spans + horizon)
    before, within = seen[first] - seen[panel.starts[series]], seen[last] - seen[first]
    kept = (spans > 0) & (before > season) & (within > 0)
    if not kept.any():
        raise TooShort("horizon", horizon, remedy)
    return Origins(panel, series[kept], window[kept], spans[kept], horizon)
