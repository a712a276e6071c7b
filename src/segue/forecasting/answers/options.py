"""What a user may ask of a forecast beyond its quantiles, as keyword arguments of `segue.forecast`."""

from typing import Any, cast

from segue.forecasting.answers.covariates import Given, Names
from segue.forecasting.table.layout import Layout, TableOptions


class GivenOptions(TableOptions, total=False):
    """Keyword arguments for what is known beside values, and those of `segue.Layout`; each is left out by default.

    Attributes:
        future: A frame of the steps ahead with columns of the history whose future is known.
        covariates: The columns to use, such as `temp,promo`; by default all of `future` beside series and times.
        holidays: Codes of the `holidays` package: `US`, `US-CA`, or several.
    """

    future: Any
    covariates: Names | None
    holidays: Names | None


class AnswerOptions(GivenOptions, total=False):
    """Keyword arguments of `segue.forecast` beside those of `GivenOptions`; each is left out by default.

    Attributes:
        calibrate: The largest number of past windows of each series on which the bands are corrected, such as 8.
        per: Totals of steps, from joint paths: a pandas frequency such as `W`, or `horizon`.
        how: How totals are made: `sum` (the default), `mean`, `min` or `max`.
        over: Totals of series: one of several `id_col`, or `all`.
        seed: Of the paths of totals; 0 by default.
    """

    calibrate: int | None
    per: str | None
    how: str | None
    over: str | None
    seed: int | None


def layout_and_given(
    frame: Any, options: AnswerOptions | GivenOptions, kind: type = AnswerOptions
) -> tuple[Layout, Given]:
    """Sorts options: how to read a table, and what is known beside its values.

    Args:
        frame: The table.
        options: Keyword arguments of a function.
        kind: Which of them it takes.

    Raises:
        TypeError: It does not take one of them.
    """
    for name in options:
        if name not in kind.__annotations__:
            raise TypeError(f"unexpected keyword argument {name!r}")
    table = {name: value for name, value in options.items() if name in TableOptions.__annotations__}
    given = Given(frame, options.get("future"), options.get("covariates"), options.get("holidays"))
    return Layout(**cast(TableOptions, table)), given
