"""Arrays as JSON: what is not finite is null, since JSON has no NaN and no infinity."""

from typing import Any

import numpy as np
from jaxtyping import Float64


def listed(values: Float64[np.ndarray, "*shape"]) -> list[Any]:
    """Returns an array as nested lists of its shape, with None for NaN and infinity."""
    if np.isfinite(values).all():
        plain: list[Any] = values.tolist()
        return plain
    cells = values.astype(object)
    cells[~np.isfinite(values)] = None
    absent: list[Any] = cells.tolist()
    return absent


def intervals(columns: Any) -> dict[str, list[Any]] | None:
    """The bounds of intervals by the names of Nixtla's client, `lo-80` and `hi-80`; None if there are none."""
    bounds = {
        name: listed(np.asarray(values).ravel()) for name, values in columns.items() if name[:3] in ("lo-", "hi-")
    }
    return bounds or None
