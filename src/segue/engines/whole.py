"""Whole series from frames that may cut a series in two: an engine hands over batches of rows."""

from collections.abc import Iterable, Iterator
from typing import Any

import narwhals as nw

from segue.errors import UserError

_ROWS = 100_000
"""Rows that are gathered before a forecast. Batches of an engine, 10,000 rows, take a quarter more time one by one.

1,000 series of 256 values of nanotst, core milliseconds a series: 1.93 with one batch, 1.66 with 20,000 rows, 1.56 with
50,000, 1.54 with 100,000, 1.50 with 200,000, and 1.54 with all rows, which then take the memory of a part.
"""


def whole_series(frames: Iterable[Any], ids: tuple[str, ...]) -> Iterator[nw.DataFrame[Any]]:
    """Puts together the rows of series that go on from one frame to the next.

    The rows of a series are expected together, or in one frame. Only the series of a frame's last row may go on.

    Args:
        frames: Frames of pandas or polars, of one kind and with the same columns; some may be empty.
        ids: The columns that name the series.

    Yields:
        Frames of one row or more, each series whole in one of them.

    Raises:
        UserError: A series comes back after it had ended. It would be forecast twice.
    """
    held: list[nw.DataFrame[Any]] = []
    gathered, ended = 0, set[tuple[Any, ...]]()
    for frame in frames:
        table = nw.from_native(frame, eager_only=True)
        if not len(table):
            continue
        held.append(table)
        gathered += len(table)
        if gathered < _ROWS:
            continue
        table = nw.concat(held)
        goes_on = nw.all_horizontal(*(nw.col(name) == table[name][-1] for name in ids), ignore_nulls=True)
        done, rest = table.filter(~goes_on), table.filter(goes_on)
        held, gathered = [rest], 0
        if len(done):
            yield _ending(done, ids, ended)
    if held:
        yield _ending(nw.concat(held), ids, ended)


def _ending(table: nw.DataFrame[Any], ids: tuple[str, ...], ended: set[tuple[Any, ...]]) -> nw.DataFrame[Any]:
    """Returns a table, and remembers that its series have ended."""
    names = set(table.select(ids).unique().rows())
    again = next(iter(names & ended), None)
    if again is not None:
        remedy = f"the rows of series {'/'.join(map(str, again))} lie apart; sort by series, or partition by them"
        raise UserError("id_col", ",".join(ids), remedy)
    ended |= names
    return table
