"""The names of columns: which cells can be names, and a distinct name for each column."""

import re
from collections import Counter
from collections.abc import Sequence

UNNAMED = "Unnamed: "
"""How the name of a column without one begins, as in pandas; the number of the column follows."""

_INVISIBLE = "\ufeff\u200b"
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}([-/.]\d|$|\D)|\d{1,2}:\d{2}")


def distinct_names(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names each column. Columns that share a name get numbers, so that no one takes one of them for the only one.

    Returns:
        The names, and a note for each name that occurs twice, three at most.
    """
    names = [re.sub(r"\s*[\r\n]+\s*", " ", cell.strip(_INVISIBLE).strip()) for cell in cells]
    counts, taken, distinct = Counter(names), set(names), []
    for index, name in enumerate(names):
        new = f"{UNNAMED}{index}" if not name else name if counts[name] == 1 else f"{name} ({index + 1})"
        while new != name and new in taken:
            new += f" ({index + 1})"
        taken.add(new)
        distinct.append(new)
    notes = []
    for double in [name for name, count in counts.items() if count > 1 and name][:3]:
        called = [new for new, name in zip(distinct, names, strict=True) if name == double]
        notes.append(
            f"{len(called)} columns have the name {double!r} and are called {', '.join(map(repr, called[:5]))}"
        )
    return tuple(distinct), tuple(notes)


def is_value(cell: str) -> bool:
    """Whether a cell is a plain number, or begins with a date or a clock in digits."""
    return bool(_NUMBER.fullmatch(cell) or _DATE.match(cell))


def holds_values(cells: Sequence[str]) -> bool:
    """Whether a line cannot be a header: it holds only values, or a date and a number beside a name."""
    cells = [cell for cell in cells if cell]
    numbers = [bool(_NUMBER.fullmatch(cell)) for cell in cells]
    return all(map(is_value, cells)) or (any(numbers) and sum(map(is_value, cells)) > sum(numbers))
