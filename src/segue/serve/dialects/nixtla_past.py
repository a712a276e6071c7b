"""Nixtla's calls about the past of series: cross-validation, one-step forecasts and anomalies."""

from typing import Any

import numpy as np

from segue.serve import answers
from segue.serve.asked import Asked
from segue.serve.dialects.nixtla_payload import AnomalyBody, OnlineBody, WindowsBody, asked_of, series_of
from segue.serve.numbers import intervals, listed
from segue.serve.refused import Refused
from segue.serve.service import Service
from segue.serve.table import ID, TIME, Series

_WARM_UP = 128
"""The first values that are not judged, as in `segue.detect`; half of a series that is shorter than twice as many."""

_MOST_REFRESH = 350
"""The most steps from one forecast of a watched series to the next; see `segue.Watch`."""

_NUMBERS = 3
"""The numbers of each row that is judged: the median and the bounds of its band."""


def windows_of(body: WindowsBody, service: Service) -> dict[str, Any]:
    """Answers `/v2/cross_validation`."""
    if body.full_history:
        return _history_of(body, service)
    known = len(body.series.X or ()) - len(body.hist_exog or ())
    series, asked = asked_of(body, service, known=known)
    columns = 1 + 2 * len(asked.levels)
    service.limits.check(len(series.sizes), body.h, body.n_windows * columns)
    found = answers.windows(asked, body.n_windows, body.step_size)
    rows = asked.frame[[ID, TIME]].assign(row=np.arange(len(asked.frame)))
    places = found[[ID, TIME]].merge(rows, how="left", on=[ID, TIME])["row"]
    service.metrics.computed(len(series.sizes), columns * len(found))
    return {
        "mean": listed(found["point"].to_numpy()),
        "sizes": np.bincount(found[ID], minlength=len(series.sizes)).tolist(),
        "idxs": places.tolist(),
        "intervals": intervals(found),
    }


def _history_of(body: WindowsBody, service: Service) -> dict[str, Any]:
    """One-step forecasts of all values but the first of each series, without covariates."""
    plain = body.model_copy(update={"h": 1, "series": body.series.model_copy(update={"X": None, "X_future": None})})
    series, asked = asked_of(plain, service)
    columns = 1 + 2 * len(asked.levels)
    service.limits.check_cells(columns * (len(series.values) - len(series.sizes)))
    found = answers.fitted(asked)
    first = series.first_rows()
    later = np.delete(np.arange(len(found)), first[:-1])
    service.metrics.computed(len(series.sizes), columns * len(later))
    return {
        "mean": listed(found["point"].to_numpy()[later]),
        "sizes": (series.sizes - 1).tolist(),
        "intervals": intervals(found.iloc[later]),
        "feature_contributions": None,
    }


def anomalies_of(body: AnomalyBody, service: Service) -> dict[str, Any]:
    """Answers `/v2/anomaly_detection`: the rows of each series from its first forecast on."""
    service.limits.check_cells(_NUMBERS * len(body.series.y))
    series, found = _judged(body, service, 24, _warm_up(body.series.sizes))
    rows = np.arange(len(found))
    first = series.first_rows()
    judged = np.flatnonzero(found["point"].notna())
    codes = series.codes()
    begins = np.full(len(series.sizes), len(found))
    np.minimum.at(begins, codes[judged], judged)
    kept = rows[rows >= begins[codes]]
    return {
        "mean": listed(found["point"].to_numpy()[kept]),
        "sizes": np.maximum(first[1:] - begins, 0).tolist(),
        "anomaly": found["anomaly"].to_numpy()[kept].tolist(),
        "intervals": intervals(found.iloc[kept]),
        "weights_x": None,
    }


def online_of(body: OnlineBody, service: Service) -> dict[str, Any]:
    """Answers `/v2/online_anomaly_detection`: the last `detection_size` rows of each series."""
    if body.threshold_method != "univariate":
        line = f"threshold_method {body.threshold_method[:40]}: each series is judged by itself; give univariate"
        raise Refused(422, line)
    if body.detection_size < 1 or (body.step_size or 1) < 1 or body.h < 1:
        raise Refused(422, "h, detection_size and step_size: give whole numbers of at least 1")
    service.limits.check(len(body.series.sizes), max(body.h, body.detection_size))
    left = min(body.series.sizes, default=0) - body.detection_size
    refresh = min(body.step_size or body.h, _MOST_REFRESH)
    series, found = _judged(body, service, refresh, min(_WARM_UP, max(2, left)))
    first = series.first_rows()
    sizes = np.minimum(series.sizes, body.detection_size)
    kept = np.concatenate([np.arange(end - size, end) for end, size in zip(first[1:], sizes, strict=True)])
    return {
        "idxs": kept.tolist(),
        "sizes": sizes.tolist(),
        "mean": listed(found["point"].to_numpy()[kept]),
        "anomaly": found["anomaly"].to_numpy()[kept].tolist(),
        "anomaly_score": listed(found["score"].to_numpy()[kept]),
        "intervals": intervals(found.iloc[kept]),
    }


def _warm_up(sizes: list[int]) -> int:
    return min(_WARM_UP, max(2, min(sizes, default=0) // 2))


def _judged(body: AnomalyBody, service: Service, refresh: int, warm_up: int) -> tuple[Series, Any]:
    """All rows with what a watch finds of them."""
    if body.series.X:
        raise Refused(422, "series.X: anomalies are found by values alone; leave out all other columns")
    series = series_of(body, service)
    asked = Asked(series.frame(), service.model(body.model), 1, series.step)
    found = answers.anomalies(asked, body.level, refresh, warm_up)
    service.metrics.computed(len(series.sizes), _NUMBERS * len(found))
    return series, found
