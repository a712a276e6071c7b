"""The verdict of a backtest: what it says, in numbers and in words, and when it warns."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from segue import LEVELS, Forecast, UserError, backtest, plot_backtest
from segue.forecasting.evaluation.evidence import critical_t, weigh
from segue.forecasting.evaluation.verdict import judge, short

FLOOR = 1e-9


@dataclasses.dataclass
class Off:
    """The next values of a yearly pattern, by so much too high; the intervals reach `half` to each side."""

    off: float
    half: float = 1.0
    name: str = "Off"
    context: int = 12
    fingerprint: str = "off"

    def predict(self, history, horizon):
        ahead = history.values[:, -12:][:, np.arange(horizon) % 12] + self.off
        return Forecast(ahead[..., None] + self.half * (np.array(LEVELS) - 0.5))


def verdict_of(errors, scores=None, floor=FLOOR, **covered):
    """The verdict on models whose errors `(models, series, windows)` are given."""
    errors = np.asarray(errors, dtype=float)
    names = ["NanoTST", *(f"SeasonalNaive-{7 + i}" for i in range(len(errors) - 1))]
    scores = scores or {"MASE": np.nanmean(errors, axis=(1, 2))}
    seasons = [None, *range(7, 6 + len(errors))]
    return judge(names, seasons, scores, errors, np.full(errors.shape[1:], floor), covered)


def test_a_model_that_is_better_reads_as_one_would_say_it():
    verdict = verdict_of([[[0.6, 0.6, 0.7, 1.0, 0.6]], [[1.0, 0.9, 1.0, 0.9, 0.9]]], **{"80": 0.78, "95": 0.93})
    assert str(verdict) == (
        "NanoTST's error (MASE 0.700) is 26 % below that of the best naive forecast, SeasonalNaive-7 (0.940), in 4 of "
        "5 windows; the spread over windows is 18 %. The 80 % band held 78 % of the values, the 95 % band 93 %."
    )
    assert (verdict.windows, verdict.windows_below, verdict.windows_above, verdict.series) == (5, 4, 1, 1)
    assert verdict.difference == pytest.approx(0.7 / 0.94 - 1)
    assert (verdict.beaten, verdict.warning) == (False, None)


def test_a_rival_that_is_better_is_warned_of():
    verdict = verdict_of([[[3, 3.1, 2.9]], [[2, 2, 2]], [[1.5, 1.6, 1.4]]], **{"80": 0.6})
    assert verdict.rival == "SeasonalNaive-8"
    assert "is 100 % above that of the best naive forecast, SeasonalNaive-8 (1.50), in 3 of 3 windows" in str(verdict)
    assert str(verdict).endswith("The 80 % band held only 60 % of the values.")
    assert verdict.beaten
    assert verdict.warning == (
        "SeasonalNaive-8 was better than NanoTST by more than the spread; forecast series like these with the model "
        "seasonal-naive:8"
    )


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ([[[1.0]], [[2.0]]], "is 50 % below that of the best naive forecast, SeasonalNaive-7 (2.00), in the only "
                             "window; a single window shows no spread."),
        ([[[22.0] * 4], [[2.0] * 4]], "is 11 times that of the best naive forecast, SeasonalNaive-7 (2.00), in 4 of 4 "
                                      "windows; given the spread over windows, it is at least 6."),
        ([[[1.0, 2.0]], [[2.0, 1.1]]], "so this may be chance."),
        ([[[1.0, 2.0]], [[1.0, 2.0]]], "equals that of the best naive forecast, SeasonalNaive-7 (1.50), in 2 of 2 "
                                       "windows."),
        ([[[1.0, 2.0, 1.0]], [[0.0] * 3]], "SeasonalNaive-7, which is 0, in 3 of 3 windows."),
        ([[[0.0] * 3], [[1.0, 2.0, 1.0]]], "is 100 % below that of"),
        ([[[np.inf] * 3], [[1.0, 2.0, 1.0]]], "cannot be compared with that of SeasonalNaive-7 (1.33)."),
    ],
)  # fmt: skip
def test_odd_comparisons_read_well(errors, words):
    assert words in str(verdict_of(errors))


def test_many_series_are_counted():
    errors = np.array([np.full((6, 3), 1.0), np.full((6, 3), 2.0)])
    errors[0, 0] = 5.0
    assert "in 15 of 18 windows and 5 of 6 series; " in str(verdict_of(errors))


def test_one_window_or_two_never_warn_and_three_that_agree_do():
    for windows, beaten in ((1, False), (2, False), (3, True)):
        assert verdict_of([[[3.0] * windows], [[1.0] * windows]]).beaten == beaten


def test_a_gain_below_five_per_cent_is_no_reason_to_change():
    assert not verdict_of([[[1.0] * 400], [[0.96] * 400]]).beaten
    assert verdict_of([[[1.0] * 400], [[0.9] * 400]]).beaten


def test_errors_far_below_the_deviation_of_the_series_are_equal():
    """Catches a warning of a sine that the naive forecast repeats exactly and NanoTST to four digits."""
    errors = [[[1e-4] * 5], [[1e-17] * 5]]
    assert verdict_of(errors).beaten
    assert not verdict_of(errors, floor=1e-3).beaten


def test_windows_that_overlap_count_as_fewer():
    first, second = np.array([[1.0, 1.2, 0.9, 1.1, 1.3, 1.0]]), np.full((1, 6), 0.8)
    alone, over = (weigh(first, second, np.zeros((1, 6)), overlap=overlap) for overlap in (1, 3))
    assert (alone.mean, alone.windows, over.windows) == (over.mean, 6, 2)
    assert over.margin > alone.margin


def test_the_best_of_many_rivals_needs_more_evidence():
    first, second = np.array([[1.0, 1.2, 0.9]]), np.full((1, 3), 0.8)
    margins = [weigh(first, second, np.zeros((1, 3)), rivals).margin for rivals in (1, 2, 4)]
    assert margins == sorted(margins)


@pytest.mark.parametrize(("degrees", "level", "value"), [(1, 0.05, 6.3138), (4, 0.025, 2.7764), (10, 0.05, 1.8125),
                                                         (100, 0.05, 1.6602)])  # fmt: skip
def test_student_t_is_that_of_the_tables(degrees, level, value):
    assert critical_t(degrees, level) == pytest.approx(value, abs=2e-4)


def test_the_verdict_of_a_backtest_is_on_its_first_model():
    times = pd.date_range("2010-01-01", periods=96, freq="MS")
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"ds": times, "y": 10 + np.tile(np.arange(12.0), 8) + 0.1 * random.normal(size=96)})
    result = backtest(frame, 6, 4, models=[Off(1.0, 20.0), "naive"], levels=80)
    verdict = result.verdict
    scores = result.overall.set_index("model")
    assert (verdict.model, verdict.rival, verdict.season, verdict.measure) == ("Off", "SeasonalNaive-12", 12, "MASE")
    assert (verdict.error, verdict.rival_error) == (scores["mase"]["Off"], scores["mase"]["SeasonalNaive-12"])
    assert verdict.covered == (("80", scores["coverage-80"]["Off"]),)
    assert verdict.beaten
    assert backtest(frame, 6, 4, models=[Off(0.0), Off(1.0)]).verdict.season is None
    assert backtest(frame, 6, 4, models="naive").verdict.model == "SeasonalNaive-12"
    assert backtest(frame, 6, 4, models=[Off(0.0)]).verdict is None


def test_an_exact_season_has_no_scaled_error_and_the_verdict_takes_another():
    times = pd.date_range("2010-01-01", periods=96, freq="MS")
    frame = pd.DataFrame({"ds": times, "y": 10 + np.tile(np.arange(12.0), 8)})
    verdict = backtest(frame, 6, 4, models=[Off(1.0), "naive"]).verdict
    assert (verdict.measure, verdict.rival_error, verdict.beaten) == ("WAPE", 0, True)
    assert "SeasonalNaive-12, which is 0, in 4 of 4 windows" in str(verdict)
    still = backtest(frame.assign(y=7.0), 6, 4, models=["seasonal-naive:3", "naive"]).verdict
    assert "(WAPE 0) equals that of" in str(still)


@pytest.mark.parametrize(("number", "text"), [(0.0, "0"), (0.6004, "0.600"), (12.345, "12.3"), (4567.8, "4,568"),
                                              (1e-9, "1e-09"), (float("nan"), "nan")])  # fmt: skip
def test_scores_have_three_digits(number, text):
    assert short(number) == text


def test_the_picture_has_the_verdict_the_rival_and_the_best_in_bold():
    times = pd.date_range("2010-01-01", periods=96, freq="MS")
    wave = 10 + np.tile(np.arange(12.0), 8) + 0.1 * np.random.default_rng(0).normal(size=96)
    frame = pd.DataFrame({"unique_id": "shop", "ds": times, "y": wave})
    result = backtest(frame, 6, 4, models=[Off(1.0, 20.0), "naive"], levels=80)
    figure = plot_backtest(frame, result)
    above = " ".join(figure.get_suptitle().split())
    assert above == f"{result.verdict} {result.verdict.warning}"
    above, below = figure.subfigs
    assert "SeasonalNaive-12" in above.axes[0].get_legend_handles_labels()[1]
    bold = [text.get_text() for text in below.axes[1].texts if text.get_fontweight() == "bold"]
    assert bold[0] == "SeasonalNaive-12"
    assert "Off" not in bold
    with pytest.raises(UserError, match="^id_col unique_id: the history has no such column, but ds, y; "):
        plot_backtest(frame.drop(columns="unique_id"), result)
