"""The public sets of the instrument: how each is asked about, and the windows it is cut into.

A set at a horizon is a row of `SETS`. `comparable` sets agree number for number with the published Chronos tables:
their official view is one window, the last, and is run at releases only. All others are development sets: nobody
publishes on these files, horizons or vintages, so choices may look at them.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from segue.forecasting.table.grid.names import frequency_of

View = Literal["official", "validation"]
SHORTEST = 7  # a window with a shorter history is left out
ALIASES = {
    "yearly": "YS",
    "quarterly": "QS",
    "monthly": "MS",
    "weekly": "W",
    "daily": "D",
    "hourly": "h",
    "half-hourly": "30min",
    "quarter-hourly": "15min",
    "5-minutely": "5min",
}
"""The names of frequencies as tables have them."""


@dataclass(frozen=True)
class DataSet:
    """Some series, and how they are asked about.

    Attributes:
        name: In results; the name of the file, too, unless `files` says otherwise.
        season: Of MASE and of the seasonal naive forecast; every forecaster is given it.
        windows: Rolling windows a series at most.
        stride: Steps between windows; no multiple of the season, so that they begin at different steps of it.
        comparable: Agrees with published tables.
        zero_missing: Missing values are zeros, as the tables have it.
    """

    name: str
    frequency: str
    horizon: int
    season: int
    windows: int = 1
    stride: int = 1
    comparable: bool = False
    zero_missing: bool = False
    files: tuple[str, ...] = ()

    @property
    def seasons(self) -> tuple[float, ...]:
        """The season of the scores, then those of the calendar, which a table with times gives to every forecaster."""
        times = np.array(["2000-01-01", "2000-02-01"], dtype="datetime64[us]")
        calendar = frequency_of(ALIASES[self.frequency], times).seasons
        return float(self.season), *(season for season in calendar if season != self.season)


def at_horizons(name: str, frequency: str, season: int, *horizons: int, **how: Any) -> tuple[DataSet, ...]:
    return tuple(DataSet(name, frequency, horizon, season, **how) for horizon in horizons)


ETTH = {"windows": 5, "stride": 499, "files": ("etth1", "etth2")}

SETS = (
    DataSet("m1_yearly", "yearly", horizon=6, season=1, comparable=True),
    DataSet("m1_quarterly", "quarterly", horizon=8, season=4, comparable=True),
    DataSet("m1_monthly", "monthly", horizon=18, season=12, comparable=True),
    DataSet("tourism_quarterly", "quarterly", horizon=8, season=4, comparable=True),
    DataSet("tourism_monthly", "monthly", horizon=24, season=12, comparable=True),
    DataSet("m4_hourly", "hourly", horizon=48, season=24, comparable=True),
    DataSet("m4_weekly", "weekly", horizon=13, season=1, comparable=True),
    DataSet("exchange_rate", "daily", horizon=30, season=5, windows=5, stride=97, comparable=True),
    *at_horizons("etth", "hourly", 24, 24, comparable=True, **ETTH),
    # the published rows of these two are of other files
    DataSet("tourism_yearly", "yearly", horizon=4, season=1),
    DataSet("car_parts", "monthly", horizon=12, season=12, zero_missing=True),
    DataSet("m4_yearly_sample", "yearly", horizon=6, season=1),
    DataSet("m4_quarterly_sample", "quarterly", horizon=8, season=4),
    DataSet("m4_monthly_sample", "monthly", horizon=18, season=12),
    DataSet("m4_daily_sample", "daily", horizon=14, season=1),
    DataSet("nn3_monthly", "monthly", horizon=18, season=12),
    DataSet("world_gdp", "yearly", horizon=6, season=1),
    DataSet("fred_qd", "quarterly", horizon=8, season=4),
    DataSet("fred_md", "monthly", horizon=12, season=12),
    DataSet("aus_retail", "monthly", horizon=24, season=12),
    DataSet("aus_livestock", "monthly", horizon=24, season=12),
    DataSet("avocado_weekly", "weekly", horizon=13, season=52, windows=2, stride=13),
    *at_horizons("ili_us", "weekly", 52, 24, 60, windows=5, stride=17),
    DataSet("us_births", "daily", horizon=30, season=7, windows=20, stride=97),
    DataSet("saugeen_river", "daily", horizon=30, season=7, windows=20, stride=97),
    *at_horizons("exchange_rate", "daily", 5, 96, 336, windows=5, stride=97),
    *at_horizons("etth", "hourly", 24, 96, 336, **ETTH),
    *at_horizons("pjm_hourly", "hourly", 24, 24, 168, 336, windows=5, stride=1003),
    *at_horizons("pedestrian_melb", "hourly", 24, 24, 168, windows=10, stride=499),
    *at_horizons("vic_elec", "half-hourly", 48, 48, 336, windows=20, stride=1013),
    *at_horizons("ettm1", "quarter-hourly", 96, 24, 96, 336, windows=5, stride=2011),
    DataSet("los_loop_speed", "5-minutely", horizon=24, season=288, windows=2, stride=499),
)


@dataclass(frozen=True, eq=False)
class Task:
    """The windows of a set: histories, and what came after them. A lane is a window of a series.

    Attributes:
        series: Whose window each lane is.
        histories: Everything before the cut, (time,) each; NaN where missing.
        actual: (lanes, horizon); NaN where missing.
    """

    dataset: DataSet
    series: list[str]
    histories: list[np.ndarray]
    actual: np.ndarray

    def __len__(self) -> int:
        return len(self.series)

    def lanes(self, picked: np.ndarray, context: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The last `context` values of some lanes, aligned at the last, which are observed, and the seasons of each."""
        recent = [self.histories[lane][-context:] for lane in picked]
        values = np.full((len(recent), max(map(len, recent))), np.nan)
        for row, history in zip(values, recent, strict=True):
            row[len(row) - len(history) :] = history
        observed = ~np.isnan(values)
        return np.where(observed, values, 0.0), observed, np.tile(self.dataset.seasons, (len(recent), 1))


def load_task(folder: Path, dataset: DataSet, view: View) -> Task:
    """Reads a set and cuts it.

    Args:
        folder: Holds `<file>.parquet`, long: unique_id, y, split (`train`, perhaps `val`, then `test`), rows by time.
        dataset: Which set.
        view: `official`: windows in the test rows. `validation`: windows that end before them, for choices.
    """
    series, histories, actual = [], [], []
    for file in dataset.files or (dataset.name,):
        for name, values, test in read_series(folder / f"{file}.parquet"):
            values = np.nan_to_num(values) if dataset.zero_missing else values
            for cut in cuts(dataset, view, len(values), test):
                series.append(f"{file}/{name}")
                histories.append(values[:cut])
                actual.append(values[cut : cut + dataset.horizon])
    return Task(dataset, series, histories, np.stack(actual) if actual else np.empty((0, dataset.horizon)))


def cuts(dataset: DataSet, view: View, length: int, test: int) -> list[int]:
    """Where the histories end, the last first; none if the part of the view is shorter than a horizon."""
    official = view == "official"
    windows = 1 if official and dataset.comparable else dataset.windows
    last = length - (0 if official else test) - dataset.horizon
    first = length - test if official else SHORTEST
    return [cut for cut in (last - dataset.stride * window for window in range(windows)) if cut >= first]


@lru_cache(maxsize=2)
def read_series(path: Path) -> list[tuple[str, np.ndarray, int]]:
    """Name, values and number of test rows of each series, without unobserved values at the beginning.

    The index of a row is its time: the files are gapless, with NaN for missing, and some have no dates.
    """
    found = []
    for name, rows in pd.read_parquet(path, columns=["unique_id", "y", "split"]).groupby("unique_id", observed=True):
        values = rows["y"].to_numpy(np.float64)
        began = int(np.flatnonzero(~np.isnan(values))[0])
        first_test = int((rows["split"] == "test").to_numpy().argmax())
        found.append((str(name), values[began:], len(values) - first_test))
    return found
