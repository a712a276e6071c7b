"""The standing forecasts of the next values of each lane, made at several origins, and renewed in one batch.

They are a pure function of the history that the model reads up to their origin, and of the learnt terms at that time
(`segue.live.adapting`). So they are a cache beside the state, and are made again after a restart.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.predictor import LEVELS, Forecast, Predictor, forecast_panel
from segue.forecasting.support import within_support
from segue.live.experts import EXPERTS, advise
from segue.live.learning import combine
from segue.live.running import Running

ORIGINS = 2
"""The number of newest forecasts of a lane that stand at the same time: see the weights in `segue.live.surprise`."""
_LEAST = 48
"""The least number of steps that a forecast reaches, so that one outlasts a gap of some missing values."""
_NONE = -1
_BATCH = 256
"""The lanes that experts are asked for at once; the histories of all of 10,000 lanes would take 60 MB."""


class Standing:
    """The standing forecasts of all lanes.

    Args:
        predictor: NanoTST or a baseline.
        refresh: The number of steps after which a lane is forecast again.
        seasons: The periods that the frequency suggests, in steps.
        context: The number of last values that a forecast reads.
        learns: Whether experts are asked for each forecast, so that lanes can learn from it.
    """

    def __init__(
        self, predictor: Predictor, refresh: int, seasons: tuple[float, ...], context: int, learns: bool
    ) -> None:
        self._predictor, self._seasons, self._context = predictor, np.array(seasons, dtype=np.float64), context
        self.horizon, self.learns = horizon_of(refresh), learns
        self._origins = np.full((0, ORIGINS), _NONE, dtype=np.int64)
        self._quantiles = np.zeros((0, ORIGINS, self.horizon, len(LEVELS)))
        self._medians = np.zeros((0, ORIGINS, self.horizon, len(EXPERTS) if learns else 0))

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
        for array in (self._quantiles, self._medians):
            array[lanes] = array[lanes[:, None], index]
        self._origins[lanes] = wanted
        rows, slots = np.nonzero(~kept & (wanted != _NONE))
        if len(rows):
            due = _Due(running, lanes[rows], wanted[rows, slots], self._seasons, self._context)
            self._fill(due, lanes[rows], slots, running.small["terms"][lanes[rows], slots])

    def _fill(
        self,
        due: "_Due",
        lanes: Int64[np.ndarray, " due"],
        slots: Int64[np.ndarray, " due"],
        terms: Float32[np.ndarray, "due groups terms"],
    ) -> None:
        """Makes forecasts: the model's, and of lanes with terms that of the model and its experts."""
        quantiles = forecast_panel(self._predictor, due, self.horizon, LEVELS)
        taught = np.asarray(terms.any(axis=(1, 2)))
        asked = np.flatnonzero(taught | self.learns)
        for part in np.split(asked, range(_BATCH, len(asked), _BATCH)):
            values, observed = due.lanes(part, self._context)
            advice = advise(Forecast(quantiles[part]), values, observed, due.seasons[part])
            if self.learns:
                self._medians[lanes[part], slots[part]] = advice.medians
            own = taught[part]
            given = combine(terms[part][own], advice.select(own)).quantiles
            if getattr(
                self._predictor, "keeps_support", False
            ):  # of values as they came, because bounded ones are not whole
                raw = due.ring("history.raw", part[own], self._context)
                given = within_support(given, raw, ~np.isnan(raw))
            quantiles[part[own]] = given
        self._quantiles[lanes, slots] = quantiles

    def at(
        self, lanes: Int64[np.ndarray, " picked"], steps: Int64[np.ndarray, " picked"]
    ) -> tuple[Float64[np.ndarray, "picked origins levels"], Bool[np.ndarray, "picked origins"]]:
        """Returns the forecasts of a step of each lane, the newest first, and which of them there are."""
        origins = self._origins[lanes]
        leads = steps[:, None] - origins
        reached = (origins != _NONE) & (leads <= self.horizon)
        quantiles = self._quantiles[lanes[:, None], np.arange(ORIGINS), np.where(reached, leads - 1, 0)]
        return quantiles, reached & ~np.isnan(quantiles[..., 0])

    def stood(
        self, lanes: Int64[np.ndarray, " picked"]
    ) -> tuple[
        Int64[np.ndarray, "picked origins"],
        Float64[np.ndarray, "picked origins steps levels"],
        Float64[np.ndarray, "picked origins steps experts"],
    ]:
        """Returns the origins of the forecasts that were last made, -1 for none, with them the experts' medians."""
        return self._origins[lanes], self._quantiles[lanes], self._medians[lanes]

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
            self._medians = np.concatenate([self._medians, np.zeros((missing, *self._medians.shape[1:]))])


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
        values = self.ring("history.read", np.asarray(picked), context)
        return values, ~np.isnan(values)

    def ring(self, name: str, picked: Int64[np.ndarray, " picked"], context: int) -> Float64[np.ndarray, "picked time"]:
        """The last values of one kind; not only up to the longest lane, since sums of baselines depend on the width."""
        width = min(self._context, context)
        return self._running.before(name, self._lanes[picked], self._origins[picked], width)
