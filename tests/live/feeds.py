"""Rows of a small feed in which all happens: a season, noise, gaps, an outlier and a shift of level."""

import numpy as np
import pandas as pd

HOUR = 3_600_000_000


def feed(lanes=3, steps=120, seed=0):
    """Hourly rows of some lanes in the order of time: a season of 6, noise, gaps, an outlier and a shift of level."""
    rng = np.random.default_rng(seed)
    values = np.tile([1.0, 3.0, 7.0, 7.0, 4.0, 2.0], steps // 6)[:, None] + rng.normal(0, 0.1, (steps, lanes))
    values[steps // 2, 0] = 40.0
    values[2 * steps // 3 :, 1:2] += 30
    values[rng.random((steps, lanes)) < 0.03] = np.nan
    times = np.datetime64("2024-01-01", "us") + np.arange(steps) * np.timedelta64(HOUR, "us")
    names = np.array([f"m{lane}" for lane in range(lanes)], dtype=object)
    return np.tile(names, steps), np.repeat(times, lanes), values.ravel()


def table(lanes=3, steps=120, seed=0):
    """The rows as a frame."""
    names, times, values = feed(lanes, steps, seed)
    return pd.DataFrame({"meter": names, "ds": times, "load": values.round(3)})
