"""The models of a server, which requests may name."""

from collections.abc import Sequence
from pathlib import Path

from segue.errors import UserError
from segue.forecasting.nanotst.graph import ExportedModel
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import load_predictor
from segue.serve.batching import Batching
from segue.serve.refused import Refused
from segue.threads import usable_threads

ALIASES = ("timegpt", "default")
"""How the names begin that clients send without being asked to; they mean the first model."""


class Models:
    """Models by name, loaded when the server starts. A request never names a folder.

    Args:
        names: Names or folders, as `segue.load_predictor` takes them; the first is the default. A folder is known by
            its last part.
        threads: How many threads a model computes with; by default as many as the machine allows.

    Raises:
        UserError: There is no such model, or two have one name.
    """

    def __init__(self, names: Sequence[str], threads: int | None = None) -> None:
        self._predictors: dict[str, Predictor] = {}
        for name in names:
            own = Path(name).name or name
            if own in self._predictors:
                raise UserError("model", name, "is named twice; leave out one, or rename the folder")
            self._predictors[own] = _ready(load_predictor(name, threads=threads), threads)

    @property
    def names(self) -> list[str]:
        """The names, the default first."""
        return list(self._predictors)

    def named(self, name: str | None) -> tuple[str, Predictor]:
        """Returns a model and its name; the default where a client names none, or one of its own.

        Raises:
            Refused: There is no such model, with status 404.
        """
        if not name or (name not in self._predictors and name.startswith(ALIASES)):
            name = self.names[0]
        if name not in self._predictors:
            raise Refused(404, f"model {name[:80]}: this server has {', '.join(self.names)}")
        return name, self._predictors[name]


def _ready(predictor: Predictor, threads: int | None) -> Predictor:
    """Loads the weights now rather than with the first request, and batches the calls of those that gain by it."""
    if not isinstance(predictor, ExportedModel):
        return predictor
    assert predictor.fingerprint  # reads and checks all files
    return Batching(predictor, side_by_side=threads or usable_threads())
