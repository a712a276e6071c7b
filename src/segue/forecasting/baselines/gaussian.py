"""The forecasts of Gaussian models: quantiles of a normal distribution for each step."""

from statistics import NormalDist

import numpy as np
from jaxtyping import Float64

from segue.forecasting.predictor import LEVELS, Forecast

_STANDARD = np.array([NormalDist().inv_cdf(level) for level in LEVELS])


def gaussian_forecast(point: Float64[np.ndarray, "lanes steps"], std: Float64[np.ndarray, "lanes steps"]) -> Forecast:
    """Makes a forecast whose values are normally distributed around `point`.

    Args:
        point: The median of each value, in the unit of the series.
        std: The standard deviation of each value, in the unit of the series.
    """
    return Forecast(point[..., None] + std[..., None] * _STANDARD)
