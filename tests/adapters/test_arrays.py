"""Series as arrays: what the adapters forecast equals `segue.forecast` on a table of the same values."""

import numpy as np
import pandas as pd
import pytest

import segue
from segue import UserError
from segue.adapters.arrays import ArrayLanes, quantiles

MODEL = segue.load_predictor("nanotst-small")
LEVELS = (0.5, 0.1, 0.9, 0.025, 0.3)


def values(count: int, seed: int = 0) -> np.ndarray:
    """Two cycles of 12 and 40 steps with noise and gaps; the last value is there."""
    t, random = np.arange(count), np.random.default_rng(seed)
    series = 50 + 9 * np.sin(t / 12 * 2 * np.pi) + 4 * np.sin(t / 40 * 2 * np.pi) + random.normal(size=count)
    series[random.random(count) < 0.1] = np.nan
    series[-1] = 50.0
    return series


def table(series, **columns) -> pd.DataFrame:
    frames = [pd.DataFrame({"unique_id": i, "ds": range(len(one)), "y": one}) for i, one in enumerate(series)]
    return pd.concat(frames, ignore_index=True).assign(**columns)


def expected(series, horizon, levels, **options):
    """The same by the front door, `(series, horizon, levels)`."""
    frame = segue.forecast(table(series), horizon, model=MODEL, levels=(), quantiles=levels, **options)
    columns = [f"NanoTST-small-q-{100 * level:.12g}" for level in levels]
    return frame[columns].to_numpy().reshape(len(series), horizon, len(levels))


@pytest.mark.parametrize("season", [12, (12, 40), 1, None])
def test_arrays_forecast_as_a_table_does(season):
    """Several lengths; the season is given, or shown by the values as for integer times."""
    series = [values(count, count) for count in (5, 80, 300, 1500)]
    found = quantiles(MODEL, ArrayLanes.of(series, season), 9, LEVELS)
    np.testing.assert_array_equal(found, expected(series, 9, LEVELS, freq=1, season=season))


def test_the_step_of_time_suggests_seasons_as_the_calendar_does():
    series, days = [values(200)], pd.date_range("2024-01-01", periods=200)
    found = quantiles(MODEL, ArrayLanes.of(series, freq="D"), 5, (0.5,))[0, :, 0]
    frame = table(series).assign(ds=days)
    np.testing.assert_array_equal(found, segue.forecast(frame, 5, model=MODEL)["NanoTST-small"])


def test_beginnings_give_the_fitted_values():
    series = [values(60), values(1), values(9)]
    lanes = ArrayLanes.of(series, 12)
    past = lanes.beginnings()
    assert len(past) == 59 + 0 + 8
    found = quantiles(MODEL, past, 1, (0.5,)).ravel()
    fitted = segue.fitted(table(series), model=MODEL, freq=1, season=12).dropna(subset="NanoTST-small")
    missing = np.isnan(found)  # before the first value
    np.testing.assert_array_equal(found[~missing], fitted["NanoTST-small"])


def test_values_at_the_end_may_be_missing():
    """The steps since the last value are forecast, too; catches forecasts that begin too early."""
    ends = np.append(values(80), [np.nan, np.nan])
    found = quantiles(MODEL, ArrayLanes.of([ends], 12), 3, (0.5,))
    np.testing.assert_array_equal(found, expected([ends[:-2]], 5, (0.5,), freq=1, season=12)[:, 2:])
    assert np.isnan(quantiles(MODEL, ArrayLanes.of([[np.nan, np.nan]], 12), 3, (0.5,))).all()


@pytest.mark.parametrize(
    ("series", "options", "message"),
    [
        ([[1.0, np.inf]], {}, "y a series: is infinite; give NaN"),
        ([[]], {}, "y a series: has no values"),
        ([[1.0]], {"season": 0}, "season 0: give a number of steps"),
        ([[1.0]], {"freq": "nonsense"}, "freq nonsense: no such frequency"),
    ],
)
def test_what_is_no_series_is_refused(series, options, message):
    with pytest.raises(UserError, match=f"^{message}"):
        ArrayLanes.of(series, **options)


@pytest.mark.parametrize(
    ("horizon", "level", "message"), [(0, 0.5, "horizon 0"), (3, 0.995, r"quantiles 0\.995: give")]
)
def test_what_no_model_gives_is_refused(horizon, level, message):
    with pytest.raises(UserError, match=f"^{message}"):
        quantiles(MODEL, ArrayLanes.of([[1.0, 2.0]], 1), horizon, (level,))
