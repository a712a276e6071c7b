"""Keyword arguments of `segue.forecast` for answers beyond quantiles."""

from dataclasses import dataclass
from typing import Any, cast

from segue.forecasting.answers.covariates import Given, Names
from segue.forecasting.answers.totals import Totals, totals_asked
from segue.forecasting.table.layout import Layout, TableOptions


class GivenOptions(TableOptions, total=False):
    """Keyword arguments for covariates and holidays, and those of `segue.Layout`; all are optional.

    Attributes:
        future: A frame of the steps ahead with columns of the history whose future is known; by default all of them
            beside series and times are the `covariates`.
        covariates: Columns to use, such as `temp,promo`.
        holidays: Codes of the `holidays` package: `US`, `US-CA`, or several.
    """

    future: Any
    covariates: Names | None
    holidays: Names | None


class PastOptions(TableOptions, total=False):
    """Keyword arguments of `segue.backtest` beside those of `segue.Layout`; all are optional.

    Attributes:
        covariates: Columns to use, such as `temp,promo`.
        holidays: Codes of the `holidays` package: `US`, `US-CA`, or several.
        calibrate: The largest number of past windows of each series on which the bands are corrected, such as 8.
    """

    covariates: Names | None
    holidays: Names | None
    calibrate: int | None


class AnswerOptions(GivenOptions, total=False):
    """Keyword arguments of `segue.forecast` beside those of `GivenOptions`; all are optional.

    Attributes:
        calibrate: The largest number of past windows of each series on which the bands are corrected, such as 8.
        mean: Whether to add the mean, as a column `NanoTST-mean`.
        per: Totals of steps, from joint paths: a pandas frequency such as `W`, or `horizon`.
        how: How totals are made: `sum` (the default), `mean`, `min` or `max`.
        over: Totals of series: one of several `id_col`, or `all`.
        seed: The seed of the paths; 0 by default.
    """

    calibrate: int | None
    mean: bool
    per: str | None
    how: str | None
    over: str | None
    seed: int | None


@dataclass(frozen=True, eq=False)
class Answers:
    """The keyword arguments of one call, sorted.

    Attributes:
        layout: How to read the table.
        given: Covariates and holidays.
        calibrate: The largest number of windows on which bands are corrected; None for none.
        mean: Whether to add the mean.
        totals: The totals to make; None for the steps of the series themselves.
    """

    layout: Layout
    given: Given
    calibrate: int | None = None
    mean: bool = False
    totals: Totals | None = None

    @staticmethod
    def of(frame: Any, options: AnswerOptions | GivenOptions | PastOptions, known: type = AnswerOptions) -> "Answers":
        """Sorts the options of a call on a frame; `known` are those that it takes.

        Raises:
            TypeError: There is no such option.
            UserError: They ask for no possible total.
        """
        for name in options.keys() - known.__annotations__.keys():
            raise TypeError(f"got an unexpected keyword argument {name!r}")
        asked = cast(AnswerOptions, options)
        table = {name: value for name, value in options.items() if name in TableOptions.__annotations__}
        return Answers(
            Layout(**cast(TableOptions, table)),
            Given(frame, asked.get("future"), asked.get("covariates"), asked.get("holidays")),
            asked.get("calibrate"),
            asked.get("mean", False),
            totals_asked(asked.get("per"), asked.get("how"), asked.get("over"), asked.get("seed")),
        )
