"""The grammar evaluation against known answers: errors, widths and coverage of forecasts of the simple sentences."""

from dataclasses import dataclass

import numpy as np
import pytest

from segue.errors import UserError
from segue.forecasting.predictor import LEVELS, Forecast
from segue.forecasting.pretraining.report import evaluate_sentences


@dataclass
class LastSeason:
    """Repeats the last 128 values; its quantiles are a line in the level, 2 * `width` wide over all levels."""

    width: float = 0.0
    context: int = 512
    name: str = "LastSeason"
    fingerprint: str = "LastSeason"

    def predict(self, history, horizon):
        assert history.values.shape[1] == 512
        copy = np.resize(history.values[:, -128:].T, (horizon, len(history))).T
        return Forecast(copy[..., None] + 2 * self.width * (np.array(LEVELS) - 0.5))


def test_a_season_that_repeats_is_continued_without_error_by_a_copy_of_the_last():
    # known answers: a sine of period 128 repeats, a line runs away by 5 / 512 a step
    reports = evaluate_sentences(LastSeason(), horizon=128)
    flat, line, sine, noisy = reports
    assert [report.sentence for report in reports] == ["flat", "line", "sine", "noisy sine"]
    assert flat.rmse == 0.0
    assert sine.rmse == pytest.approx(0.0, abs=1e-5)
    assert line.rmse == pytest.approx(128 * 5 / 512, rel=1e-6)
    assert noisy.rmse == pytest.approx(0.1 * 2**0.5, rel=0.2)
    assert [report.width for report in reports] == [0, 0, 0, 0]
    assert (flat.coverage, line.coverage) == (1, 0)


def test_widths_and_coverage_are_those_of_the_80_percent_interval():
    # the interval is 1.6 * width wide; the difference of two noises of deviation 0.1 has a deviation of 0.1414
    flat, line, sine, noisy = evaluate_sentences(LastSeason(width=0.25), horizon=128)
    assert [report.width for report in (flat, line, sine, noisy)] == pytest.approx([0.4] * 4)
    assert (flat.coverage, line.coverage, sine.coverage) == (1, 0, 1)
    assert noisy.coverage == pytest.approx(0.843, abs=0.1)


def test_the_seed_changes_the_noise_alone():
    first, other = (evaluate_sentences(LastSeason(), horizon=96, seed=seed) for seed in (0, 1))
    assert [one == two for one, two in zip(first, other, strict=True)] == [True, True, True, False]


@pytest.mark.parametrize("horizon", [0, -600])
def test_a_horizon_that_is_no_number_of_steps_is_refused(horizon):
    with pytest.raises(UserError, match="horizon"):
        evaluate_sentences(LastSeason(), horizon)
