"""What several test modules of forecasting share: frames, predictors that show what they are given, odd series."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from segue import LEVELS, Forecast
from segue.forecasting.predictor import History

LENGTHS = (1, 2, 3, 5, 8, 13, 24, 25, 48, 61, 100, 168, 200, 337, 500, 720, 721, 1000, 1500, 2000)
"""How many steps the series of the corpus have."""
_PERIODS = (2, 3, 4, 5, 7, 12, 24, 30, 48, 52, 60, 96, 168, 365)


class LastValue:
    """The last value, with quantiles `level - 1/2` around it; it keeps the histories it was shown."""

    name, context, fingerprint = "Last", 8, "last"

    def __init__(self, batch: int = 128):
        self.batch = batch
        self.shown: list[History] = []

    def predict(self, history: History, horizon: int) -> Forecast:
        self.shown.append(history)
        quantiles = history.values[:, -1:, None] + np.array(LEVELS) - 0.5
        return Forecast(quantiles.repeat(horizon, axis=1))


class Mean:
    """The mean of all values it is given, so that any value in the wrong place or lost shows."""

    name, fingerprint = "Mean", "mean"

    def __init__(self, context: int = 8):
        self.context = context

    def predict(self, history: History, horizon: int) -> Forecast:
        weight = history.observed * 2.0 ** np.arange(-history.values.shape[1], 0)
        mean = (weight * history.values).sum(1) / weight.sum(1)
        return Forecast(np.broadcast_to(mean[:, None, None], (len(mean), horizon, len(LEVELS))).copy())


def long_frame(lengths=(5, 12, 1), start="2024-01-30", freq="D"):
    """Series a, b, c, ... whose value is 100 times the number of the series plus the step."""
    parts = [
        pd.DataFrame(
            {
                "unique_id": "abcdefgh"[k],
                "ds": pd.date_range(start, periods=n, freq=freq),
                "y": 100.0 * k + np.arange(n),
            }
        )
        for k, n in enumerate(lengths)
    ]
    return pd.concat(parts, ignore_index=True)


def several(lengths=(60, 47, 33), seed=0):
    """Monthly series of unequal lengths that end together."""
    noise, months = np.random.default_rng(seed), pd.date_range("2015-01-01", periods=60, freq="MS")
    parts = [
        pd.DataFrame({"unique_id": f"s{k}", "ds": months[60 - n :],
                      "y": 30 + 9 * np.sin(np.arange(n) * np.pi / 6) + noise.normal(size=n)})
        for k, n in enumerate(lengths)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def times_of(freq, count):
    """`count` times at a step of each kind."""
    if freq == "3":
        return np.arange(7, 7 + 3 * count, 3)
    if freq == "M":  # the 30th, or the last of February
        return pd.DatetimeIndex([min(d, d.replace(day=30)) if d.month != 2 else d for d in times_of("ME", count)])
    return pd.date_range("2024-02-09", periods=count, freq=freq)


def rows_of(freq="D", lengths=(40, 25, 12), seed=0, missing=0.1):
    """Series a, b, c, ... that all end together, with missing rows and values between first and last."""
    random, times = np.random.default_rng(seed), times_of(freq, max(lengths))
    parts = []
    for name, length in zip("abcdefgh", lengths, strict=False):
        y = np.where(random.random(length) < missing, np.nan, random.normal(size=length).cumsum())
        y[[0, -1]] = 1.0
        part = pd.DataFrame({"unique_id": name, "ds": times[-length:], "y": y})
        parts.append(part[(random.random(length) > missing) | (np.isin(np.arange(length), (0, length - 1)))])
    return pd.concat(parts, ignore_index=True)


def feed(stream, frames, memory=None):
    """The memory of a stream after some frames, and the report of each."""
    memory = stream.start() if memory is None else memory
    reports = []
    for frame in frames:
        memory, report = stream.update(memory, frame)
        reports.append(report)
    return memory, reports


def pieces(frame, cuts):
    """A frame cut at some rows."""
    edges = [0, *sorted(min(cut, len(frame)) for cut in cuts), len(frame)]
    return [frame.iloc[a:b] for a, b in pairwise(edges) if b > a]


def day(number, y, name="a"):
    """One row of a daily series."""
    return pd.DataFrame({"unique_id": name, "ds": [pd.Timestamp("2025-01-01") + pd.Timedelta(days=number)], "y": [y]})


def days(*numbers, name="a"):
    """Rows of a daily series whose values are the numbers of the days."""
    return pd.concat([day(number, float(number), name) for number in numbers], ignore_index=True)


def corpus(lengths: tuple[int, ...] = LENGTHS) -> dict[int, dict[str, np.ndarray]]:
    """Ordinary and odd series by length and name, NaN where a value is missing: 23 kinds of each length."""
    return {length: dict(_kinds(length, LENGTHS.index(length))) for length in lengths}


def _kinds(length: int, number: int) -> Iterator[tuple[str, np.ndarray]]:
    random, period, time = np.random.default_rng(number), _PERIODS[number % len(_PERIODS)], np.arange(length)
    noise, wave = random.normal(size=length), np.sin(2 * np.pi * time / period)
    walk = noise.cumsum()
    yield "walk", 100 + walk
    yield "noise", random.normal(size=length)
    yield "line", 3 - 0.25 * time
    yield "noisy line", 0.1 * time + noise
    yield "wave", 10 * wave
    yield "noisy wave on a line", 50 + 10 * wave + 0.05 * time + noise
    yield "growing wave", np.exp(time / 500) * (20 + 5 * wave + 0.5 * noise)
    yield "two cycles", 10 * wave + 4 * np.sin(2 * np.pi * time / (7 * period)) + 0.3 * noise
    yield "repeated numbers", random.integers(0, 9, period)[time % period].astype(float)
    yield "sawtooth", time % period + 0.1 * noise
    yield "counts", random.poisson(3.0, length).astype(float)
    yield "rare counts", random.poisson(0.2, length).astype(float)
    yield "intermittent", np.where(random.random(length) < 0.1, random.gamma(2.0, 5.0, length), 0.0)
    yield "constant", np.full(length, 3.3)
    yield "constant at last", np.where(time < length // 2, noise, 1.5)
    yield "spikes", noise + 1000.0 * (random.random(length) < 0.02)
    yield "steps", 5.0 * random.integers(0, 4, length // 50 + 1).repeat(50)[:length] + 0.1 * noise
    yield "gaps", np.where(random.random(length) < 0.3, np.nan, 5 * wave + noise)
    yield "long gap", np.where((time > length // 3) & (time < length // 2), np.nan, 5 * wave + walk)
    yield "missing at the end", np.where(time < length - min(length // 4, 30), 5 * wave + noise, np.nan)
    yield "tiny", 1e-9 * (10 * wave + walk)
    yield "huge", 1e15 * (10 * wave + walk)
    yield "ripple on a huge level", 1e15 + np.round(1e5 * (wave + 0.3 * noise))
