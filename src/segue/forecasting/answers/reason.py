"""The result of an explanation, and its summary in plain sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.answers.holidays import HOLIDAYS
from segue.forecasting.table.grid.frequency import Times

NOT_ATTRIBUTED = "not-attributed"
CYCLE = "cycle-"
"""The beginning of the names of cycles; their steps follow."""
PARTS = ("level", "trend", "past", NOT_ATTRIBUTED)
"""The names of all parts but those of cycles and known columns."""
_MATTERS = 0.15
"""A part below this share of all contributions, and of the deviation of the past, gets no sentence. The mean of fifty
values of white noise, which may be its level, has an error of this size."""
_EQUAL = 0.005  # relative: contributions that differ by less are equal in the three digits that are shown
_UNITS = {"day": (0.99, 1.01), "week": (6.9, 7.1), "month": (27.5, 31.5), "year": (360.0, 370.0)}  # in days


@dataclass(frozen=True, eq=False)
class Explanation:
    """The explanation of a forecast of one series.

    Attributes:
        name: The series.
        model: The name of the predictor.
        times: The future times.
        median: The forecast that is explained, as `segue.forecast` gives it.
        contributions: The contribution of each part at each step; their sum is the median. `level` is the forecast from
            the level alone. `cycle-24` is what a cycle of 24 steps adds, `trend` what slow changes of the level add,
            and `past` what all other movements of the past add. A covariate has its name, and all holidays together are
            `holidays`. `not-attributed` is the rest: the rounding of counts, floors and caps.
        known: What is unusual about each covariate and the holidays at each step, in words; empty where nothing is.
        bounds: The first step of each stretch of the past, then the number of steps that were read.
        stretches: The contributions of the other movements within each stretch; their sum is `past`.
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
    known: Mapping[str, tuple[str, ...]]
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
    """Describes which level and cycles a forecast continues, and whether trend, columns or a stretch move it."""
    parts = {key: part for key, part in reason.contributions.items() if key != "level"}
    sizes = {key: float(np.abs(part).mean()) for key, part in parts.items()}
    spread = float(np.nanstd(reason.past_values))
    least = _MATTERS * max(sum(sizes.values()), spread, 1e-300)
    large = [key for key, size in sizes.items() if size >= least]
    days = {key: float(np.abs(parts[key]).max()) for key in reason.known}
    columns = [key for key, most in days.items() if most >= _MATTERS * max(spread, 1e-300)]
    repeated = [cycle_name(key, reason) for key in large if key.startswith(CYCLE)]
    level = reason.contributions["level"]
    begin = f"The forecast of {reason.name} starts from a level of {in_digits(np.mean(level))}"
    said = [
        f"{begin} and repeats the usual {' and '.join(repeated)}." if repeated else f"{begin}; no cycle is repeated."
    ]
    if "trend" in large:
        said.append(f"Slow changes of the past move it {_moved(parts['trend'])}.")
    said += [_of_column(key, reason) for key in columns]
    if len(columns) < len(days):
        few = [key for key in days if key not in columns]
        said.append(f"What is known of {' and '.join(few)} changes it little.")
    if "past" in large:
        most = int(np.abs(reason.stretches).mean(1).argmax())
        first, last = stretch_times(reason)[most]
        when = f"on {first}" if last == first or last.startswith(f"{first} ") else f"from {first} to {last}"
        said.append(f"What was unusual {when} moves it {_moved(reason.stretches[most])}.")
    if NOT_ATTRIBUTED in large:
        size = in_digits(sizes[NOT_ATTRIBUTED], 3)
        said.append(f"Rounding and limits change it by {size}; this is not attributed to any part.")
    if not large and not days:
        said.append("Nothing else in the past moves it much.")
    return " ".join(said)


def in_digits(value: float, digits: int = 4) -> str:
    """A number of few digits, in the way that people write it: 12,340 for 12341.2."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.15g}" if 1e-4 <= abs(rounded) < 1e9 or rounded == 0 else f"{rounded:g}"


def _moved(part: Float64[np.ndarray, " steps"]) -> str:
    return f"{'up' if part.mean() > 0 else 'down'}, by {in_digits(abs(part.mean()), 3)} on average"


def _of_column(key: str, reason: Explanation) -> str:
    """Describes when a known column moves a forecast most, and why; at how many steps, if several moves are largest."""
    part = reason.contributions[key]
    most = int(np.abs(part).argmax())
    why = f" ({reason.known[key][most]})" if reason.known[key][most] else ""
    way = "raise" if part[most] > 0 else "lower"
    said = f"Holidays {way} it" if key == HOLIDAYS else f"The column {key} {way}s it"
    time, size = _text(reason.times[most]), in_digits(abs(part[most]), 3)
    day = reason.times.dtype.kind == "M" and ":" not in time
    equal = np.flatnonzero(np.isclose(part, part[most], rtol=_EQUAL, atol=0.0))
    if len(equal) > 1:
        first = _text(reason.times[equal[0]])
        return f"{said} by {size} at {len(equal)} steps{why}, first {'on' if day else 'at'} {first}."
    return f"{said} most {'on' if day else 'at'} {time}{why}, by {size}."


def cycle_name(key: str, reason: Explanation) -> str:
    """The name of a part such as `cycle-24`: `day (24 steps)` where the times say so, else `cycle of 24 steps`."""
    period = int(key.removeprefix(CYCLE))
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
