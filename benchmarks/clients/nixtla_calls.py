"""The calls of Nixtla's client that `segue serve` answers, and what the library gives for each.

A call takes a client and returns pairs of columns: those of its answer, and those that they should equal. What has to
be the same to the bit (times, cutoffs, flags) is asserted. The server has the models `nanotst` and `seasonal-naive`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import segue

Column = NDArray[np.float64]
Pairs = Iterator[tuple[Column, Column, Column]]
"""Theirs, ours, and the size that a difference is divided by: the value, or the width of its band."""


def rows(lengths: tuple[int, ...] = (300, 260)) -> pd.DataFrame:
    """Series of hours in single precision, which the client sends: a day and noise."""
    random, parts = np.random.default_rng(0), []
    for number, length in enumerate(lengths):
        steps = np.arange(length)
        y = 10 * (number + 1) + 3 * np.sin(steps * 2 * np.pi / 24) + random.normal(0, 0.5, length)
        times = pd.date_range("2026-03-01", periods=length, freq="h")
        parts.append(pd.DataFrame({"unique_id": number, "ds": times, "y": y.astype(np.float32)}))
    return pd.concat(parts, ignore_index=True)


def same(found: pd.DataFrame, wanted: pd.DataFrame, *columns: str) -> Pairs:
    """Pairs of the point forecast and of columns such as `lo-80`; a bound is compared by the width of its band."""
    for key in ("unique_id", "ds"):
        assert found[key].tolist() == wanted[key].tolist(), key
    point = wanted["NanoTST"].to_numpy()
    yield found["TimeGPT"].to_numpy(), point, np.abs(point)
    for column in columns:
        ours = wanted[f"NanoTST-{column}"].to_numpy()
        other = column.replace("lo-", "hi-") if "lo-" in column else column.replace("hi-", "lo-")
        width = np.abs(wanted[f"NanoTST-{other}"].to_numpy() - ours) if other != column else np.abs(ours)
        yield found[f"TimeGPT-{column}"].to_numpy(), ours, np.maximum(width, np.abs(ours) / 100)  # seven digits only


def forecast(client: Any) -> Pairs:
    frame = rows()
    yield from same(client.forecast(frame, h=12), segue.forecast(frame, 12))


def forecast_of_columns_with_other_names(client: Any) -> Pairs:
    names = {"unique_id": "shop", "ds": "hour", "y": "sold"}
    frame, options = rows(), {"id_col": "shop", "time_col": "hour", "target_col": "sold"}
    found = client.forecast(frame.rename(columns=names), h=12, **options)
    yield from same(found.rename(columns={"shop": "unique_id", "hour": "ds"}), segue.forecast(frame, 12))


def forecast_with_levels(client: Any) -> Pairs:
    frame = rows()
    found = client.forecast(frame, h=12, level=[80, 95])
    yield from same(found, segue.forecast(frame, 12, levels=(80, 95)), "lo-80", "hi-80", "lo-95", "hi-95")


def forecast_with_quantiles(client: Any) -> Pairs:
    frame, levels = rows(), (0.1, 0.5, 0.9)
    found = client.forecast(frame, h=12, quantiles=list(levels))
    yield from same(found, segue.forecast(frame, 12, quantiles=levels), "q-10", "q-50", "q-90")


def forecast_far_ahead(client: Any) -> Pairs:
    frame = rows()
    yield from same(client.forecast(frame, h=700, level=[80]), segue.forecast(frame, 700), "lo-80", "hi-80")


def forecast_of_days(client: Any) -> Pairs:
    frame = rows()
    frame["ds"] = (
        frame.groupby("unique_id").cumcount().map(lambda day: pd.Timestamp("2025-01-01") + pd.Timedelta(days=day))
    )
    yield from same(client.forecast(frame, h=14), segue.forecast(frame, 14))


def forecast_with_history(client: Any) -> Pairs:
    frame = rows()
    past = segue.fitted(frame)
    past = past[past.groupby("unique_id").cumcount() > 0]
    wanted = pd.concat([past, segue.forecast(frame, 4)]).sort_values(["unique_id", "ds"])
    found = client.forecast(frame, h=4, level=[80], add_history=True)
    yield from same(found, wanted, "lo-80", "hi-80")


def forecast_with_covariates(client: Any) -> Pairs:
    frame = rows()
    frame["x"] = np.random.default_rng(1).normal(size=len(frame)).astype(np.float32)
    frame["y"] += 3 * frame["x"]
    past = frame.groupby("unique_id").head(250)
    future = frame.drop(past.index).groupby("unique_id").head(6).drop(columns="y")
    found = client.forecast(past, h=6, X_df=future, level=[80])
    yield from same(found, segue.forecast(past, 6, future=future), "lo-80", "hi-80")


def forecast_with_missing_values(client: Any) -> Pairs:
    frame = rows()
    frame.loc[[3, 50, 51, 270], "y"] = np.nan
    yield from same(client.forecast(frame, h=5, freq="h"), segue.forecast(frame, 5))


def forecast_of_integer_times(client: Any) -> Pairs:
    frame = rows()
    frame = frame.assign(ds=frame.groupby("unique_id").cumcount() + 7)
    yield from same(client.forecast(frame, h=5, freq=1), segue.forecast(frame, 5))


def forecast_by_another_model(client: Any) -> Pairs:
    frame = rows()
    wanted = segue.forecast(frame, 12, model="seasonal-naive")
    yield from same(
        client.forecast(frame, h=12, model="seasonal-naive"), wanted.rename(columns={"SeasonalNaive": "NanoTST"})
    )


def forecast_of_a_megabyte(client: Any) -> Pairs:
    """The client packs what is larger than a megabyte."""
    frame = rows((1_000,) * 120)
    yield from same(client.forecast(frame, h=3), segue.forecast(frame, 3))


def forecast_in_partitions(client: Any) -> Pairs:
    frame = rows()
    yield from same(client.forecast(frame, h=3, num_partitions=2), segue.forecast(frame, 3))


def forecast_as_a_job(client: Any) -> Pairs:
    frame = rows()
    yield from same(client.jobs.forecast(frame, h=12).wait(), segue.forecast(frame, 12))


def cross_validation(client: Any) -> Pairs:
    frame = rows()
    found = client.cross_validation(frame, h=6, n_windows=3, step_size=4, level=[80])
    wanted = segue.backtest(frame, 6, 3, models="nanotst", step=4, levels=80).forecasts
    assert found["cutoff"].tolist() == wanted["cutoff"].tolist()
    yield from same(found, wanted, "lo-80", "hi-80")


def cross_validation_with_covariates(client: Any) -> Pairs:
    frame = rows()
    frame["x"] = np.random.default_rng(1).normal(size=len(frame)).astype(np.float32)
    frame["y"] += 3 * frame["x"]
    found = client.cross_validation(frame, h=6, n_windows=2)
    wanted = segue.backtest(frame, 6, 2, models="nanotst", step=6, covariates=["x"]).forecasts
    yield from same(found, wanted)


def anomalies(client: Any) -> Pairs:
    frame = rows()
    frame.loc[280, "y"] += 40
    found, wanted = client.detect_anomalies(frame, level=99), segue.detect(frame, 99).dropna(subset="NanoTST")
    assert found["anomaly"].tolist() == wanted["anomaly"].tolist()
    yield from same(found, wanted, "lo-80", "hi-80")


def online_anomalies(client: Any) -> Pairs:
    frame = rows()
    frame.loc[280, "y"] += 40
    found = client.detect_anomalies_online(frame, h=12, detection_size=40, level=99)
    wanted = segue.detect(frame, 99, refresh=12).groupby("unique_id").tail(40)
    assert found["anomaly"].tolist() == wanted["anomaly"].tolist()
    assert found["anomaly"].any()
    yield found["anomaly_score"].to_numpy(), wanted["score"].to_numpy(), np.ones(len(wanted))
    yield from same(found, wanted)


def simulated_paths(client: Any) -> Pairs:
    frame = rows()
    found = client.simulate(frame, h=5, n_paths=20, seed=4)
    wanted = segue.simulate(frame, 5, paths=20, seed=4).sort_values(["path", "unique_id", "ds"])
    yield from same(found, wanted)


def validated_key(client: Any) -> Pairs:
    assert client.validate_api_key()
    yield from ()


def usage(client: Any) -> Pairs:
    """Each request counts one."""
    before, after = (client.usage()["requests"]["used"] for _ in range(2))
    assert after == before + 1
    yield from ()


def models(client: Any) -> Pairs:
    assert client.list_models() == ["nanotst", "seasonal-naive"]
    yield from ()


def a_mistake(client: Any) -> Pairs:
    """One line, and no second try."""
    message = ""
    try:
        client.forecast(rows(), h=3, finetune_steps=5)
    except Exception as error:  # the client's own class is not imported here
        message = str(error)
    assert "finetune_steps: the model is not fine-tuned" in message, message
    yield from ()


CALLS: tuple[Callable[[Any], Pairs], ...] = (
    forecast,
    forecast_of_columns_with_other_names,
    forecast_with_levels,
    forecast_with_quantiles,
    forecast_far_ahead,
    forecast_of_days,
    forecast_with_history,
    forecast_with_covariates,
    forecast_with_missing_values,
    forecast_of_integer_times,
    forecast_by_another_model,
    forecast_of_a_megabyte,
    forecast_in_partitions,
    forecast_as_a_job,
    cross_validation,
    cross_validation_with_covariates,
    anomalies,
    online_anomalies,
    simulated_paths,
    validated_key,
    usage,
    models,
    a_mistake,
)
"""All calls, in the order of the table."""


def largest_difference(call: Callable[[Any], Pairs], client: Any) -> tuple[int, float]:
    """How many numbers a call compares, and their largest difference in units of the value or of its band.

    Raises:
        AssertionError: A number is missing on one side only.
    """
    count, largest = 0, 0.0
    for theirs, ours, size in call(client):
        theirs, ours = theirs.astype(np.float64), ours.astype(np.float64)
        assert (np.isnan(theirs) == np.isnan(ours)).all()
        known = ~np.isnan(ours)
        count += int(known.sum())
        largest = max(largest, float((np.abs(theirs - ours)[known] / np.maximum(size[known], 1e-12)).max(initial=0.0)))
    return count, largest
