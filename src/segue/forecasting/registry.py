"""Forecasters by name, as the command line and `backtest` take them."""

from typing import TYPE_CHECKING

from segue.errors import UserError

if TYPE_CHECKING:
    from segue.forecasting.predictor import Predictor

BASELINES = ("ar", "seasonal-naive", "ets", "theta")
"""The names that are no NanoTST."""


def load_predictor(name: str, season: int, argument: str = "model") -> "Predictor":
    """A forecaster by name.

    Args:
        name: One of `BASELINES`, a bundled model such as `nanotst`, or a model folder.
        season: The steps in a season, for the baselines that ask for it.
        argument: What the user knows the name by.

    Raises:
        UserError: There is no such forecaster, or it needs a package that is not installed.
    """
    if name == "seasonal-naive":
        from segue.forecasting.baselines.seasonal_naive import SeasonalNaive

        return SeasonalNaive(season)
    if name == "ar":
        from segue.forecasting.baselines.autoregression import Autoregression

        return Autoregression()
    if name in ("ets", "theta"):
        from segue.forecasting.baselines.statsforecast import AutoETS, AutoTheta

        try:
            return AutoETS(season) if name == "ets" else AutoTheta(season)
        except UserError as error:
            raise UserError(argument, name, error.remedy) from error
    from segue.forecasting.nanotst.model import NanoTST

    try:
        return NanoTST.from_pretrained(name)
    except UserError as error:
        if error.value != name:  # there is such a model, but something is wrong with it
            raise
        remedy = f"{error.remedy}; or a baseline: {', '.join(BASELINES)}"
        raise UserError(argument, name or "(empty)", remedy) from error
