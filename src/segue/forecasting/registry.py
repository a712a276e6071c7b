"""Predictors by name, folder or object, as the command line and every function take them."""

from inspect import getattr_static
from os import PathLike, fspath

from segue.errors import UserError
from segue.forecasting.predictor import Predictor as Predictor  # whoever asks the registry gets one

BASELINES = ("ar", "seasonal-naive", "ets", "theta")
"""The names of predictors other than NanoTST."""

Model = str | PathLike[str] | Predictor
"""A model as `load_predictor` takes it."""


def load_predictor(model: Model, argument: str = "model", threads: int | None = None) -> Predictor:
    """Loads a predictor by name, folder or object.

    Args:
        model: A bundled model such as `nanotst`, a model folder, one of `BASELINES`, or a predictor, which is returned
            as it is. All baselines but `ar` take the steps of a season, such as `seasonal-naive:288`; by default the
            calendar suggests them.
        argument: The name of the argument in errors.
        threads: How many threads NanoTST computes with; by default as many as the machine allows.

    Raises:
        UserError: There is no such predictor, its parameter is invalid, it needs a package that is not installed, or
            `threads` is below 1.

    Example:
        >>> load_predictor("seasonal-naive:288").name
        'SeasonalNaive'
    """
    if threads is not None and threads < 1:
        raise UserError("threads", threads, "give a whole number of at least 1")
    if not isinstance(model, str | PathLike):
        if _is_predictor(model):
            return model
        raise UserError(argument, type(model).__name__, "give a name, a model folder or a predictor")
    name = fspath(model)
    baseline, colon, parameter = name.partition(":")
    if baseline in BASELINES:
        return _baseline(baseline, _season(name, parameter, argument) if colon else None, name, argument)
    from segue.forecasting.nanotst.graph import ExportedModel

    try:
        return ExportedModel.from_pretrained(name, threads=threads)
    except UserError as error:
        if str(error.value) != name:  # there is such a model, but something is wrong with it
            raise
        remedy = f"{error.remedy}; or a baseline: {', '.join(BASELINES)}"
        raise UserError(argument, name or "(empty)", remedy) from error


def _is_predictor(model: object) -> bool:
    """Whether an object has all that a predictor needs; `isinstance` would read all weights to have its fingerprint."""
    names = ("name", "context", "fingerprint", "predict")
    return not isinstance(model, type) and all(getattr_static(model, name, None) is not None for name in names)


def naive_season(predictor: Predictor) -> int | None:
    """The season of a seasonal naive forecast, 0 if it takes the season of each history; None for other predictors."""
    from segue.forecasting.baselines.seasonal_naive import SeasonalNaive

    return (predictor.season or 0) if isinstance(predictor, SeasonalNaive) else None


def _season(name: str, parameter: str, argument: str) -> int:
    if name.startswith("ar:"):
        raise UserError(argument, name, "takes no parameter; give ar")
    if not (parameter.isascii() and parameter.isdigit() and int(parameter)):
        remedy = "give the steps of a season after the colon, a whole number of at least 1, as in seasonal-naive:24"
        raise UserError(argument, name, remedy)
    return int(parameter)


def _baseline(baseline: str, season: int | None, name: str, argument: str) -> Predictor:
    if baseline == "ar":
        from segue.forecasting.baselines.autoregression import Autoregression

        return Autoregression()
    if baseline == "seasonal-naive":
        from segue.forecasting.baselines.seasonal_naive import SeasonalNaive

        return SeasonalNaive.of(season)
    from segue.forecasting.baselines.statsforecast import AutoETS, AutoTheta

    try:
        return AutoETS(season) if baseline == "ets" else AutoTheta(season)
    except UserError as error:
        raise UserError(argument, name, error.remedy) from error
