"""The eight public sets of the zero-shot table, with the horizons and seasons of the Chronos benchmark."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from segue.forecast.panel import Panel
from segue.forecast.reading import read_frame

View = Literal["official", "validation"]
SHORTEST = 7  # a shorter history is left out of the validation view


@dataclass(frozen=True)
class DataSet:
    """One file of series and how it is asked about."""

    name: str
    frequency: str
    horizon: int
    season: int


SETS = (
    DataSet("m1_yearly", "yearly", horizon=6, season=1),
    DataSet("m1_quarterly", "quarterly", horizon=8, season=4),
    DataSet("m1_monthly", "monthly", horizon=18, season=12),
    DataSet("tourism_yearly", "yearly", horizon=4, season=1),
    DataSet("tourism_quarterly", "quarterly", horizon=8, season=4),
    DataSet("tourism_monthly", "monthly", horizon=24, season=12),
    DataSet("m4_hourly", "hourly", horizon=48, season=24),
    DataSet("m4_weekly", "weekly", horizon=13, season=1),
)


@dataclass(frozen=True, eq=False)
class Task:
    """Histories, and what came after them.

    Attributes:
        panel: The histories.
        history: The same, (series, time), NaN before a series began.
        actual: (series, horizon).
    """

    dataset: DataSet
    panel: Panel
    history: np.ndarray
    actual: np.ndarray


def load_task(folder: Path, dataset: DataSet, view: View) -> Task:
    """Reads a set and cuts it.

    Args:
        folder: Holds `<name>.parquet`, long: unique_id, ds, y, split (`train` or `test`), rows by time.
        dataset: Which set.
        view: `official`: the train rows, then the first `horizon` test rows. `validation`: the train rows alone, of
            which the last `horizon` are the target; for choices, so that the official view stays unseen.
    """
    horizon = dataset.horizon
    frame = pd.read_parquet(folder / f"{dataset.name}.parquet")
    train, test = (frame[frame["split"] == part] for part in ("train", "test"))
    if view == "validation":
        long = train.groupby("unique_id")["y"].transform("size") >= horizon + SHORTEST
        train = train[long]
        before_end = train.groupby("unique_id").cumcount(ascending=False)
        train, test = train[before_end >= horizon], train[before_end < horizon]
    # the place of a row is its time: these sets are gapless, and some have no dates
    train = train.assign(step=train.groupby("unique_id").cumcount())
    panel = read_frame(train[["unique_id", "step", "y"]], freq=1, time_col="step").panel
    values, observed = panel.lanes(np.arange(len(panel)), int(panel.lengths.max()))
    test = test.assign(step=test.groupby("unique_id").cumcount())
    actual = test[test["step"] < horizon].pivot(index="unique_id", columns="step", values="y")
    return Task(
        dataset,
        panel,
        np.where(observed.numpy(), values.numpy(), np.nan),
        actual.loc[panel.ids.to_list()].to_numpy(np.float64),
    )
