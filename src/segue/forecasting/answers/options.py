"""What a user may ask of a forecast beyond its quantiles, as keyword arguments of `segue.forecast`."""

from typing import Any, cast

from segue.forecasting.answers.covariates import Given, Names
from segue.forecasting.table.layout import Layout, TableOptions


class AnswerOptions(TableOptions, total=False):
    """Keyword arguments of `segue.forecast` beside those of `segue.Layout`; each is left out by default.

    Attributes:
        future: A frame of the steps ahead with columns of the history whose future is known.
        covariates: The columns to use, such as `temp,promo`; by default all of `future` beside series and times.
        holidays: Codes of the `holidays` package: `US`, `US-CA`, or several.
        calibrate: The largest number of past windows of each series on which the bands are corrected, such as 8.
        per: Totals of steps, from joint paths: a pandas frequency such as `W`, or `horizon`.
        how: How totals are made: `sum` (the default), `mean`, `min` or `max`.
        over: Totals of series: one of several `id_col`, or `all`.
        seed: Of the paths; 0 by default.
    """

    future: Any
    covariates: Names | None
    holidays: Names | None
    calibrate: int | None
    per: str | None
    how: str | None
    over: str | None
    seed: int


def layout_and_given(frame: Any, options: AnswerOptions) -> tuple[Layout, Given]:
    """Sorts options: how to read a table, and what is known beside its values."""
    table = {name: value for name, value in options.items() if name in TableOptions.__annotations__}
    given = Given(frame, options.get("future"), options.get("covariates"), options.get("holidays"))
    return Layout(**cast(TableOptions, table)), given
