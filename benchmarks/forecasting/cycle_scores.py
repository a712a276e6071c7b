"""The error of a cycle's forecast against the noiseless truth, beside the errors of seasonal copies."""

import numpy as np
import pandas as pd

from benchmarks.forecasting.cycle_series import Cell, Lanes

RATIO, MARGIN = 1.5, 0.01
"""A cell passes if its error is at most RATIO times that of the last cycle, plus MARGIN deviations."""


def scored(cell: Cell, lanes: Lanes, median: np.ndarray) -> dict[str, float | bool]:
    """Mean absolute errors in deviations of the noiseless series: the median's, the last cycle's, the best copy's.

    Args:
        cell: What was asked.
        lanes: Its series.
        median: The forecasts (phases, horizon).
    """
    stack = copies(cell, lanes)
    last, best = first_known(stack), mean_known(stack)
    error, last_error, best_error = (float(np.abs(one - lanes.truth).mean()) for one in (median, last, best))
    limit = RATIO * last_error + MARGIN
    return {"error": error, "last": last_error, "best": best_error, "limit": limit, "passed": error <= limit}


def copies(cell: Cell, lanes: Lanes) -> np.ndarray:
    """The history moved by 1, 2, ... periods, (phases, repetitions, horizon); NaN where missing."""
    history = np.where(lanes.observed, lanes.values, np.nan)
    begins = [cell.length - round(k * cell.period) for k in range(1, cell.repetitions + 1)]
    return np.stack([history[:, begin : begin + cell.horizon] for begin in begins], axis=1)


def first_known(stack: np.ndarray) -> np.ndarray:
    """Of each phase the last observed value: the seasonal naive forecast."""
    known = ~np.isnan(stack)
    last = np.take_along_axis(stack, known.argmax(1)[:, None], axis=1)[:, 0]
    return on_the_circle(last)


def mean_known(stack: np.ndarray) -> np.ndarray:
    """Of each phase the mean of all its observed values."""
    known = ~np.isnan(stack)
    mean = np.where(known, stack, 0).sum(1) / np.where(known.any(1), known.sum(1), np.nan)
    return on_the_circle(mean)


def on_the_circle(cycle: np.ndarray) -> np.ndarray:
    """Phases that were never observed, on the line between their neighbours; the cycle closes."""
    steps = np.arange(cycle.shape[1])
    return np.stack([np.interp(steps, steps[~np.isnan(row)], row[~np.isnan(row)], period=len(steps)) for row in cycle])


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of the errors over cells, and the share of cells that pass, by shape and noise, and of all that must."""
    plain = ~rows["missing"] & ~rows["given"]
    must = rows["noise"] <= 0.1
    bands = pd.cut(rows["period"], [0, 48, 96, 168, 240, 366], labels=["24-48", "-96", "-168", "-240", "-366"])
    parts = {
        "noise to 10 %": must & plain,
        "and missing values": must & rows["missing"] & ~rows["given"],
        "and the season given": must & ~rows["missing"] & rows["given"],
        "and both": must & rows["missing"] & rows["given"],
        **{f"period {band}": must & plain & (bands == band) for band in bands.cat.categories},
        **{f"seen {n} times": must & plain & (rows["repetitions"] == n) for n in sorted(rows["repetitions"].unique())},
        **{f"noise {100 * noise:g} %": plain & (rows["noise"] == noise) for noise in sorted(rows["noise"].unique())},
        **{shape: must & plain & (rows["shape"] == shape) for shape in rows["shape"].unique()},
    }
    found = {name: pooled(rows[part]) for name, part in parts.items() if part.any()}
    return pd.DataFrame(found).T


def pooled(rows: pd.DataFrame) -> dict[str, float]:
    """Of cells: how many, mean errors, and the share that passes."""
    means = {name: rows[name].mean() for name in ("error", "last", "best", "limit")}
    return {"cells": len(rows), **means, "passed": rows["passed"].mean()}
