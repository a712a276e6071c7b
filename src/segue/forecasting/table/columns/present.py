"""The check that the frames of a picture have the columns that a caller names."""

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from segue.errors import UserError


def frames_to_draw(
    history: Any, forecast: Any, ids: Sequence[str], time_col: str, target_col: str
) -> tuple[nw.DataFrame[Any], nw.DataFrame[Any]]:
    """Wraps a history and its forecast, pandas or polars, after a check of their columns.

    Raises:
        UserError: A frame lacks a column.
    """
    past, ahead = nw.from_native(history, eager_only=True), nw.from_native(forecast, eager_only=True)
    shared = [*(("id_col", name) for name in ids), ("time_col", time_col)]
    for frame, kind, needed in ((past, "history", [*shared, ("target_col", target_col)]), (ahead, "forecast", shared)):
        for argument, name in needed:
            if name not in frame.columns:
                remedy = f"the {kind} has no such column, but {', '.join(frame.columns)}"
                lone = "; give a single series a column that repeats its name" if argument == "id_col" else ""
                raise UserError(argument, name, remedy + lone)
    return past, ahead
