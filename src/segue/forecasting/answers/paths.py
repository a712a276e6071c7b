"""Joint paths: the marginals are the quantiles of a forecast, and the order of the paths comes from a copula."""

from functools import lru_cache
from hashlib import blake2b
from statistics import NormalDist

import numpy as np
from jaxtyping import Float64

from segue.forecasting.predictor import LEVELS


def noise_of(seed: int, name: object, paths: int, steps: int) -> Float64[np.ndarray, "paths steps"]:
    """Returns the random numbers of a series, which depend only on the seed and its name.

    So a series has the same paths alone, in any table and in any order. No two series of a table have one name.

    Args:
        seed: A whole number of at least 0.
        name: The id of the series.
        paths: The number of paths.
        steps: The number of steps of each.
    """
    own = int.from_bytes(blake2b(str(name).encode(errors="surrogatepass"), digest_size=16).digest(), "big")
    return np.random.default_rng([seed, own]).standard_normal((paths, steps))


def join_paths(
    quantiles: Float64[np.ndarray, "lanes steps levels"], scores: Float64[np.ndarray, "lanes paths steps"]
) -> Float64[np.ndarray, "lanes paths steps"]:
    """Gives the values of a forecast to paths, in the order of their scores at each step.

    The paths of a step are the quantiles of the levels (k - 1/2) / paths, so the marginals have no sampling error. This
    is ensemble copula coupling with quantiles (Schefzik, Thorarinsdottir & Gneiting 2013).

    Args:
        quantiles: The quantiles at `LEVELS`.
        scores: Any numbers whose ranks decide which path is high at which step.
    """
    joined = np.empty(scores.shape)
    np.put_along_axis(joined, scores.argsort(axis=1), path_values(quantiles, scores.shape[1]), axis=1)
    return joined


def path_values(
    quantiles: Float64[np.ndarray, "lanes steps levels"], paths: int
) -> Float64[np.ndarray, "lanes paths steps"]:
    """Returns the quantiles of the levels (k - 1/2) / paths at each step, ascending; see `_weights`."""
    middle = quantiles[..., [LEVELS.index(0.5)]]  # with distances from it, a future without uncertainty stays exact
    return np.asarray(middle + (quantiles - middle) @ _weights(paths)).transpose(0, 2, 1)


def path_means(quantiles: Float64[np.ndarray, "*shape levels"], paths: int) -> Float64[np.ndarray, "*shape"]:
    """Returns the mean of the values of `path_values`, without making them."""
    middle = quantiles[..., LEVELS.index(0.5)]
    return np.asarray(middle + (quantiles - middle[..., None]) @ _weights(paths).mean(1))


@lru_cache(maxsize=8)
def _weights(paths: int) -> Float64[np.ndarray, "levels paths"]:
    """The weight of each quantile in the values of `paths` paths.

    Values between two levels lie on the line between their quantiles, as in all of Segue. Beyond the levels of 1 and
    99 % the values are those of a normal distribution through the last two quantiles.
    """
    wanted = (np.arange(paths) + 0.5) / paths
    given, normal = np.array(LEVELS), NormalDist()
    right = np.clip(np.searchsorted(given, wanted), 1, len(given) - 1)
    low, high = given[right - 1], given[right]
    share = (wanted - low) / (high - low)
    scores = np.array([normal.inv_cdf(level) for level in LEVELS])
    score = np.array([normal.inv_cdf(level) for level in wanted])
    tail = (score - scores[right - 1]) / (scores[right] - scores[right - 1])
    share = np.where((wanted < given[0]) | (wanted > given[-1]), tail, share)
    weights = np.zeros((len(given), paths))
    weights[right - 1, np.arange(paths)] = 1 - share
    weights[right, np.arange(paths)] += share
    weights.setflags(write=False)
    return weights
