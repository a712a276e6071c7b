"""Tables of many series, and their forecasts made in one call, which every engine has to repeat."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import segue

FREQ, HORIZON, MODEL = "h", 7, "nanotst-small"


def table(series: int = 40, seed: int = 0, ids=int) -> pd.DataFrame:
    """Hourly series of 2 to 200 values with gaps, some of which end without a value; ids are large integers or text."""
    random, frames = np.random.default_rng(seed), []
    for one in range(series):
        count = int(random.integers(2, 200))
        values = random.normal(size=count).cumsum() * 10.0 ** (one % 5)
        values[random.random(count) < 0.05] = np.nan
        times = pd.date_range("2024-03-01", periods=count, freq="h").astype("datetime64[us]")
        name = 2**53 + 1 + one if ids is int else f"store {one}"
        frames.append(pd.DataFrame({"shop": name, "at": times, "sold": values}))
    return pd.concat(frames, ignore_index=True)


COLUMNS = {"id_col": "shop", "time_col": "at", "target_col": "sold"}


def whole(frame: pd.DataFrame) -> pd.DataFrame:
    return segue.forecast(frame, HORIZON, model=MODEL, freq=FREQ, levels=(80, 95), mean=True, **COLUMNS)


def work(**options):
    from segue.engines import forecast_partitions

    return forecast_partitions(HORIZON, model=MODEL, freq=FREQ, levels=(80, 95), mean=True, **COLUMNS, **options)


def sorted_rows(frame: pd.DataFrame, *more: str) -> pd.DataFrame:
    return frame.sort_values(["shop", "at", *more]).reset_index(drop=True)


def assert_same_rows(found: pd.DataFrame, expected: pd.DataFrame, **options) -> None:
    """To the bit, in any order of rows."""
    assert_frame_equal(sorted_rows(found), sorted_rows(expected), check_exact=True, **options)


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    return table()


@pytest.fixture(scope="session")
def expected(frame) -> pd.DataFrame:
    return whole(frame)
