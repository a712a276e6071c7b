"""Feeds for the tests of live series, and predictors that show what they are given."""

import numpy as np

from segue import LEVELS, Forecast, Watch

COLUMNS = ("expected", "lower", "upper", "p", "status")


class Recent:
    """The mean and the deviation of the last values, so that any value in the wrong place or lost shows."""

    name, fingerprint = "Recent", "recent"

    def __init__(self, context=40):
        self.context = context
        self.calls = []

    def predict(self, history, horizon):
        self.calls.append(len(history))
        weight = history.observed * 0.9 ** np.arange(history.values.shape[1])[::-1]
        total = weight.sum(1)
        mean = (weight * history.values).sum(1) / total
        spread = np.sqrt((weight * (history.values - mean[:, None]) ** 2).sum(1) / total) + 1e-6
        steps = np.sqrt(1 + 0.01 * np.arange(horizon))
        quantiles = mean[:, None, None] + spread[:, None, None] * steps[:, None] * 4 * (np.array(LEVELS) - 0.5)
        return Forecast(quantiles)


def feed(lanes=3, steps=260, seed=0, missing=0.05, skipped=0.05, spikes=0.02):
    """Names, times and values of hourly lanes of very different sizes, with gaps, missing values and spikes."""
    random = np.random.default_rng(seed)
    names = np.repeat([f"lane {k}" for k in range(lanes)], steps)
    step = np.tile(np.arange(steps), lanes)
    values = 10 * np.sin(step * 2 * np.pi / 24) + random.normal(size=len(step))
    values[random.random(len(step)) < spikes] *= 9
    values = values * np.repeat(10.0 ** np.arange(-2, lanes - 2), steps) + np.repeat(np.arange(lanes), steps)
    values[random.random(len(step)) < missing] = np.nan
    kept = (random.random(len(step)) >= skipped) | (step == 0)
    kept &= (step < 150) | (step >= 160) | (names != "lane 1")
    kept &= (step < 180) | (step >= 240) | (names != "lane 2")
    times = np.datetime64("2025-03-01T00:20") + step * np.timedelta64(1, "h")
    order = np.argsort(step[kept], kind="stable")  # as they come: step by step
    return names[kept][order], times[kept][order], values[kept][order]


def watch(model=None, **settings):
    """A watch with a short warm-up."""
    return Watch(Recent() if model is None else model, **({"refresh": 6, "warm_up": 40, "freq": "h"} | settings))


def pieces(rows, seed=0, most=40):
    """Slices of up to `most` rows that make up all rows."""
    random, begin = np.random.default_rng(seed), 0
    while begin < rows:
        end = begin + int(random.integers(1, most))
        yield slice(begin, min(end, rows))
        begin = end


def observed(watch, rows, parts):
    """The columns of a watch's answers to parts of rows, joined."""
    answers = [watch.observe(*(column[part] for column in rows)) for part in parts]
    return {name: np.concatenate([getattr(answer, name) for answer in answers]) for name in COLUMNS}


def assert_same_bits(one, other):
    """NaN equals NaN."""
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def picked(lanes, names):
    """A frozen value with its lanes in the order of names."""
    return lanes.select(lanes.index(names))


def assert_same_lanes(one, other):
    assert set(one.names) == set(other.names)
    other = picked(other, one.names)
    np.testing.assert_array_equal(one.last, other.last)
    for name in one.state:
        np.testing.assert_array_equal(one.state[name], other.state[name], err_msg=name)
