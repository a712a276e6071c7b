"""`segue.detect`: what a watch says of each row, as a table."""

import numpy as np
import pandas as pd
import pytest

from segue.errors import UserError
from segue.live.detect import detect
from segue.live.watch import Watch

MODEL = "seasonal-naive:2"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Two series of 300 hours around 1, 2, 1, 2; one has an anomaly, and a row is missing."""
    draw, hours = np.random.default_rng(0), pd.date_range("2024-01-01", periods=300, freq="h")
    series = [np.resize([1.0, 2.0], 300) + draw.normal(0, 0.1, 300) for _ in range(2)]
    series[1][250] = 9.0
    long = pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": hours, "y": y}) for name, y in zip("ab", series, strict=True)]
    )
    return long.reset_index(drop=True).drop(index=100)


def test_it_says_what_a_watch_says_row_by_row(frame):
    """Catches rows that are judged with what came later, or that are written to other rows."""
    found = detect(frame, model=MODEL, warm_up=64)
    watch = Watch(MODEL, warm_up=64, freq="h")
    rows = frame.sort_values(["ds", "unique_id"])
    parts = [watch.observe(p["unique_id"], p["ds"], p["y"]).frame() for _, p in rows.groupby("ds")]
    alone = pd.concat(parts).sort_values(["unique_id", "ds"])
    assert found["unique_id"].tolist() == alone["unique_id"].tolist()
    for column, other in {"SeasonalNaive": "expected", "SeasonalNaive-lo-80": "lower", "score": "score"}.items():
        np.testing.assert_array_equal(found[column], alone[other])
    assert len(found) == len(frame)


def test_the_anomaly_is_found_and_the_level_is_a_rate(frame):
    """The value 9 is found at 99.9; a lower level finds it and more, and not many."""
    strict, loose = (detect(frame, level, model=MODEL, warm_up=64) for level in (99.9, 90))
    assert strict.loc[strict["anomaly"], "ds"].tolist() == [pd.Timestamp("2024-01-01") + pd.Timedelta(hours=250)]
    assert (loose["anomaly"] | ~strict["anomaly"]).all()
    assert strict["anomaly"].sum() < loose["anomaly"].sum() < 0.15 * len(frame)
    warming = strict.groupby("unique_id").head(64)
    assert not warming["anomaly"].any()
    assert not warming["score"].any()


def test_names_of_the_table_stay_and_numbered_rows_work(frame):
    """Catches fixed names of columns, and rows without times."""
    renamed = frame.rename(columns={"unique_id": "meter", "ds": "when", "y": "kwh"})
    found = detect(renamed, model=MODEL, warm_up=64, id_col="meter", time_col="when", target_col="kwh")
    assert list(found.columns[:2]) == ["meter", "when"]
    numbered = detect(frame, model=MODEL, warm_up=64, freq="rows")
    assert numbered["anomaly"].sum() >= 1


@pytest.mark.parametrize("level", [49, 99.95, 100])
def test_a_level_out_of_range_is_refused(frame, level):
    """Catches a level that no calibration reaches, and a fraction for per cent."""
    with pytest.raises(UserError, match=r"level .*: give per cent in \[50, 99.9\]"):
        detect(frame, level, model=MODEL)


def test_a_season_is_refused_since_a_watch_would_not_read_it(frame):
    with pytest.raises(UserError, match="season"):
        detect(frame, model=MODEL, season=24)
