"""The predictor of an adapter: a bundled model is loaded once in each process, however many objects ask for it.

Other libraries make one object for each series, and some copy it again for each call. Loading `nanotst-small` takes
twenty times as long as one forecast. A model folder of the user is loaded by each object, because its files may change.
"""

from functools import lru_cache

from segue.forecasting.nanotst.weights import bundled
from segue.forecasting.registry import Model, Predictor, load_predictor


def kept_predictor(model: Model) -> Predictor:
    """Loads a predictor, or returns that of a bundled model which this process has.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.

    Raises:
        UserError: There is no such predictor.
    """
    return _bundled(model) if isinstance(model, str) and model in bundled() else load_predictor(model)


@lru_cache(maxsize=4)  # there are two bundled models
def _bundled(name: str) -> Predictor:
    return load_predictor(name)
