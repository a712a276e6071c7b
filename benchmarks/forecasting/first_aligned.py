"""A NanoTST whose patches begin with the lane's first value, where NanoTST's end with its last one."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float64

from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.predictor import Forecast, History
from segue.forecasting.pretraining.windows import Batch, Windows


class FirstAligned(NanoTST):
    """Patches on a grid from the lane's first value on: the newest patch is unfinished and stays so."""

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts lane by lane: each has a grid of its own."""
        lanes = zip(history.values, history.observed, strict=True)
        return Forecast(np.stack([self._lane(values, observed, horizon) for values, observed in lanes]))

    def _lane(
        self, values: Float64[np.ndarray, " time"], observed: Bool[np.ndarray, " time"], horizon: int
    ) -> Float64[np.ndarray, "horizon levels"]:
        begin = int(observed.argmax())
        patch, length = self.config.patch, len(values) - begin
        total = -(-(length + horizon) // patch) * patch
        patches, seen = (
            F.pad(torch.from_numpy(part[begin:]), (0, total - length)).unflatten(0, (-1, patch))[None]
            for part in (values, observed)
        )
        with torch.inference_mode():
            normal, reference = self(patches, seen, torch.zeros(1, 1, dtype=torch.float64))
            steps: np.ndarray = self.restore(normal.values, reference).flatten(1, 2)[0].numpy()
        first = max(length - patch, 0)  # nothing predicts the first patch: it borrows from the second
        return steps[first : first + horizon]


class FirstAlignedWindows(Windows):
    """The same windows, each lane moved to begin on the grid; a hidden tail then begins within a patch."""

    def batch(self, number: int) -> Batch:
        batch = super().batch(number)
        patches, present, observed = (part.flatten(1) for part in (batch.patches, batch.present, batch.observed))
        time = torch.arange(patches.shape[1])
        moved = time + (present.byte().argmax(1) % self.patch)[:, None]
        inside, moved = moved < len(time), moved.clamp(max=len(time) - 1)
        parts = patches.gather(1, moved), present.gather(1, moved) & inside, observed.gather(1, moved) & inside
        return Batch(*(part.unflatten(1, (-1, self.patch)) for part in parts), batch.seasons)
