"""Backtests: windows that end where they should, scores that outsiders agree with, and no look into the future."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import pytest
from utilsforecast import losses
from utilsforecast.processing import backtest_splits

from segue import LEVELS, Autoregression, Forecast, SeasonalNaive, UserError, backtest, forecast
from tests.forecasting.conftest import several

MONTHS = pd.date_range("2015-01-01", periods=60, freq="MS")


@dataclass
class Drift:
    """The last value plus one a step, at every level: right about a line of slope one."""

    name: str = "Drift"
    context: int = 1
    fingerprint: str = "drift"

    def predict(self, history, horizon):
        ahead = history.values[:, -1:] + np.arange(1, horizon + 1)
        return Forecast(ahead[..., None].repeat(len(LEVELS), axis=2))


def test_a_perfect_predictor_has_no_error_and_full_coverage():
    """Catches actuals that are off by one step, which on a line is an error of one."""
    frame = pd.DataFrame({"ds": MONTHS, "y": np.arange(60.0)})
    result = backtest(frame, 4, 3, models=[Drift(), "seasonal-naive"])
    drift, naive = result.overall.to_dict("records")
    errors = dict.fromkeys(("mase", "wql", "wape", "mae", "rmse", "bias"), 0)
    assert drift == {"model": "Drift", **errors, "coverage-80": 1, "coverage-95": 1}
    assert (naive["mase"], naive["rmse"]) == (1, 12)  # a line is a year's rise away from last year's
    assert result.steps["mase"].tolist() == [0.0] * 4 + [1.0] * 4
    assert result.steps["step"].tolist() == [1, 2, 3, 4] * 2


def test_a_model_that_is_always_one_below_is_never_covered():
    frame = pd.DataFrame({"ds": MONTHS, "y": np.arange(60.0) + (np.arange(60) >= 56)})
    overall = backtest(frame, 4, 1, models=[Drift()]).overall
    assert overall[["mase", "rmse", "mae", "coverage-80"]].to_numpy().tolist() == [[1 / 12, 1.0, 1.0, 0.0]]
    size = np.mean([57, 58, 59, 60])
    np.testing.assert_allclose(overall[["wape", "bias"]].to_numpy(), [[1 / size, -1 / size]])


def test_windows_are_where_the_field_puts_them():
    """The same cutoffs, times and actuals as utilsforecast's splits, with windows that overlap."""
    frame = several()
    ours = backtest(frame, 6, 4, step=4, models=[Drift()]).forecasts
    splits = backtest_splits(frame, n_windows=4, h=6, id_col="unique_id", time_col="ds", freq="MS", step_size=4)
    theirs = pd.concat(valid.merge(cutoffs, on="unique_id") for cutoffs, _, valid in splits)
    keys = ["unique_id", "cutoff", "ds"]
    columns = ["unique_id", "ds", "cutoff", "y"]
    assert ours.columns[:4].tolist() == columns
    pd.testing.assert_frame_equal(ours[columns], theirs.sort_values(keys)[columns].reset_index(drop=True))


def test_a_forecast_is_that_of_the_table_cut_off_there(monkeypatch):
    """Nothing after an origin has any influence, and lanes of one batch have none on each other."""
    frame = several()
    gaps = frame.drop(index=[20, 51, 58]).assign(y=lambda rows: rows["y"].mask(rows.index % 17 == 5))
    models = [Autoregression(order=2), SeasonalNaive()]
    result = backtest(gaps, 5, 3, models=models, levels=80).forecasts
    for predictor in models:
        monkeypatch.setattr(predictor, "batch", 1, raising=False)
    alone = backtest(gaps, 5, 3, models=models, levels=80).forecasts
    pd.testing.assert_frame_equal(result, alone, rtol=1e-9)
    assert len(result) == 3 * 3 * 5 - 2
    for (name, cutoff), window in result.groupby(["unique_id", "cutoff"]):
        seen = gaps[(gaps["unique_id"] == name) & (gaps["ds"] <= cutoff)].dropna()  # forecasts begin after a value
        for predictor in models:
            cut = forecast(seen, 7, model=predictor, freq="MS").set_index("ds").loc[window["ds"]]
            np.testing.assert_allclose(window[cut.columns[1:]], cut[cut.columns[1:]], rtol=1e-9)


def test_rows_that_are_missing_have_no_forecast_and_shift_nothing():
    """A window counts steps, not rows; catches actuals taken by row number, which would come too early."""
    times = np.delete(np.arange(40), [33, 35])
    frame = pd.DataFrame({"t": times, "y": times.astype(float)})
    result = backtest(frame, 4, 2, models=[Drift()], time_col="t").forecasts
    assert result[["t", "cutoff", "y"]].to_numpy().tolist() == [
        [32, 31, 32], [34, 31, 34], *([t, 34, t] for t in (36, 37, 38, 39)),
    ]  # fmt: skip
    assert result["Drift"].tolist()[:2] == [32, 34]
    assert result["t"].dtype == result["cutoff"].dtype == frame["t"].dtype


def test_scores_are_those_of_utilsforecast():
    """MASE window by window with the scale of its own past, the other scores by outside functions."""
    frame = several()
    models = [Autoregression(), "seasonal-naive"]
    deciles = [20, 40, 60, 80]
    result = backtest(frame, 6, 2, models=models, levels=deciles)
    names = ["AR", "SeasonalNaive"]
    by_window = [
        losses.mase(window, names, 12, frame[frame["ds"] <= cutoff])
        for cutoff, window in result.forecasts.groupby("cutoff")
    ]
    mase = pd.concat(by_window).groupby("unique_id")[names].mean()
    pooled = result.forecasts.drop(columns="cutoff")  # or it would score each window
    rmse = losses.rmse(pooled, names).set_index("unique_id")
    mae = losses.mae(pooled, names).set_index("unique_id")
    nd = losses.nd(pooled, names).set_index("unique_id")
    covered = losses.coverage(pooled, names, 80).set_index("unique_id")
    ours = result.scores.set_index(["unique_id", "model"])
    for name in names:
        own = ours.xs(name, level="model")
        np.testing.assert_allclose(own["mase"], mase[name], rtol=1e-12)
        np.testing.assert_allclose(own["rmse"], rmse[name], rtol=1e-12)
        np.testing.assert_allclose(own["mae"], mae[name], rtol=1e-12)
        np.testing.assert_allclose(own["wape"], nd[name], rtol=1e-12)
        np.testing.assert_allclose(own["coverage-80"], covered[name], rtol=1e-12)
    levels = {
        0.5: "AR",
        **{0.5 - d / 200: f"AR-lo-{d}" for d in deciles},
        **{0.5 + d / 200: f"AR-hi-{d}" for d in deciles},
    }
    pinball = sum(losses.quantile_loss(result.forecasts, {"AR": column}, level)["AR"].mean()
                  for level, column in levels.items()) / 9  # fmt: skip
    overall = result.overall.set_index("model").loc["AR"]
    np.testing.assert_allclose(overall["wql"], 2 * pinball / result.forecasts["y"].abs().mean(), rtol=1e-9)
    np.testing.assert_allclose(overall["mase"], mase["AR"].mean(), rtol=1e-12)
    errors = result.forecasts["y"] - result.forecasts["AR"]
    np.testing.assert_allclose(overall["rmse"], np.sqrt(np.mean(errors**2)), rtol=1e-12)


def test_polars_in_polars_out_and_the_same_numbers():
    frame = several()
    pandas, polars = (backtest(kind, 6, 2, models=["ar", "seasonal-naive"]) for kind in (frame, pl.from_pandas(frame)))
    for name in ("forecasts", "scores", "overall", "steps"):
        ours = getattr(polars, name)
        assert isinstance(ours, pl.DataFrame)
        pd.testing.assert_frame_equal(ours.to_pandas(), getattr(pandas, name), check_dtype=name != "forecasts")


def test_a_short_series_has_the_later_windows_only():
    """18 months are 13 to learn from and 5 to forecast; 12 are none, and no reason to refuse the others."""
    result = backtest(several((60, 24, 18, 12)), 5, 3, models=["seasonal-naive"])
    assert result.scores["windows"].tolist() == [3, 2, 1, 0]
    assert result.scores["mase"].isna().tolist() == [False, False, False, True]
    assert result.forecasts.groupby("unique_id")["ds"].max().tolist() == [MONTHS[-1]] * 3
    assert not result.overall.isna().any(axis=None)


def test_rows_to_come_that_are_still_empty_take_no_window():
    """Catches windows that end in the empty rows, which have nothing to score, and so are lost."""
    frame = several((60, 40))
    empty = pd.DataFrame({"unique_id": "s0", "ds": pd.date_range("2020-01-01", periods=9, freq="MS"), "y": np.nan})
    result = backtest(pd.concat([frame, empty]), 4, 3, models=["seasonal-naive"])
    expected = backtest(frame, 4, 3, models=["seasonal-naive"])
    pd.testing.assert_frame_equal(result.scores, expected.scores)
    pd.testing.assert_frame_equal(result.forecasts, expected.forecasts)


def test_a_forecast_that_is_missing_is_infinitely_wrong():
    """Catches a model that looks good because it is silent where it is hard."""

    class Silent(Drift):
        def predict(self, history, horizon):
            quantiles = super().predict(history, horizon).quantiles
            quantiles[:, 0] = np.nan
            return Forecast(quantiles)

    overall = backtest(several(), 3, 2, models=[Silent()]).overall
    assert overall[["mase", "wape", "mae", "rmse"]].to_numpy().tolist() == [[np.inf] * 4]
    assert overall[["wql", "bias", "coverage-80"]].isna().all(axis=None)


def test_two_models_of_one_name_stay_apart():
    result = backtest(several(), 3, models=[Autoregression(1), Autoregression(5)])
    assert result.overall["model"].tolist() == ["AR", "AR-2"]
    assert not np.array_equal(result.forecasts["AR"], result.forecasts["AR-2"])


def test_naive_forecasts_bear_their_seasons():
    result = backtest(several(), 3, models=[SeasonalNaive(12), SeasonalNaive(7), SeasonalNaive(1), "seasonal-naive"])
    assert result.overall["model"].tolist() == ["SeasonalNaive-12", "SeasonalNaive-7", "Naive", "SeasonalNaive"]
    assert np.array_equal(result.forecasts["SeasonalNaive-12"], result.forecasts["SeasonalNaive"])


def test_a_constant_series_has_no_scaled_error():
    frame = pd.DataFrame({"ds": MONTHS, "y": 7.0})
    overall = backtest(frame, 3, models=["seasonal-naive"]).overall
    assert np.isnan(overall["mase"].item())
    assert overall[["wql", "rmse", "coverage-80"]].to_numpy().tolist() == [[0, 0, 1]]


def test_a_computed_sine_has_no_scaled_error():
    """Its seasons differ by rounding; catches errors in units of that, in the billions, which decide the mean."""
    sine = pd.DataFrame({"unique_id": "sine", "ds": MONTHS, "y": 10 + np.sin(np.arange(60) * np.pi / 6)})
    result = backtest(pd.concat([several((60,)), sine]), 3, models=["ar"])
    assert result.scores["mase"].isna().tolist() == [False, True]
    assert result.overall["mase"][0] == result.scores["mase"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizon": 0}, "horizon 0: give a whole number of at least 1"),
        ({"windows": 0}, "windows 0: give a whole number of at least 1"),
        ({"step": -1}, "step -1: give a whole number of at least 1"),
        ({"levels": 99}, "levels 99: give a percentage"),
        ({"models": []}, r"models \(none\): name at least one"),
        ({"models": ["zebra"]}, "models zebra: name a model folder"),
        ({"models": "seasonal-naive:x"}, "models seasonal-naive:x: give the steps of a season"),
        ({"horizon": 48}, "horizon 48: no series is long enough: a window takes 13 values and the 48 steps after them, "
                          "and the longest has 60 steps; give a smaller horizon"),
        ({"horizon": 10**9}, "horizon 1000000000: no series is long enough"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_reported(arguments, message):
    with pytest.raises(UserError, match=f"^{message}"):
        backtest(several(), **{"horizon": 3, "models": ["seasonal-naive"], **arguments})


def test_a_smaller_horizon_is_no_advice_where_it_would_not_help():
    with pytest.raises(UserError, match="the longest has 13 steps; give longer series"):
        backtest(several((13, 9)), 3, models=["seasonal-naive"])


def test_a_billion_windows_are_as_many_as_there_are():
    """Catches an array of a billion places; the first window begins as soon as a year has been seen."""
    result = backtest(several((60,)), 3, 10**9, step=1, models=["seasonal-naive"])
    assert result.scores["windows"].tolist() == [60 - 3 - 12]
