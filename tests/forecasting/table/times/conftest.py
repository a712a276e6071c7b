"""Reads columns of times as if today were 27 November 2026, and a table through the front door."""

import datetime as dt

import numpy as np
import pandas as pd

import segue
from segue.forecasting.table.times.read import read_times

TODAY = dt.date(2026, 11, 27)


def read(*columns, names=("time", "b", "c", "d"), form=None):
    return [*reading(*columns, names=names, form=form).times.astype(str)]


def reading(*columns, names=("time", "b", "c", "d"), form=None):
    named = {name: pd.Series(column) for name, column in zip(names, columns, strict=False)}
    return read_times(named, form, TODAY)


def written(start, periods, freq, form):
    """The times of a range and their texts."""
    times = pd.date_range(start, periods=periods, freq=freq)
    return times.astype(str).tolist(), times.strftime(form).tolist()


def next_times(times, horizon=2, **layout):
    """The times that follow rows of one series, by the front door."""
    columns = times if isinstance(times, dict) else {"ds": times}
    rows = len(next(iter(columns.values())))
    frame = pd.DataFrame({**columns, "y": np.arange(rows) % 7.0})
    layout.setdefault("time_col", list(columns))
    forecast = segue.forecast(frame, horizon, model="seasonal-naive:1", **layout)
    return forecast.iloc[:, 1].astype(str).tolist()
