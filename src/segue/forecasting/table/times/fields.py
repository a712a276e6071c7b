"""From the fields of texts, such as year, month and hour, to times."""

import re
from collections.abc import Mapping
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.times.templates import Group, by_template

Fields = dict[str, NDArray[np.int64]]
"""Numbers of each text by the letter of their directive in `strftime`; -1 where a text has no such field.

`Y` and `y` are years of four and two digits, `G` ISO years, `m d H M S` as usual, `f` microseconds, `p` 0 before and 1
after noon, `b` the month and `a` the weekday (0 is Monday) that a name means, `q` quarters, `h` halves of a year, `V`
ISO weeks, `u` ISO weekdays, `U W` weeks of the year, `w` weekdays from Sunday, `j` days of the year, `s` seconds of
the epoch, `O o` hours and minutes of an offset from UTC, which is checked and dropped.
"""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIRST = 50
_SHORT = 100  # characters; in longer texts Python may backtrack for long
_NAMES = {"b": MONTHS, "a": WEEKDAYS, "p": ("am", "pm")}


def matches(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    """Whether each whole text, of any case, has a pattern."""
    few = texts.to_pylist() if len(texts) <= _FIRST else []
    if few and max(map(len, few)) <= _SHORT:
        fullmatch = _compiled(pattern).fullmatch
        return np.array([fullmatch(text) is not None for text in few])
    found: NDArray[np.bool_] = pc.match_substring_regex(texts, f"(?i)^(?:{pattern})$").to_numpy(zero_copy_only=False)
    return found


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of RE2 as Python has it, which is faster on few texts: RE2 compiles it anew in each call."""
    pattern = pattern.replace(r"\p{L}", r"[a-z\xaa-\uffff]")
    return re.compile(re.sub(r"\\x\{(\w{4})\}", r"\\u\1", pattern), re.IGNORECASE | re.ASCII)


def all_match(texts: pa.StringArray, pattern: str) -> bool:
    """Whether all texts have a pattern; the first ones usually decide."""
    return bool(matches(texts.slice(0, _FIRST), pattern).all() and matches(texts, pattern).all())


def extract(texts: pa.StringArray, pattern: str) -> tuple[Fields, NDArray[np.bool_]]:
    """Extracts the named groups of a pattern from texts that match it as a whole, in time linear in their length.

    Args:
        texts: Texts without nulls.
        pattern: A pattern of RE2. Groups `H` and `H2` are two forms of one field.

    Returns:
        The fields, and which texts match, `(texts,)`.
    """
    if (groups := by_template(texts, pattern)) is not None:
        return _from_templates(groups, pattern, len(texts))
    found = pc.extract_regex(texts, f"(?i)^(?:{pattern})$")
    fields: Fields = {}
    for index in range(found.type.num_fields):
        name = found.type.field(index).name.rstrip("0123456789")
        values = _numbers(name, pc.struct_field(found, [index]))
        fields[name] = np.where(values >= 0, values, fields[name]) if name in fields else values
    return fields, found.is_valid().to_numpy(zero_copy_only=False)


def _from_templates(groups: list[Group], pattern: str, rows: int) -> tuple[Fields, NDArray[np.bool_]]:
    names = {name.rstrip("0123456789") for name in re.findall(r"\?P<(\w+)>", pattern)}
    fields = {name: np.full(rows, -1, np.int64) for name in names}
    fits = np.zeros(rows, bool)
    for which, signs, spans in groups:
        fits[which] = True
        for group, (start, end) in spans.items():
            name = group.rstrip("0123456789")
            if name in _NAMES:
                word = pa.array([bytes(signs[0, start:end]).decode()])
                fields[name][which] = _numbers(name, word)[0]
            else:
                end = min(end, start + 6) if name == "f" else end
                number = np.zeros(len(signs), np.int64)
                for column in range(start, end):
                    number = number * 10 + (signs[:, column] - np.uint8(48))
                fields[name][which] = number * 10 ** (6 - end + start) if name == "f" else number
    return fields, fits


def _numbers(name: str, texts: pa.StringArray) -> NDArray[np.int64]:
    if name in _NAMES:
        short = pc.utf8_lower(pc.replace_substring_regex(texts, r"[^A-Za-z]", ""))
        short = pc.utf8_slice_codeunits(short, 0, 2 if name == "p" else 3)
        numbers = pc.index_in(short, value_set=pa.array(_NAMES[name])).cast(pa.int64())
        numbers = pc.add(numbers, 1) if name == "b" else numbers
    else:
        absent = pc.equal(texts, "")
        texts = pc.utf8_slice_codeunits(pc.utf8_rpad(texts, 6, "0"), 0, 6) if name == "f" else texts
        numbers = pc.if_else(absent, None, texts).cast(pa.int64())
    filled: NDArray[np.int64] = numbers.fill_null(-1).to_numpy(zero_copy_only=False)
    return filled


def assembled(fields: Mapping[str, NDArray[np.int64]], first_year: int = 1) -> Times:
    """Assembles times; NaT where the fields name no time, such as 30 February, or an earlier year than `first_year`.

    A week without a weekday is its first day, a quarter its first month. 24:00 is the next midnight.

    Returns:
        Times in microseconds, `(texts,)`.
    """
    if "s" in fields:
        return _plus(fields["s"] * 1_000_000, fields)
    year = fields["G"] if "G" in fields else fields["Y"]
    valid = (year >= first_year) & (year <= 9999)
    days, exists = _days(np.where(valid, year, 2000), fields)
    if "a" in fields:
        exists &= (fields["a"] < 0) | (fields["a"] == (days + 3) % 7)
    clock, runs = _clock(fields, len(year))
    times = (days * 86_400_000_000 + clock).astype("datetime64[us]")
    times[~(valid & exists & runs)] = np.datetime64("NaT")
    return times


def _plus(micros: NDArray[np.int64], fields: Mapping[str, NDArray[np.int64]]) -> Times:
    return (micros + np.maximum(fields.get("f", np.zeros(1, np.int64)), 0)).astype("datetime64[us]")


def _days(
    year: NDArray[np.int64], fields: Mapping[str, NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The days since 1970 of the dates, and which dates exist."""
    january = _first_of_month(year, np.ones_like(year))
    if "V" in fields or "W" in fields or "U" in fields:
        return _weeks(january, year, fields)
    if "j" in fields:
        return january + fields["j"] - 1, (fields["j"] >= 1) & (fields["j"] <= _first_of_month(year + 1, 1) - january)
    month = np.ones_like(year)
    if "b" in fields or "m" in fields:
        month = fields["b"] if "b" in fields else fields["m"]
    elif "q" in fields:
        month = np.where(fields["q"] <= 4, 3 * fields["q"] - 2, 0)
    elif "h" in fields:
        month = np.where(fields["h"] <= 2, 6 * fields["h"] - 5, 0)
    known = (month >= 1) & (month <= 12)
    month = np.where(known, month, 1)
    day = fields.get("d", np.ones_like(year))
    day = np.where(day < 0, 1, day)
    start = _first_of_month(year, month)
    length = _first_of_month(year + month // 12, month % 12 + 1) - start
    return start + day - 1, known & (day >= 1) & (day <= length)


def _first_of_month(year: NDArray[np.int64], month: NDArray[np.int64] | int) -> NDArray[np.int64]:
    months = (year - 1970) * 12 + month - 1
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _weeks(
    january: NDArray[np.int64], year: NDArray[np.int64], fields: Mapping[str, NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    weekday = (january + 3) % 7  # of 1 January; 0 is Monday
    if "V" in fields:  # week 1 of ISO 8601 holds the year's first Thursday
        first = january - weekday + 7 * (weekday > 3)
        after = _first_of_month(year + 1, 1)
        number = ((after + 3) % 7 > 3) * 7 + after - (after + 3) % 7
        exists = (fields["V"] >= 1) & (first + 7 * fields["V"] <= number)
        start = first + 7 * (fields["V"] - 1)
    elif "W" in fields:
        start, exists = january - weekday + 7 * (fields["W"] - (weekday == 0)), fields["W"] <= 53
    else:
        from_sunday = (january + 4) % 7
        start, exists = january - from_sunday + 7 * (fields["U"] - (from_sunday == 0)), fields["U"] <= 53
        day = fields.get("w", np.zeros_like(year))
        day = (fields["a"] + 1) % 7 if "a" in fields else fields["u"] % 7 if "u" in fields else day
        return start + day, exists & (day <= 6)
    day = np.zeros_like(year)
    for name, monday in (("u", 1), ("w", 1), ("a", 0)):
        if name in fields:
            day = np.where(fields[name] >= 0, (fields[name] - monday) % 7, day)
            exists &= (fields[name] <= 7) & ((name != "u") | (fields[name] != 0))
    return start + day, exists


def _clock(fields: Mapping[str, NDArray[np.int64]], rows: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The microseconds since midnight, and which clocks exist."""
    none = np.zeros(rows, np.int64)
    hour, minute, second, micro = (np.maximum(fields.get(name, none), 0) for name in "HMSf")
    runs = (minute < 60) & (second < 60) & ((hour < 24) | ((hour == 24) & (minute + second + micro == 0)))
    half = fields.get("p", none - 1)
    runs &= (half < 1) & ((half < 0) | (hour <= 12)) | ((half == 1) & (hour < 24))
    hour = np.where((half >= 0) & (hour <= 12), hour % 12 + 12 * half, hour)
    runs &= (np.maximum(fields.get("O", none), 0) <= 24) & (np.maximum(fields.get("o", none), 0) < 60)
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro, runs
