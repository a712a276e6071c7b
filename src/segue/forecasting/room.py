"""The memory that a table of forecasts takes, compared with what is free before any of it is computed."""

from segue.memory import require_memory

# Peak memory of `segue.forecast` above that of the table read, pandas 3.0, in bytes a row: 187 with 3 columns of values
# and 817 with 23, at 500,000 rows of 1,000 series; 176 and 188 with 3 columns of 10,000 and of 1,000 longer series.
_ROW_BYTES, _COLUMN_BYTES = 90, 31


def require_room(series: int, horizon: int, columns: int) -> None:
    """Refuses a table of forecasts that does not fit the memory.

    Args:
        series: The series of the table.
        horizon: The steps of each.
        columns: The columns of values.

    Raises:
        UserError: The table takes more bytes than are free.
    """
    size = series * horizon * (_ROW_BYTES + _COLUMN_BYTES * columns)
    require_memory("horizon", horizon, size, f"ask for fewer steps, or for fewer of the {series:,} series at once")
