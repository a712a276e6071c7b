"""The model of a worker: it is loaded once in each process, however many parts the process is given."""

from functools import lru_cache
from pathlib import Path

from segue.forecasting.nanotst.graph import ExportedModel
from segue.forecasting.registry import Model, Predictor, load_predictor

_KEPT = 8  # models that a process keeps; a backtest of all bundled models and baselines has six


def predictor_of(model: Model, threads: int) -> Predictor:
    """Returns the predictor of a model, which this process keeps.

    Spark and Ray unpickle their work anew for each part. A predictor within it would read its weights each time.

    Args:
        model: A name, a model folder or a predictor, which is used as it is unless it is an exported model.
        threads: The number of threads that it computes with.
    """
    if isinstance(model, ExportedModel):
        model = model.folder
    return _loaded(str(model), threads) if isinstance(model, str | Path) else load_predictor(model)


@lru_cache(maxsize=_KEPT)
def _loaded(model: str, threads: int) -> Predictor:
    return load_predictor(model, threads=threads)
