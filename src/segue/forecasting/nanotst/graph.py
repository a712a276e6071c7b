"""NanoTST without torch: the exported graph of a model folder, run by onnxruntime.

A lane's forecast has the same bits alone, in any batch and with any number of threads, for three reasons. Each run of
the graph uses one thread, and several runs go on side by side. Only lanes of equally many patches run together. A batch
is filled up to a multiple of four lanes. onnxruntime computes elements in groups of two or four, and the rest of an odd
count one by one, which rounds differently.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from segue.errors import UserError
from segue.folder import GRAPH, WEIGHTS, fingerprint, load_config, load_model_folder, require_shapes
from segue.forecasting.nanotst.config import stored_config
from segue.forecasting.nanotst.interface import require_graph
from segue.forecasting.nanotst.long_past import forecast_quantiles, reach
from segue.forecasting.nanotst.weights import is_bundled, model_folder, model_name
from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.manifest import verify
from segue.threads import usable_threads

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_LANES = 32  # lanes of one run: half the memory of 64, at most 3 % slower than the best (docs/notebook/forecasting.md)
_AGAIN = "copy the model again, or run `segue export` on it"
_GROUP = 4  # lanes: every tensor then has a multiple of the elements that onnxruntime computes together


class ExportedModel:
    """An exported NanoTST: a `segue.forecasting.predictor.Predictor` that can be pickled.

    Args:
        folder: A model folder with `config.json`, `model.safetensors` and `model.onnx`.
        threads: The number of runs that go on side by side; by default as many as the machine allows.

    Raises:
        UserError: The folder is missing, damaged or of another kind, or holds no exported model.
    """

    keeps_support = True
    batch = _LANES

    def __init__(self, folder: str | Path, threads: int | None = None) -> None:
        self.folder, self.threads = Path(folder).absolute(), threads
        self.name = model_name(self.folder)
        _, config = load_config(self.folder, "nanotst", "a NanoTST")
        if not (self.folder / GRAPH).is_file():
            remedy = "run `segue export` on it first, which needs the extra train (it has no exported model)"
            raise UserError("model", folder, remedy)
        self.config = stored_config(folder, config)
        self._header = require_shapes(self.folder, self.config.shapes())
        self._loading, self._loaded = Lock(), None

    def __reduce__(self) -> tuple[type["ExportedModel"], tuple[Path, int | None]]:
        return type(self), (self.folder, self.threads)  # a session cannot be pickled: each process makes its own

    @staticmethod
    def from_pretrained(source: str | Path = "nanotst", *, threads: int | None = None) -> "ExportedModel":
        """Loads a model folder, or a bundled model; it needs no network.

        Args:
            source: A model folder, or a bundled name.
            threads: See `ExportedModel`.

        Raises:
            UserError: There is no such folder or name, it cannot be read, or it holds no exported model.
        """
        return ExportedModel(model_folder(source), threads)

    @property
    def workers(self) -> int:
        """How many batches may run side by side: one for each thread."""
        return usable_threads() if self.threads is None else self.threads

    @property
    def context(self) -> int:
        """The number of last values that a forecast depends on."""
        return reach(self)

    @property
    def pass_context(self) -> int:
        """The number of last values that the network reads."""
        return self.config.context

    @property
    def pass_steps(self) -> int:
        """The largest number of steps that one pass predicts."""
        return self.config.span * self.config.patch

    @cached_property
    def fingerprint(self) -> str:
        """A hash of config and weights, the same as that of the torch model of this folder."""
        _, config, arrays = load_model_folder(self.folder)
        return fingerprint(config, arrays)

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts the `horizon` values after the last column; see `segue.forecasting.predictor.Predictor`."""
        return Forecast(forecast_quantiles(self, history, horizon))

    def one_pass(self, history: History, steps: int) -> Float64[np.ndarray, "lanes steps levels"]:
        """Predicts the quantiles of the next `steps`; see `PatchForecaster`."""
        quantiles = np.empty((len(history), steps, len(LEVELS)))
        time, patch = history.values.shape[1], self.config.patch
        tokens = -(-(time - history.observed.argmax(1)) // patch)  # patches from each lane's first value on
        batches = [batch for count in np.unique(tokens).tolist() for batch in _cut(np.flatnonzero(tokens == count))]
        parts = [history.select(lanes, max(0, time - patch * int(tokens[lanes[0]]))) for lanes in batches]
        threads = min(self.workers, len(parts))
        run = partial(self.run, steps=steps)
        if threads <= 1:
            results = list(map(run, parts))
        else:
            with ThreadPoolExecutor(threads) as pool:
                results = list(pool.map(run, parts))
        for lanes, part in zip(batches, results, strict=True):
            quantiles[lanes] = part
        return quantiles

    def run(self, history: History, steps: int) -> Float64[np.ndarray, "lanes steps levels"]:
        """Runs the graph once, over lanes of equally many patches; `one_pass` groups them."""
        lanes = len(history)
        full = history.select(np.arange(lanes + -lanes % _GROUP) % lanes)
        inputs = {"values": full.values, "observed": full.observed, "seasons": full.seasons}
        session = self._session
        try:
            (result,) = session.run(None, inputs | {"steps": np.array(steps, dtype=np.int64)})
        except Exception as error:  # onnxruntime's exceptions have no common base class
            raise UserError("model", self.folder, f"{_AGAIN} (onnxruntime cannot run it)") from error
        if result.shape != (len(full), steps, len(LEVELS)):
            raise UserError("model", self.folder, f"{_AGAIN} (its quantiles have the shape {result.shape})")
        quantiles: Float64[np.ndarray, "lanes steps levels"] = result[:lanes]
        return quantiles

    @property
    def _session(self) -> "InferenceSession":
        """The loaded graph. The first run in a process loads it, once for all threads."""
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> "InferenceSession":
        """Checks the files and loads the graph."""
        import onnxruntime

        if is_bundled(self.folder):
            verify(self.folder, GRAPH)
        else:
            require_graph(self.folder, self._header)
        verify(self.folder, WEIGHTS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # a plan for each shape takes a tenth more memory and is no faster
        options.log_severity_level = 4  # fatal only: errors are in the exception, and warnings concern unused devices
        try:
            return onnxruntime.InferenceSession(
                self.folder / GRAPH,
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,  # the fallback prints, and tries the same again
            )
        except Exception as error:  # onnxruntime's exceptions have no common base class
            raise UserError("model", self.folder, f"{_AGAIN} (onnxruntime cannot load it)") from error


def _cut(lanes: np.ndarray) -> list[np.ndarray]:
    """Cuts lanes into batches of at most `_LANES`."""
    return np.split(lanes, range(_LANES, len(lanes), _LANES))
