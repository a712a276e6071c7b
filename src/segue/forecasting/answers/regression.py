"""Ridge regressions whose penalty is chosen by generalised cross-validation, for small tables."""

import numpy as np
from jaxtyping import Float64

_PENALTIES = np.logspace(-3, 4, 22)  # for columns of deviation 1: from no penalty to one that removes every effect


def ridges(
    columns: Float64[np.ndarray, "tables rows columns"], target: Float64[np.ndarray, "tables rows"]
) -> tuple[Float64[np.ndarray, "tables columns"], Float64[np.ndarray, "tables rows"]]:
    """Fits target = columns @ coefficients in each table by least squares with a penalty on the squares.

    The penalty has the least score of generalised cross-validation (Golub, Heath and Wahba 1979, equation 1.3). This
    score is the error of leaving out one row, up to a rotation of the rows.

    Args:
        columns: The regressors, each with mean 0.
        target: The values, with mean 0.

    Returns:
        The coefficients, in units of target per unit of column, 0 for a column of zeros; and the error of each row if
        it is left out (Golub, Heath and Wahba 1979, equation 1.2), with the mean of the target left out, too.
    """
    rows = target.shape[1]
    scale = np.sqrt((columns**2).mean(1, keepdims=True))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = columns / scale
    variance, basis = np.linalg.eigh(np.swapaxes(scaled, 1, 2) @ scaled)
    variance = np.maximum(variance, 0.0)
    turned = scaled @ basis
    along = (np.swapaxes(turned, 1, 2) @ target[..., None])[..., 0]
    shrunk = variance[:, None] + _PENALTIES[:, None]
    left = (target**2).sum(1)[:, None] - (along[:, None] ** 2 * (2 / shrunk - variance[:, None] / shrunk**2)).sum(2)
    free = np.maximum(rows - 1 - (variance[:, None] / shrunk).sum(2), 1.0)
    best = (left / free**2).argmin(1)
    shrunk = shrunk[np.arange(len(best)), best]
    coefficients = (basis @ (along / shrunk)[..., None])[..., 0]
    fitted = (scaled @ coefficients[..., None])[..., 0]
    leverage = np.minimum((turned**2 / shrunk[:, None]).sum(2) + 1 / rows, 0.95)
    return coefficients / scale[:, 0], (target - fitted) / (1 - leverage)
