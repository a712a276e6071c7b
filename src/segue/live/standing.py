"""The forecasts that stand for the next values of each lane, made at several origins, and made again in one batch.

They are a pure function of the history that the model reads, up to their origin. So they are kept beside the state, as
a cache, and made again after a restart.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.predictor import LEVELS, Predictor, forecast_panel
from segue.live.running import Running

ORIGINS = 2
"""The number of newest forecasts of a lane that stand at the same time: see the weights in `segue.live.surprise`."""
_LEAST = 48
"""The least number of steps that a forecast reaches, so that one outlasts a gap of some missing values."""
_NONE = -1


class Standing:
    """The standing forecasts of all lanes.

    Args:
        predictor: NanoTST or a baseline.
        refresh: The number of steps after which a lane is forecast again.
        seasons: The periods that the frequency suggests, in steps.
        context: The number of last values that a forecast reads.
    """

    def __init__(self, predictor: Predictor, refresh: int, seasons: tuple[float, ...], context: int) -> None:
        self._predictor, self._seasons, self._context = predictor, np.array(seasons, dtype=np.float64), context
        self.horizon = horizon_of(refresh)
        self._origins = np.full((0, ORIGINS), _NONE, dtype=np.int64)
        self._quantiles = np.zeros((0, ORIGINS, self.horizon, len(LEVELS)))

    def make(self, running: Running, lanes: Int64[np.ndarray, " picked"]) -> None:
        """Makes the forecasts of distinct lanes that are due; those that were made before move behind them."""
        self._make_room(len(running.last))
        wanted = origins_of(running, lanes)
        if np.array_equal(wanted, self._origins[lanes]):
            return
        changed = np.flatnonzero((wanted != self._origins[lanes]).any(1))
        lanes, wanted = lanes[changed], wanted[changed]
        made = self._origins[lanes]
        source = (wanted[:, :, None] == made[:, None, :]) & (wanted[:, :, None] != _NONE)
        kept, index = source.any(2), source.argmax(2)
        self._quantiles[lanes] = self._quantiles[lanes[:, None], index]
        self._origins[lanes] = wanted
        rows, slots = np.nonzero(~kept & (wanted != _NONE))
        if len(rows):
            due = _Due(running, lanes[rows], wanted[rows, slots], self._seasons, self._context)
            self._quantiles[lanes[rows], slots] = forecast_panel(self._predictor, due, self.horizon, LEVELS)

    def at(
        self, lanes: Int64[np.ndarray, " picked"], steps: Int64[np.ndarray, " picked"]
    ) -> tuple[Float64[np.ndarray, "picked origins levels"], Bool[np.ndarray, "picked origins"]]:
        """Returns the forecasts of a step of each lane, the newest first, and which of them there are."""
        origins = self._origins[lanes]
        leads = steps[:, None] - origins
        reached = (origins != _NONE) & (leads <= self.horizon)
        quantiles = self._quantiles[lanes[:, None], np.arange(ORIGINS), np.where(reached, leads - 1, 0)]
        return quantiles, reached & ~np.isnan(quantiles[..., 0])

    def forget(self, lanes: Int64[np.ndarray, " picked"]) -> None:
        """Forgets the forecasts of lanes whose history has changed."""
        self._make_room(int(lanes.max(initial=-1)) + 1)
        self._origins[lanes] = _NONE

    def _make_room(self, lanes: int) -> None:
        missing = lanes - len(self._origins)
        if missing > 0:
            self._origins = np.concatenate([self._origins, np.full((missing, ORIGINS), _NONE, dtype=np.int64)])
            more = np.zeros((missing, *self._quantiles.shape[1:]))
            self._quantiles = np.concatenate([self._quantiles, more])


def horizon_of(refresh: int) -> int:
    """How many steps a forecast reaches, so that it stands while the next ones come."""
    return max(ORIGINS * refresh, _LEAST)


def origins_of(running: Running, lanes: Int64[np.ndarray, " picked"]) -> Int64[np.ndarray, "picked origins"]:
    """The last step that each standing forecast has seen, the newest first; -1 where there is none."""
    ages = running.small["origins"][lanes].astype(np.int64)
    return np.where(ages > 0, running.last[lanes, None] - ages + 1, _NONE)


class _Due:
    """Lanes up to the origins of forecasts, as `segue.forecasting.predictor.Lanes`."""

    def __init__(
        self,
        running: Running,
        lanes: Int64[np.ndarray, " due"],
        origins: Int64[np.ndarray, " due"],
        seasons: Float64[np.ndarray, " periods"],
        context: int,
    ) -> None:
        self._running, self._lanes, self._origins, self._context = running, lanes, origins, context
        self.seasons = np.tile(seasons, (len(lanes), 1))
        self.lengths = np.minimum(origins + 1, context)

    def __len__(self) -> int:
        return len(self._lanes)

    def lanes(
        self, picked: Sequence[int] | NDArray[np.int64], context: int
    ) -> tuple[Float64[np.ndarray, "picked time"], Bool[np.ndarray, "picked time"]]:
        picked, width = (
            np.asarray(picked),
            min(self._context, context),
        )  # not only up to the longest lane: sums of baselines depend on the width
        values = self._running.before("history.read", self._lanes[picked], self._origins[picked], width)
        return values, ~np.isnan(values)
