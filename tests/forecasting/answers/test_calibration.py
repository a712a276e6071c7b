"""Calibrated forecasts through the public door."""

import warnings

import numpy as np
import pandas as pd
import pytest

import segue
from segue import LEVELS, Forecast, UserError
from segue.errors import Notice
from segue.forecasting.answers.calibration import calibrate, calibrate_panel, calibrated_panel
from segue.forecasting.forecast import forecast_chunks, forecast_panel
from segue.forecasting.table.grid.origins import Origins
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame


class TooSure:
    """The last value with bands a tenth as wide as those of white noise; a count stays one if it keeps its support."""

    name, context, fingerprint = "Sure", 64, "sure"

    def __init__(self, width=0.1, keeps_support=False):
        self.width, self.keeps_support = width, keeps_support

    def predict(self, history, horizon):
        mean = (history.values * history.observed).sum(1) / history.observed.sum(1)
        normal = np.sqrt(2) * np.sinh(np.array(LEVELS) - 0.5) * 2.4
        return Forecast(np.repeat((mean[:, None] + self.width * normal)[:, None], horizon, axis=1))


def noise(series=60, steps=80, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{k:03}" for k in range(series)], steps),
            "ds": np.tile(np.arange(steps), series),
            "y": rng.normal(size=series * steps),
        }
    )


def quiet(*args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        return segue.forecast(*args, **kwargs)


def test_bands_that_are_ten_times_too_narrow_hold_after_calibration_and_the_median_stays():
    frame, horizon = noise(), 6
    past = frame[frame["ds"] < 74]
    plain, calibrated = quiet(past, horizon, model=TooSure()), quiet(past, horizon, model=TooSure(), calibrate=8)
    actual = frame[frame["ds"] >= 74]["y"].to_numpy()
    inside = [((f["Sure-lo-80"] <= actual) & (actual <= f["Sure-hi-80"])).mean() for f in (plain, calibrated)]
    assert inside[0] < 0.2
    assert abs(inside[1] - 0.8) < 0.06
    assert (plain["Sure"] == calibrated["Sure"]).all()


def test_values_after_an_origin_change_nothing():
    panel = read_frame(noise(), Layout()).panel
    changed = noise()
    changed.loc[changed["ds"] >= 70, "y"] = 1e6
    later = read_frame(changed, Layout()).panel
    every = np.arange(len(panel))
    first, again = (
        calibrate(TooSure(), Origins(one, every, np.zeros_like(every), np.full(len(every), 70), 5), 4).factors
        for one in (panel, later)
    )
    assert (first == again).all()


def test_parts_of_a_table_are_the_whole_in_all_bits():
    reading = read_frame(noise(), Layout())
    calibration = calibrate_panel(TooSure(), reading.panel, 4, 3)
    parts = list(forecast_chunks(TooSure(), reading, 4, chunk=7, calibration=calibration))
    whole = quiet(noise(), 4, model=TooSure(), calibrate=3)
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


def test_calibrated_counts_are_counts():
    frame = noise()
    frame["y"] = np.random.default_rng(3).poisson(2.0, len(frame)).astype(float)
    result = quiet(frame, 5, model=TooSure(keeps_support=True), calibrate=5)
    bounds = result[["Sure-lo-80", "Sure-hi-80"]].to_numpy()
    assert (bounds == np.round(bounds)).all()
    assert bounds.min() >= 0
    assert (quiet(frame, 5, model=TooSure(), calibrate=5, cap=3)["Sure-hi-80"] <= 3).all()


def test_series_without_room_for_a_window_get_the_factors_of_the_panel():
    short = pd.DataFrame({"unique_id": "short", "ds": np.arange(5), "y": np.arange(5.0)})
    panel = read_frame(pd.concat([noise(), short]), Layout()).panel
    calibration = calibrate_panel(TooSure(), panel, 4, 5)
    lane = panel.ids.to_list().index("short")
    assert calibration.windows[lane] == 0
    assert (calibration.factors[lane] > 2).all()
    assert "1 of 61 series are too short for all 5" in calibration.note()


def test_without_any_window_the_forecast_is_the_plain_one_and_the_notice_says_so():
    frame = noise(2, 6)
    with pytest.warns(Notice, match="`calibrate`: no series has room for a window"):
        result = segue.forecast(frame, 3, model=TooSure(), calibrate=4)
    pd.testing.assert_frame_equal(result, quiet(frame, 3, model=TooSure()))


def test_the_plain_forecast_is_that_of_factors_of_one():
    panel = read_frame(noise(3), Layout()).panel
    calibration = calibrate_panel(TooSure(), panel, 4, 2)
    calibration.factors[:] = 1.0
    plain = forecast_panel(TooSure(), panel, 4, LEVELS)
    assert np.allclose(calibrated_panel(TooSure(), panel, 4, LEVELS, calibration), plain)


@pytest.mark.parametrize("windows", [0, -1, True])
def test_a_number_of_windows_that_is_none_is_refused(windows):
    with pytest.raises(UserError, match="calibrate .*: give a whole number of windows of at least 1"):
        segue.forecast(noise(2), 3, model=TooSure(), calibrate=windows)
