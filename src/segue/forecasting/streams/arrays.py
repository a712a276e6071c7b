"""Arrays that a stream consumes are checked, and appended to the known values."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from segue.errors import UserError
from segue.forecasting.table.rows import LARGEST
from segue.state import State


def appended(
    state: State,
    values: Float64[np.ndarray, "lanes time"],
    observed: Bool[np.ndarray, "lanes time"] | None,
    reset: Bool[np.ndarray, " lanes"] | Bool[np.ndarray, "lanes time"] | None,
) -> State:
    """Appends values to a state; a lane that is reset keeps nothing from before its last reset."""
    seen = ~np.isnan(values) if observed is None else observed & ~np.isnan(values)
    if (np.isinf(values) & seen).any():
        raise UserError("values", "inf", "remove infinite values or mark them as missing (NaN)")
    if (too_large := seen & (np.abs(values) > LARGEST)).any():
        raise UserError("values", f"{values[too_large][0]:g}", "is too large; give it in another unit")
    steps, time = state["values"].shape[1], values.shape[1]
    if reset is not None and time:  # without a value there is no reset
        first = reset[:, None] & (np.arange(time) == 0) if reset.ndim == 1 else reset
        state = state.reset(first.any(1))
        seen = seen & (np.where(first, np.arange(time), 0).max(1, keepdims=True) <= np.arange(time))
    kept = np.concatenate([state["values"][:, time:], np.where(seen, values, 0.0)[:, -steps:]], axis=1)
    known = np.concatenate([state["observed"][:, time:], seen[:, -steps:]], axis=1)
    return State({"values": kept, "observed": known})


def read_numbers(given: Any, lanes: int | None) -> Float64[np.ndarray, "lanes time"]:
    """Checks the values of the user and returns them as an array, or raises a `UserError`."""
    try:
        values = np.asarray(given, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise UserError("values", type(given).__name__, "give an array of numbers, lanes by time") from error
    if values.ndim != 2 or (lanes is not None and len(values) != lanes):
        raise UserError("values", f"of shape {values.shape}", f"give the shape ({lanes or 'lanes'}, time)")
    return values


def read_mask(name: str, given: Any, values: Float64[np.ndarray, "lanes time"]) -> Bool[np.ndarray, "..."] | None:
    """Checks a mask of the user over `values` and returns it, or raises a `UserError`."""
    if given is None:
        return None
    try:
        mask = np.asarray(given)
    except ValueError as error:
        raise UserError(name, type(given).__name__, "give an array of truth values") from error
    shapes = [values.shape, (len(values),)][: 2 if name == "reset" else 1]
    if mask.dtype != bool or mask.shape not in shapes:
        shown = " or ".join(map(str, shapes))
        raise UserError(name, f"{mask.dtype} of shape {mask.shape}", f"give truth values of shape {shown}")
    return mask
