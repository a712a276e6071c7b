"""Streams: a forecaster's memory is the last context of every lane, as values.

By definition the forecast of a stream after any value is the forecast of one call over the same last context. So the
state is that context, whatever the predictor keeps or derives while it works.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.errors import UserError
from segue.forecast.result import LEVELS, Forecast, Predictor
from segue.state import State


class Forecaster:
    """`state = update(state, values)` consumes, `forecast(state, horizon)` only reads.

    The state holds, per lane, `values` (lanes, context) aligned at the newest, `observed` of the same shape, and
    `age`: how many values, missing ones included, the lane has consumed since it began.

    Args:
        predictor: NanoTST or a baseline.

    Example:
        >>> from segue.forecast.seasonal_naive import SeasonalNaive
        >>> forecaster = Forecaster(SeasonalNaive(season=2))
        >>> state = forecaster.update(forecaster.initial_state(1), torch.tensor([[1.0, 2.0, 1.0, 2.0]]))
        >>> forecaster.forecast(state, horizon=3).median.tolist()
        [[1.0, 2.0, 1.0]]
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def initial_state(self, lanes: int) -> State:
        """The state of lanes that have consumed nothing."""
        shape = (lanes, self.predictor.context)
        return State(
            {
                "values": torch.zeros(shape, dtype=torch.float64),
                "observed": torch.zeros(shape, dtype=torch.bool),
                "age": torch.zeros(lanes, dtype=torch.int64),
            }
        )

    def update(
        self,
        state: State,
        values: Float[Tensor, "lanes time"],
        observed: Bool[Tensor, "lanes time"] | None = None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None = None,
    ) -> State:
        """Consumes `time` values per lane.

        Args:
            state: What the lanes remember; it is not changed.
            values: In the unit of the series; NaN is a missing value.
            observed: False where a value is missing. NaN is missing in any case.
            reset: Where true, the lane forgets everything before this value; a (lanes,) mask speaks of the first.

        Returns:
            The new state.

        Raises:
            UserError: An observed value is infinite.
        """
        seen = ~values.isnan() if observed is None else observed & ~values.isnan()
        if bool((values.isinf() & seen).any()):
            raise UserError("values", "inf", "remove infinite values or mark them as missing (NaN)")
        time, context = values.shape[1], self.predictor.context
        step = torch.arange(time, device=values.device)
        if reset is None:
            begin = torch.full((len(values),), -1, device=values.device)
        elif reset.dim() == 1:
            begin = torch.where(reset, 0, -1)
        else:
            begin = torch.where(reset, step, -1).amax(1) if time else torch.full((len(values),), -1)
        fresh = state.reset(begin >= 0)
        seen = seen & (step >= begin[:, None])
        kept = torch.cat([fresh["values"], values.double().where(seen, 0.0)], dim=1)
        known = torch.cat([fresh["observed"], seen], dim=1)
        age = fresh["age"] + time - begin.clamp(min=0)
        return State({"values": kept[:, -context:], "observed": known[:, -context:], "age": age})

    def forecast(self, state: State, horizon: int, levels: tuple[float, ...] = LEVELS) -> Forecast:
        """Forecasts the `horizon` values after the last one consumed; the state stays as it is.

        Args:
            state: What the lanes remember.
            horizon: Number of steps ahead, at least 1.
            levels: Quantile levels in [0.01, 0.99].

        Raises:
            UserError: `horizon` is no positive number, or a level lies outside.
        """
        if horizon < 1:
            raise UserError("horizon", horizon, "give a whole number of at least 1")
        for level in levels:
            if not LEVELS[0] <= level <= LEVELS[-1]:
                raise UserError("levels", level, f"give quantile levels from {LEVELS[0]} to {LEVELS[-1]}")
        forecast = self.predictor.predict(state["values"], state["observed"], horizon)
        return forecast if levels == forecast.levels else Forecast(forecast.at(levels), levels)

    def predict(
        self, values: Float[Tensor, "lanes time"], horizon: int, levels: tuple[float, ...] = LEVELS
    ) -> Forecast:
        """One call: the forecast after `values`, NaN where missing, lanes aligned at their last value."""
        recent = values[:, -self.predictor.context :]
        return self.forecast(self.update(self.initial_state(len(values)), recent), horizon, levels)

    def save(self, state: State, path: str | Path, facts: Mapping[str, Any]) -> None:
        """Writes a state and what it belongs to; `facts` may name the lanes, the last timestamp, the frequency."""
        state.save(path, {**facts, **self._identity()})

    def load(self, path: str | Path) -> tuple[State, dict[str, Any]]:
        """Reads what `save` wrote, with this same predictor.

        Raises:
            UserError: The file can't be read, or another model wrote it.
        """
        return State.load(path, self._identity())

    def _identity(self) -> dict[str, Any]:
        return {"model": self.predictor.name, "fingerprint": self.predictor.fingerprint}
