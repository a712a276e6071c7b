"""What an explanation holds, and how it reads in plain sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.table.grid.frequency import Times

NOT_ATTRIBUTED = "not-attributed"
_MATTERS = 0.1  # of all that is added to the level, and of the deviation of the past; less is not worth a sentence
_UNITS = {"day": (0.99, 1.01), "week": (6.9, 7.1), "month": (27.5, 31.5), "year": (360.0, 370.0)}  # in days


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a forecast of one series stands on.

    Attributes:
        name: The series.
        model: The name of the predictor.
        times: The future times.
        median: The forecast that is explained, as `segue.forecast` gives it.
        contributions: What each part adds at each step; together they are the median. `level` is what a forecast by the
            level alone says, `cycle-24` what repeating a cycle of 24 steps adds, `trend` what slow changes of the level
            add, `past` what all other movements of the past add, and `not-attributed` what is left: the rounding of
            counts, floors and caps.
        bounds: The first step of each stretch of the past, then the number of steps that were read.
        stretches: What the other movements within each stretch add; their sum is `past`.
        past_times: The time of each row of the past that was read.
        past_steps: The step of each row among those that were read.
        past_values: The value of each row, NaN where missing.
        table: A long frame of the kind that was given: the series, the times, the median and the contributions.
    """

    name: str
    model: str
    times: Times
    median: Float64[np.ndarray, " steps"]
    contributions: Mapping[str, Float64[np.ndarray, " steps"]]
    bounds: Int64[np.ndarray, " stretches_and_1"]
    stretches: Float64[np.ndarray, "stretches steps"]
    past_times: Times
    past_steps: Int64[np.ndarray, " rows"]
    past_values: Float64[np.ndarray, " rows"]
    table: Any

    def __str__(self) -> str:
        """The explanation in a few plain sentences."""
        return summarise(self)


def summarise(reason: Explanation) -> str:
    """Says what a forecast repeats, from which level, where the trend goes, and which stretch moved it most."""
    sizes = {key: float(np.abs(part).mean()) for key, part in reason.contributions.items() if key != "level"}
    least = _MATTERS * max(sum(sizes.values()), float(np.nanstd(reason.past_values)), 1e-300)
    told = {key: reason.contributions[key] for key, size in sizes.items() if size >= least}
    repeated = [cycle_name(int(key.removeprefix("cycle-")), reason) for key in told if key.startswith("cycle-")]
    level = f"The forecast of {reason.name} starts from a level of {np.mean(reason.contributions['level']):.4g}"
    said = [
        f"{level} and repeats the usual {' and '.join(repeated)}." if repeated else f"{level}; no cycle is repeated."
    ]
    for key, part in told.items():
        way, size = "up" if part.mean() > 0 else "down", abs(part.mean())
        if key == "trend":
            said.append(f"Slow changes of the past move it {way}, by {size:.3g} on average.")
        elif key == NOT_ATTRIBUTED:
            said.append(f"Rounding and limits change it by {sizes[key]:.3g}; this is not attributed to the past.")
        elif key != "past" and not key.startswith("cycle-"):
            said.append(f"{key.capitalize()} moves it {way}, by {size:.3g} on average.")
    if "past" in told:
        most = int(np.abs(reason.stretches).mean(1).argmax())
        first, last = stretch_times(reason)[most]
        size = reason.stretches[most].mean()
        way = "up" if size > 0 else "down"
        said.append(f"What was unusual from {first} to {last} moves it {way}, by {abs(size):.3g} on average.")
    if not told:
        said.append("Nothing else in the past moves it much.")
    return " ".join(said)


def cycle_name(period: int, reason: Explanation) -> str:
    """The name of a cycle: `day (24 steps)` where the times say so, else `cycle of 24 steps`."""
    times, steps = reason.past_times, reason.past_steps
    if times.dtype.kind == "M" and len(times) > 1:
        days = (times[-1] - times[0]) / np.timedelta64(1, "D") / (steps[-1] - steps[0]) * period
        for unit, (low, high) in _UNITS.items():
            if low <= days <= high:
                return f"{unit} ({period} steps)"
    return f"cycle of {period} steps"


def stretch_rows(reason: Explanation) -> list[tuple[int, int]]:
    """The first and the last row of each stretch."""
    found = []
    for begin, end in pairwise(reason.bounds.tolist()):
        first = min(int(np.searchsorted(reason.past_steps, begin)), len(reason.past_steps) - 1)
        found.append((first, max(int(np.searchsorted(reason.past_steps, end)) - 1, first)))
    return found


def stretch_times(reason: Explanation) -> list[tuple[str, str]]:
    """The first and the last time of each stretch, as text."""
    return [(_text(reason.past_times[first]), _text(reason.past_times[last])) for first, last in stretch_rows(reason)]


def _text(time: np.generic) -> str:
    if time.dtype.kind != "M":
        return str(time)
    return str(time.astype("datetime64[m]")).replace("T", " ").removesuffix(" 00:00")
