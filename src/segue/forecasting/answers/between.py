"""The dependence between series: the correlation of their one-step errors in the past."""

import numpy as np
from jaxtyping import Float64


def correlate(
    noise: Float64[np.ndarray, "lanes paths steps"], shocks: Float64[np.ndarray, "lanes time"]
) -> Float64[np.ndarray, "lanes paths steps"]:
    """Gives independent noise the correlation of shocks between lanes, the same at each step.

    Args:
        noise: Independent standard normal numbers.
        shocks: One-step errors at the same times, NaN where unknown.
    """
    mixing = np.linalg.cholesky(correlation(shocks))
    return np.asarray(np.einsum("ij,jps->ips", mixing, noise, optimize=True))


def correlation(shocks: Float64[np.ndarray, "lanes time"]) -> Float64[np.ndarray, "lanes lanes"]:
    """Returns the correlation between lanes, shrunk towards independence.

    The weight of independence is the optimal one of Schäfer & Strimmer (2005, section 2.4, target D). It is the sum of
    the variances of the correlations, divided by the sum of their squares. A correlation of n pairs has the variance (1
    - r^2)^2 / n about. It is at least 1 %, so that the matrix has an inverse.
    """
    known = np.isfinite(shocks)
    filled = np.where(known, shocks, 0.0)
    count = known.astype(np.float64) @ known.T
    mean = filled.sum(1, keepdims=True) / np.maximum(known.sum(1, keepdims=True), 1)
    centred = np.where(known, shocks - mean, 0.0)
    std = np.sqrt((centred**2).sum(1) / np.maximum(known.sum(1), 1))
    unit = centred / np.where(std > 0, std, 1.0)[:, None]
    raw = np.where(count > 2, unit @ unit.T / np.maximum(count, 1), 0.0)
    raw = np.clip(raw, -1.0, 1.0)
    apart = ~np.eye(len(raw), dtype=bool)
    spare = ((1 - raw**2) ** 2 / np.maximum(count, 1))[apart & (count > 2)].sum()
    size = (raw**2)[apart].sum()
    share = 1.0 if size == 0 else float(np.clip(spare / size, 0.01, 1.0))
    return _positive(np.where(apart, (1 - share) * raw, 1.0))


def _positive(matrix: Float64[np.ndarray, "lanes lanes"]) -> Float64[np.ndarray, "lanes lanes"]:
    """The matrix; if gaps made an eigenvalue negative, the nearest mixture of the matrix with independence."""
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least >= 1e-6:
        return matrix
    share = (1e-6 - least) / (1 - least)
    return (1 - share) * matrix + share * np.eye(len(matrix))
