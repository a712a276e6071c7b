"""The index of a frame of pandas: times and names of series in it become columns."""

import pandas as pd

from segue.errors import UserError
from segue.forecasting.table.layout import ID_NAMES, TIME_NAMES, Layout
from segue.forecasting.table.times.read import looks_like_times


def with_index(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Turns the levels of an index that hold times or names of series into columns.

    Times without a name become `ds`, or `index` beside other times. Series without a column name become `unique_id`.
    Levels that only number or label the rows do not become columns.

    Args:
        frame: A frame of pandas.
        layout: Names of levels that the user gives.

    Raises:
        UserError: A level differs from a column of its name, or its role is not clear.
    """
    levels = [frame.index.get_level_values(number) for number in range(frame.index.nlevels)]
    timed = [_holds_times(level) for level in levels]
    columns: dict[str, pd.Series] = {}
    for level, is_timed in zip(levels, timed, strict=True):
        name = _role(level, is_timed, any(timed), len(levels) > 1, _given(layout))
        if name is None:
            continue
        if is_timed and name != level.name and any(looks_like_times(frame[column].head(200)) for column in frame):
            name = "index"  # the user has to say which times to use
        if name in columns:
            raise _unclear(level)
        values = pd.Series(level.array, index=frame.index, name=name)
        known = name if name in frame.columns else "ds"
        if known in frame.columns and (known == name or (is_timed and layout.time_col is None)):
            if not _equal(values, frame[known]):
                remedy = "keep one of them, by reset_index(drop=True) for instance"
                raise UserError("frame", f"column {known}", f"differs from the index; {remedy}")
            continue
        columns[name] = values
    if not columns:
        return frame
    result = pd.concat([pd.DataFrame(columns), frame], axis=1)
    return result.set_axis(range(len(result)), axis=0)


def index_hint(frame: object) -> str:
    """The remedy if no column holds times: an index that does not number the rows may hold them."""
    plain = not isinstance(frame, pd.DataFrame) or isinstance(frame.index, pd.RangeIndex)
    return "" if plain else "name it with `time_col`, or make the index a column by reset_index()"


def _role(level: pd.Index, is_timed: bool, beside_times: bool, several: bool, given: tuple[str, ...]) -> str | None:
    """The name of the column that a level becomes; None if it only numbers or labels the rows."""
    name = level.name if isinstance(level.name, str) and level.name else None
    is_text = not pd.api.types.is_numeric_dtype(level.dtype)
    if is_timed:
        return name or "ds"
    if name and (name in given or name.lower() in (*ID_NAMES, *TIME_NAMES)):
        return name
    if name:
        return name if several or is_text or not level.is_unique else None
    if several and (is_text or beside_times):
        return "unique_id"
    if is_text and not level.is_unique:
        raise _unclear(level)
    return None


def _unclear(level: pd.Index) -> UserError:
    return UserError(
        "frame", f"index {level.name or 'without a name'}", "its role is not clear; call reset_index() first"
    )


def _holds_times(level: pd.Index) -> bool:
    if isinstance(level, pd.DatetimeIndex | pd.PeriodIndex):
        return True
    if pd.api.types.is_numeric_dtype(level.dtype) or isinstance(level, pd.TimedeltaIndex | pd.IntervalIndex):
        return False
    return looks_like_times(pd.Series(level[:200].array))


def _equal(values: pd.Series, column: pd.Series) -> bool:
    try:
        return bool((values.astype(str).to_numpy() == column.astype(str).to_numpy()).all())
    except ValueError:  # lists of Arrow have no text
        return False


def _given(layout: Layout) -> tuple[str, ...]:
    """The names that the user gives."""
    names: list[str] = []
    for given in (layout.id_col, layout.time_col, layout.target_col):
        if given is not None:
            names.extend([given, *given.split(",")] if isinstance(given, str) else map(str, given))
    return tuple(name.strip() for name in names)
