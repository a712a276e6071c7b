"""The model for statsforecast: in StatsForecast, and where they are installed in darts and hierarchicalforecast."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from statsforecast import StatsForecast
from statsforecast.models import _TS, SeasonalNaive
from statsforecast.utils import ConformalIntervals

import segue
from segue import UserError
from segue.adapters.statsforecast import Forecaster
from tests.adapters.test_arrays import table, values

pytestmark = pytest.mark.filterwarnings("ignore")
MODEL, SEASON, HORIZON = "nanotst-small", 12, 7
FRAME = table([np.nan_to_num(values(count, count), nan=50.0) for count in (40, 90)])


def expected(frame=FRAME, **options):
    return segue.forecast(frame, HORIZON, model=MODEL, freq=1, season=SEASON, **options)


def ordered(frame):
    return frame[sorted(frame.columns)]


def test_statsforecast_gives_what_segue_gives():
    """Forecasts with intervals, in the order and by the names of its AutoARIMA."""
    own = StatsForecast(models=[Forecaster(MODEL, SEASON), SeasonalNaive(SEASON)], freq=1)
    found = own.forecast(df=FRAME, h=HORIZON, level=[95, 80])
    ours = [name.removeprefix("NanoTST-small") for name in found.columns if name.startswith("NanoTST-small")]
    assert ours == ["", "-lo-95", "-lo-80", "-hi-80", "-hi-95"]
    kept = found.drop(columns=[name for name in found.columns if name.startswith("Seasonal")])
    assert_frame_equal(ordered(kept), ordered(expected(levels=(80, 95))), check_dtype=False)
    again = own.fit(FRAME).predict(h=HORIZON, level=[80, 95])
    assert_frame_equal(again[found.columns], found)


def test_fitted_values_and_cross_validation_are_those_of_segue():
    own = StatsForecast(models=[Forecaster(MODEL, SEASON)], freq=1)
    own.forecast(df=FRAME, h=HORIZON, level=[80], fitted=True)
    found = own.forecast_fitted_values()
    fitted = segue.fitted(FRAME, model=MODEL, freq=1, season=SEASON)
    assert_frame_equal(ordered(found), ordered(fitted), check_dtype=False)
    for refit in (True, False):
        found = own.cross_validation(df=FRAME, h=HORIZON, n_windows=2, step_size=HORIZON, level=[80], refit=refit)
        tested = segue.backtest(FRAME, HORIZON, 2, models=MODEL, levels=80, freq=1, season=SEASON).forecasts
        keys = ["unique_id", "cutoff", "ds"]
        found, tested = (ordered(one.sort_values(keys, ignore_index=True)) for one in (found, tested))
        assert_frame_equal(found, tested, check_dtype=False)


def test_a_level_that_is_given_twice_has_one_interval():
    """Catches an index beyond the columns."""
    model, y = Forecaster("seasonal-naive:2"), np.array([5.0, 6.0, 5.0, 7.0])
    found, once = model.forecast(y, 2, level=[80, 80]), model.forecast(y, 2, level=[80])
    assert list(found) == list(once) == ["mean", "lo-80", "hi-80"]
    np.testing.assert_array_equal(list(found.values()), list(once.values()))


def test_conformal_intervals_of_the_other_library():
    """They replace the model's own; the point forecast stays."""
    conformal = ConformalIntervals(n_windows=2, h=HORIZON)
    own = StatsForecast(models=[Forecaster(MODEL, SEASON, alias="Own", prediction_intervals=conformal)], freq=1)
    found = own.forecast(df=FRAME, h=HORIZON, level=[80])
    np.testing.assert_array_equal(found["Own"], expected()["NanoTST-small"])
    middle = (found["Own-lo-80"] + found["Own-hi-80"]) / 2
    np.testing.assert_allclose(middle, found["Own"])
    assert_frame_equal(own.fit(FRAME).predict(h=HORIZON, level=[80])[found.columns], found)


def test_copies_do_not_share_what_they_keep():
    first = Forecaster(MODEL, SEASON).fit(np.arange(30.0))
    other = first.new().fit(np.full(30, 5.0))
    assert isinstance(first, _TS)
    assert not np.array_equal(first.predict(3)["mean"], other.predict(3)["mean"])
    np.testing.assert_array_equal(other.predict(3)["mean"], [5.0, 5.0, 5.0])


def test_an_interval_that_no_model_gives_is_refused():
    with pytest.raises(UserError, match="^levels 99: give a percentage from 1 to 98"):
        Forecaster(MODEL).forecast(np.arange(30.0), 2, level=[99])


def test_darts_takes_it():
    darts = pytest.importorskip("darts", exc_type=ImportError)
    from darts.models import StatsForecastModel

    one = FRAME[FRAME["unique_id"] == 1].assign(
        ds=lambda frame: pd.to_datetime("2020-01-01") + pd.to_timedelta(frame["ds"], "D")
    )
    series = darts.TimeSeries.from_dataframe(one, "ds", "y")
    model = StatsForecastModel(Forecaster(MODEL, SEASON)).fit(series)
    np.testing.assert_array_equal(model.predict(HORIZON).values()[:, 0], expected()["NanoTST-small"][HORIZON:])


def test_hierarchicalforecast_reconciles_it():
    """The bottom series add up to the total, which is what its users want of it."""
    pytest.importorskip("hierarchicalforecast", exc_type=ImportError)
    from hierarchicalforecast.core import HierarchicalReconciliation
    from hierarchicalforecast.methods import BottomUp
    from hierarchicalforecast.utils import aggregate

    days = pd.date_range("2020-01-01", periods=60)
    rows = [
        pd.DataFrame({"all": "all", "shop": s, "ds": days, "y": np.nan_to_num(values(60, i), nan=50.0)})
        for i, s in enumerate("ab")
    ]
    frame, summing, tags = aggregate(pd.concat(rows), [["all"], ["all", "shop"]])
    forecasts = StatsForecast(models=[Forecaster(MODEL, 7)], freq="D").forecast(df=frame, h=HORIZON)
    options = {"Y_hat_df": forecasts, "Y_df": frame, "tags": tags}
    name = "S_df"
    result = HierarchicalReconciliation([BottomUp()]).reconcile(**options, **{name: summing})
    wide = result.pivot(index="ds", columns="unique_id", values="NanoTST-small/BottomUp")
    np.testing.assert_allclose(wide["all"], wide["all/a"] + wide["all/b"])
    alone = segue.forecast(frame, HORIZON, model=MODEL, freq="D", season=7)
    np.testing.assert_array_equal(wide["all/a"], alone.loc[alone["unique_id"] == "all/a", "NanoTST-small"])
