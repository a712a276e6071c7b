"""Ridge regression whose penalty is chosen by generalised cross-validation, for small tables."""

import numpy as np
from jaxtyping import Float64

_PENALTIES = np.logspace(-3, 4, 22)  # times the number of rows' own scale: columns have deviation 1


def ridge(
    columns: Float64[np.ndarray, "rows columns"], target: Float64[np.ndarray, " rows"]
) -> Float64[np.ndarray, " columns"]:
    """Fits target = columns @ coefficients by least squares with a penalty on the squares of the coefficients.

    The penalty has the least score of generalised cross-validation (Golub, Heath and Wahba 1979, equation 1.3), which
    is the error of leaving out one row, but for a rotation of the rows.

    Args:
        columns: The regressors, each with mean 0.
        target: The values, with mean 0.

    Returns:
        The coefficients, in units of target per unit of column. A column of zeros has the coefficient 0.
    """
    scale = np.sqrt((columns**2).mean(0))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = columns / scale
    variance, basis = np.linalg.eigh(scaled.T @ scaled)
    variance = np.maximum(variance, 0.0)
    along = basis.T @ (scaled.T @ target)
    shrunk = variance[None] + _PENALTIES[:, None]
    left = target @ target - (along**2 * (2 / shrunk - variance / shrunk**2)).sum(1)
    free = np.maximum(len(target) - 1 - (variance / shrunk).sum(1), 1.0)
    best = int((left / free**2).argmin())
    return np.asarray(basis @ (along / shrunk[best]) / scale)
