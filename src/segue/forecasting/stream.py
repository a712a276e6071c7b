"""Streams: a forecaster's memory is the last context of every lane, as values.

By definition the forecast of a stream after any value is the forecast of one call over the same last context. So the
state is that context, whatever the predictor keeps or derives while it works.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.errors import UserError
from segue.forecasting.predictor import LEVELS, Forecast, Predictor
from segue.state import State


class Forecaster:
    """`state = update(state, values)` consumes, `forecast(state, horizon)` only reads.

    The state holds, per lane, `values` (lanes, context) aligned at the newest, `observed` of the same shape, and
    `age`: how many values, missing ones included, the lane has consumed since it began.

    Args:
        predictor: NanoTST or a baseline.

    Example:
        >>> from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
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
        values: Any,
        observed: Any = None,
        reset: Any = None,
    ) -> State:
        """Consumes `time` values per lane.

        Args:
            state: What the lanes remember; it is not changed.
            values: Numbers (lanes, time) in the unit of the series, a tensor, an array or lists; NaN is missing.
            observed: False where a value is missing, (lanes, time). NaN is missing in any case.
            reset: Where true, the lane forgets everything before this value, (lanes, time); a mask (lanes,) speaks of
                the first value.

        Returns:
            The new state.

        Raises:
            UserError: An observed value is infinite, or a shape is another.
        """
        values = _numbers(values, state.lanes)
        return self._consume(state, values, _mask("observed", observed, values), _mask("reset", reset, values))

    def _consume(
        self,
        state: State,
        values: Float[Tensor, "lanes time"],
        observed: Bool[Tensor, "lanes time"] | None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None,
    ) -> State:
        seen = ~values.isnan() if observed is None else observed & ~values.isnan()
        if bool((values.isinf() & seen).any()):
            raise UserError("values", "inf", "remove infinite values or mark them as missing (NaN)")
        time, context = values.shape[1], self.predictor.context
        step = torch.arange(time, device=values.device)
        if reset is None or not time:  # a reset speaks of a value: without one there is nothing to reset before
            begin = torch.full((len(values),), -1, device=values.device)
        elif reset.dim() == 1:
            begin = torch.where(reset, 0, -1)
        else:
            begin = torch.where(reset, step, -1).amax(1)
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
            UserError: `horizon` is no whole number of at least 1, or a level lies outside.
        """
        if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
            raise UserError("horizon", horizon, "give a whole number of at least 1")
        for level in levels:
            if not LEVELS[0] <= level <= LEVELS[-1]:
                raise UserError("levels", level, f"give quantile levels from {LEVELS[0]} to {LEVELS[-1]}")
        forecast = self.predictor.predict(state["values"], state["observed"], horizon)
        return forecast if levels == forecast.levels else Forecast(forecast.at(levels), levels)

    def predict(self, values: Any, horizon: int, levels: tuple[float, ...] = LEVELS) -> Forecast:
        """One call: the forecast after `values` (lanes, time), NaN where missing, lanes aligned at their last value."""
        values = _numbers(values)
        recent = values[:, -self.predictor.context :]
        return self.forecast(self.update(self.initial_state(len(values)), recent), horizon, levels)

    def save(self, state: State, path: str | Path, facts: Mapping[str, Any]) -> None:
        """Writes a state and what it belongs to; `facts` may name the lanes, the last timestamp, the frequency.

        Raises:
            UserError: A fact is called `model` or `fingerprint`, which are the predictor's, or the file can't be made.
        """
        for name in self._identity().keys() & facts.keys():
            raise UserError("facts", name, "choose another name, this one tells which model the state belongs to")
        state.save(path, {**facts, **self._identity()})

    def load(self, path: str | Path) -> tuple[State, dict[str, Any]]:
        """Reads what `save` wrote, with this same predictor.

        Raises:
            UserError: The file can't be read, or another model wrote it.
        """
        return State.load(path, self._identity())

    def _identity(self) -> dict[str, Any]:
        return {"model": self.predictor.name, "fingerprint": self.predictor.fingerprint}


def _numbers(given: Any, lanes: int | None = None) -> Float[Tensor, "lanes time"]:
    """What the user gave as values, as a tensor of the right shape, or a `UserError`."""
    try:
        values = torch.as_tensor(given, dtype=torch.float64 if isinstance(given, list | tuple) else None)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(
            "values", type(given).__name__, "give a tensor or an array of numbers, lanes by time"
        ) from error
    if values.dim() != 2 or (lanes is not None and len(values) != lanes):
        raise UserError("values", f"of shape {tuple(values.shape)}", f"give the shape ({lanes or 'lanes'}, time)")
    return values if values.is_floating_point() else values.double()


def _mask(name: str, given: Any, values: Tensor) -> Tensor | None:
    """What the user gave as a mask over `values`, or a `UserError`."""
    if given is None:
        return None
    try:
        mask = torch.as_tensor(given)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(name, type(given).__name__, "give a tensor or an array of truth values") from error
    shapes = [tuple(values.shape), (len(values),)][: 2 if name == "reset" else 1]
    if mask.dtype != torch.bool or tuple(mask.shape) not in shapes:
        shown = " or ".join(map(str, shapes))
        raise UserError(name, f"{mask.dtype} of shape {tuple(mask.shape)}", f"give truth values of shape {shown}")
    return mask
