"""Lines through the recent past."""

import itertools

import numpy as np
import pytest
import torch

from segue.forecasting.nanotst.lines import HALF_LIVES, fitted_lines
from segue.forecasting.nanotst.past import past_of
from tests.forecasting.nanotst.conftest import PATCH, lanes, ragged


def test_lines_are_those_of_weighted_least_squares():
    """Against numpy, with missing values and a beginning inside a patch; levels are at the end of the patch."""
    patches, observed = ragged()
    levels, slopes = fitted_lines(past_of(patches, observed))
    time = np.arange(patches[0].numel())
    for lane, upto, (line, half_life) in itertools.product(range(2), (5, 11, 24), enumerate(HALF_LIVES)):
        values, seen = patches[lane].flatten().numpy(), observed[lane].flatten().numpy().copy()
        first, end = values[seen][0], (upto + 1) * PATCH - 1
        seen[end + 1 :] = False
        weights = 0.5 ** ((end - time[seen]) / half_life)
        slope, level = np.polyfit(time[seen] - end, values[seen] - first, 1, w=np.sqrt(weights))
        assert levels[lane, upto, line].item() == pytest.approx(level, rel=1e-6, abs=1e-9)
        assert slopes[lane, upto, line].item() == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_a_single_value_has_a_level_and_no_slope():
    patches, observed = lanes(torch.arange(36).double())
    observed[:] = False
    observed[0, 1, 3] = True
    levels, slopes = fitted_lines(past_of(patches, observed))
    assert (levels == 0).all()  # less the lane's first value
    assert (slopes == 0).all()
