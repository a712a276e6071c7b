"""A predictor and a table that know covariates and holidays, weighted by their benefit in the past."""

from dataclasses import replace
from typing import Any

import numpy as np

from segue.forecasting.answers.benefit import with_weights
from segue.forecasting.answers.covariates import Given, with_known
from segue.forecasting.answers.options import Answers, GivenOptions
from segue.forecasting.answers.regressed import Regressed
from segue.forecasting.predictor import Predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import Reading, read_frame


def informed(
    predictor: Predictor, reading: Reading, given: Given, layout: Layout, horizon: int, held_out: int = 0
) -> tuple[Predictor, Reading, tuple[str, ...]]:
    """Returns a predictor that reads covariates and holidays, the reading that holds them, and notes on their benefit.

    Args:
        predictor: Any predictor.
        reading: That of `given.frame`.
        given: Covariates, their future and holidays. Without any, predictor and reading are returned as they are.
        layout: The options that the table was read with.
        horizon: Steps ahead.
        held_out: The last steps of each series that a backtest forecasts. Then the table itself has the covariates, and
            weights come from the values before these steps.

    Raises:
        UserError: See `with_known`.
    """
    if given.nothing:
        return predictor, reading, ()
    whole = with_known(reading, given, layout, 0 if held_out else horizon)
    own = Regressed(predictor)
    ends = np.maximum(whole.panel.ends - held_out, 0)
    panel, note = with_weights(own, whole.panel, horizon, ends)
    return own, replace(whole, panel=panel), (note,)


def read_given(frame: Any, options: GivenOptions, horizon: int, predictor: Predictor) -> tuple[Predictor, Reading]:
    """Reads a frame and its covariates and holidays; the notes of the reading report their benefit.

    Args:
        frame: The table.
        options: Keyword arguments of a function.
        horizon: Steps ahead.
        predictor: Any predictor.

    Returns:
        The predictor that reads covariates and holidays, and the reading that holds them; see `informed`.
    """
    asked = Answers.of(frame, options, GivenOptions)
    reading = read_frame(frame, asked.layout)
    informed_predictor, reading, found = informed(predictor, reading, asked.given, asked.layout, horizon)
    return informed_predictor, replace(reading, notes=(*reading.notes, *found))
