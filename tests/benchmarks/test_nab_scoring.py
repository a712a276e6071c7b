"""The scoring rule of NAB against hand-computed cases: null 0, perfect 100, and single detections."""

import math

import numpy as np
import pytest

from benchmarks.live.nab_scoring import Labelled, scaled_sigmoid, sweep

FILE = Labelled(400, ((100, 109), (300, 319)))  # the probation has 60 rows


def scores(*rows: int) -> np.ndarray:
    found = np.zeros(400)
    found[list(rows)] = 1.0
    return found


def sigmoid(position: float) -> float:
    """As the paper writes it, eq. 2."""
    return 2 / (1 + math.exp(5 * position)) - 1


def test_no_detection_is_0_and_the_first_row_of_each_window_is_100():
    """Catches a normalisation by windows of another count, and a first row that is not the best."""
    assert sweep([FILE], [np.full(400, 0.5)]).at(0.6) == 0.0
    assert sweep([FILE], [scores(100, 300)]).at(1.0) == pytest.approx(100, abs=1e-12)
    assert sweep([FILE, FILE], [scores(100, 300)] * 2).at(1.0) == pytest.approx(100, abs=1e-12)


def test_a_window_is_credited_once_for_its_first_detection():
    """Catches later detections that add up, or that lower the credit."""
    late = sweep([FILE], [scores(105)]).at(1.0)
    assert late == pytest.approx(100 * (1 + sigmoid(-5 / 10) / sigmoid(-1)) / 4, rel=1e-12)
    assert sweep([FILE], [scores(105, 106, 109)]).at(1.0) == pytest.approx(late, rel=1e-12)
    assert sweep([FILE], [scores(102, 105)]).at(1.0) > late


def test_a_false_detection_costs_its_weight_and_less_just_behind_a_window():
    """Catches a distance that is counted in rows instead of widths, and a cost inside the probation."""
    assert sweep([FILE], [scores(80)]).at(1.0) == pytest.approx(-0.11 * 100 / 4, rel=1e-12)
    assert sweep([FILE], [scores(59)]).at(1.0) == 0.0
    assert sweep([FILE], [scores(112)]).at(1.0) == pytest.approx(0.11 * sigmoid(3 / 9) * 100 / 4, rel=1e-12)
    assert sweep([FILE], [scores(109 + 28)]).at(1.0) == pytest.approx(-0.11 * 100 / 4, rel=1e-12)


def test_the_sweep_equals_single_thresholds_and_its_best_is_the_best():
    """Catches ties that are split between thresholds, and a row that is lost between two."""
    draw = np.random.default_rng(0).integers(0, 20, 400) / 20
    whole = sweep([FILE], [draw])
    for threshold in np.unique(draw):
        assert whole.at(threshold) == pytest.approx(sweep([FILE], [(draw >= threshold) * 1.0]).at(1.0), abs=1e-9)
    assert whole.best[1] == whole.scores.max() == whole.at(whole.best[0])
    assert whole.at(0.51) == whole.at(0.55)


def test_the_probation_is_15_per_cent_and_at_most_750_rows():
    """Catches a share of long files, and a window inside of the probation that is scored."""
    assert Labelled(1000, ()).probation == 150
    assert Labelled(22695, ()).probation == 750
    early = Labelled(1000, ((10, 60), (500, 520)))
    hit = np.zeros(1000)
    hit[500] = 1.0
    assert sweep([early], [hit]).at(1.0) == pytest.approx(100)


def test_the_sigmoid_is_that_of_the_paper_and_flat_far_behind():
    """Catches another steepness or sign."""
    at = np.array([-1.0, -0.5, 0.0, 1.0, 3.5])
    np.testing.assert_allclose(scaled_sigmoid(at), [0.98661, 0.84828, 0.0, -0.98661, -1.0], atol=1e-5)


def test_scores_that_do_not_fit_the_file_are_refused():
    """Catches scores of another file, or p-values that were never turned into scores."""
    for wrong in (np.zeros(399), np.full(400, 1.5), np.full(400, np.nan)):
        with pytest.raises(ValueError, match="400 scores"):
            sweep([FILE], [wrong])
