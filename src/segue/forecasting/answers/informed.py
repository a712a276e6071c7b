"""A predictor and a table that know covariates and holidays, weighed by what they were worth in the past."""

from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from segue.forecasting.answers.benefit import with_weights
from segue.forecasting.answers.covariates import Given, with_known
from segue.forecasting.answers.regressed import Regressed
from segue.forecasting.predictor import Predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import Reading


def informed(
    predictor: Predictor,
    reading: Reading,
    given: Given,
    layout: Layout,
    horizon: int,
) -> tuple[Predictor, Reading, tuple[str, ...]]:
    """Returns a predictor that reads what the user gives, the reading that holds it, and what was found of it.

    Args:
        predictor: Any predictor.
        reading: That of `given.frame`.
        given: Covariates, their future and holidays; both are returned as they are where there are none.
        layout: The options that the table was read with.
        horizon: Steps ahead.

    Raises:
        UserError: See `with_known`.
    """
    if given.nothing:
        return predictor, reading, ()
    whole = with_known(reading, given, layout, horizon)
    own = Regressed(predictor)
    panel, note = with_weights(own, whole.panel, horizon, whole.panel.ends)
    return own, replace(whole, panel=panel), (note,)


def informed_past(
    predictor: Predictor,
    reading: Reading,
    given: Given,
    layout: Layout,
    horizon: int,
    ends: Int64[np.ndarray, " series"],
) -> tuple[Predictor, Reading, tuple[str, ...]]:
    """Does the same for a backtest: covariates are columns of the table, and weights rest on values before `ends`."""
    if given.nothing:
        return predictor, reading, ()
    whole = with_known(reading, given, layout, 0)
    own = Regressed(predictor)
    panel, note = with_weights(own, whole.panel, horizon, ends)
    return own, replace(whole, panel=panel), (note,)
