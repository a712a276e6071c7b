"""The options of a table: the names of its columns, its step, and how its text is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from segue.errors import UserError

ID_NAMES = ("unique_id", "item_id", "series_id", "id", "series")
TIME_NAMES = (
    "ds",
    "timestamp",
    "datetime",
    "date",
    "time",
    "year",
    "month",
    "t",
    "step",
    "index",
    "ts",
    "dt",
    "period",
    "epoch",
)
TARGET_NAMES = ("y", "value", "target", "values")
DUPLICATES = ("mean", "sum", "first", "last")
"""The rules for several values on one step."""


@dataclass(frozen=True)
class Layout:
    """How to read a table. An option that is None is inferred when unambiguous; otherwise an error names it.

    Attributes:
        id_col: The column that names the series, or several columns, such as `["store", "product"]` or
            `store,product`; `none` if all rows are one series, which is named after its target. By default it is
            `unique_id` or a similar name.
        time_col: The column of times, or several columns, such as `["date", "hour"]` or `date,hour`. By default it is
            `ds`, or the one column of times.
        target_col: The column to forecast, or several columns, which become series `id/target`. A pattern such as
            `sales_*` names all columns of numbers that match, and `all` those without another role. By default it is
            `y`, or the one column of numbers.
        freq: The step as a pandas alias, an integer for integer times, weekdays such as `Mon,Wed,Fri`, days of the
            month such as `1,15`, or `rows` to number the rows. By default it is inferred from the gaps between rows.
        time_format: The format of times that are text, as in `time.strptime`, or a word for numbers, such as `epoch-s`,
            `excel` or `count`. By default it is inferred.
        duplicates: What replaces several values at one time: their `mean` or `sum`, or the `first` or the `last` in the
            order of the rows. By default several values are refused.
        season: The steps of a season, or several seasons, the customary one first. By default the calendar suggests
            them.
        decimal: The decimal sign of numbers that are text, `.` or `,`. By default it is inferred for each column from
            all its cells.
        skip_bad: Whether series with cells that cannot be read are left out and reported, instead of refusing the whole
            table.

    Raises:
        UserError: `duplicates` or `decimal` is none of these words.
    """

    id_col: str | Sequence[str] | None = None
    time_col: str | Sequence[str] | None = None
    target_col: str | Sequence[str] | None = None
    freq: str | int | None = None
    time_format: str | None = None
    duplicates: str | None = None
    season: float | int | Sequence[float | int] | None = None
    decimal: str | None = None
    skip_bad: bool = False

    def __post_init__(self) -> None:
        if self.duplicates not in (None, *DUPLICATES):
            raise UserError("duplicates", self.duplicates, f"choose one of {', '.join(DUPLICATES)}")
        if self.decimal not in (None, ".", ","):
            raise UserError("decimal", self.decimal, "give . or ,")


class TableOptions(TypedDict, total=False):
    """The fields of `Layout` as keyword arguments, which every public function on tables takes by the same names."""

    id_col: str | Sequence[str] | None
    time_col: str | Sequence[str] | None
    target_col: str | Sequence[str] | None
    freq: str | int | None
    time_format: str | None
    duplicates: str | None
    season: float | int | Sequence[float | int] | None
    decimal: str | None
    skip_bad: bool
