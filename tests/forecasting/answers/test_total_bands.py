"""Calibrated totals through the public door."""

import numpy as np
import pandas as pd
import pytest

from tests.forecasting.answers.test_calibration import TooSure, noise, quiet

HORIZON = 6


def totals(frame, width=0.1, **options):
    return quiet(frame, HORIZON, model=TooSure(width, options.pop("keeps_support", False)), per="horizon", **options)


def test_bands_of_totals_that_are_too_narrow_hold_after_calibration_and_the_median_stays():
    frame = noise(60, seed=1)
    past, actual = frame[frame["ds"] < 74], frame[frame["ds"] >= 74].groupby("unique_id")["y"].sum().to_numpy()
    plain, calibrated = totals(past), totals(past, calibrate=8)
    inside = [((f["Sure-lo-80"] <= actual) & (actual <= f["Sure-hi-80"])).mean() for f in (plain, calibrated)]
    assert inside[0] < 0.4
    assert abs(inside[1] - 0.8) < 0.1
    assert (plain["Sure"] == calibrated["Sure"]).all()


def test_totals_are_corrected_by_their_own_scores_and_not_by_those_of_steps():
    """Steps that all repeat one shock: bands of steps hold, those of totals do not if the paths do not know it."""
    rng = np.random.default_rng(2)
    frame = noise(40, 78)
    shocks = rng.normal(size=(40, 78 // HORIZON)).repeat(HORIZON, axis=1)
    frame["y"] = shocks.ravel()
    calibrated = totals(frame, width=1.0, calibrate=8)
    width = float((calibrated["Sure-hi-80"] - calibrated["Sure-lo-80"]).median())
    assert width == pytest.approx(2 * 1.2816 * HORIZON, rel=0.15)  # six times one shock


def test_no_calibrated_total_lies_beyond_what_its_steps_can_be():
    frame = noise(30)
    frame["y"] = np.random.default_rng(3).poisson(0.7, len(frame)).astype(float)
    wide = totals(frame, width=0.1, keeps_support=True, calibrate=5, levels=(98,))
    assert wide["Sure-lo-98"].min() == 0
    capped = totals(frame, width=0.1, calibrate=5, levels=(98,), cap=1)
    assert capped["Sure-hi-98"].max() == HORIZON


def test_a_seed_gives_the_same_bands_in_any_order_and_totals_over_series_have_bands_of_steps():
    frame = noise(12)
    first, turned = totals(frame, calibrate=4), totals(frame.iloc[::-1], calibrate=4)
    pd.testing.assert_frame_equal(first, turned)
    over = [totals(frame, over="all", calibrate=windows) for windows in (None, 4)]
    assert (over[1]["Sure-hi-80"] > over[0]["Sure-hi-80"]).all()


def test_without_any_window_totals_are_the_plain_ones():
    pd.testing.assert_frame_equal(totals(noise(2, 9), calibrate=4), totals(noise(2, 9)))
