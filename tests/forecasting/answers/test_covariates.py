"""Covariates and holidays from frames: what they add, and one line for each mistake."""

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

import segue
from segue.forecasting.answers.numeric import coded
from segue.forecasting.answers.regressed import Regressed
from segue.forecasting.known import Known
from segue.forecasting.predictor import History
from segue.forecasting.registry import load_predictor

pytestmark = pytest.mark.filterwarnings("ignore::segue.errors.Notice")
MODEL = "seasonal-naive:7"
DAYS, AHEAD = 300, 14


def frames(ids=("a",)):
    """A history and a future in which promotions add 20, and the temperature twice its value."""
    random = np.random.default_rng(0)
    parts = []
    for one in ids:
        times = pd.date_range("2023-01-01", periods=DAYS + AHEAD, freq="D")
        promo = random.random(len(times)) < 0.2
        temp = random.normal(size=len(times))
        y = 50 + 5 * np.sin(np.arange(len(times)) * 2 * np.pi / 7) + 20 * promo + 2 * temp
        parts.append(pd.DataFrame({"unique_id": one, "ds": times, "y": y, "promo": np.where(promo, "yes", "no"),
                                   "temp": temp}))  # fmt: skip
    whole = pd.concat(parts, ignore_index=True)
    last = whole.ds > whole.ds.min() + pd.Timedelta(days=DAYS - 1)
    return whole[~last].reset_index(drop=True), whole[last].reset_index(drop=True)


def error(result, future):
    return np.abs(result["SeasonalNaive"].to_numpy() - future.y.to_numpy()).mean()


def test_covariates_of_text_and_numbers_explain_most_of_what_they_make():
    past, future = frames(("a", "b"))
    plain = error(segue.forecast(past, AHEAD, model=MODEL), future)
    known = segue.forecast(past, AHEAD, model=MODEL, future=future.drop(columns="y"))
    assert error(known, future) < 0.4 * plain
    one = segue.forecast(past, AHEAD, model=MODEL, future=future.drop(columns="y"), covariates="promo")
    assert error(known, future) < error(one, future) < 0.6 * plain


def test_a_future_without_series_is_for_all_of_them():
    past, future = frames()
    twin = pd.concat([past, past.assign(unique_id="b")])
    shared = future[["ds", "promo", "temp"]]
    result = segue.forecast(twin, AHEAD, model=MODEL, future=shared)
    own = segue.forecast(past, AHEAD, model=MODEL, future=shared)
    assert len(result) == 2 * AHEAD
    middle = result["SeasonalNaive"].to_numpy().reshape(2, AHEAD)
    np.testing.assert_array_equal(middle[0], middle[1])
    np.testing.assert_allclose(middle[0], own["SeasonalNaive"], rtol=0.02)  # weights pool both series


def test_order_of_rows_and_text_in_place_of_numbers_change_nothing():
    past, future = frames(("a", "b"))
    future = future.drop(columns="y")
    result = segue.forecast(past, AHEAD, model=MODEL, future=future)
    mixed = segue.forecast(past.sample(frac=1, random_state=1), AHEAD, model=MODEL,
                           future=future.sample(frac=1, random_state=2))  # fmt: skip
    pd.testing.assert_frame_equal(result, mixed)
    text = segue.forecast(past.astype({"temp": str}), AHEAD, model=MODEL, future=future.astype({"temp": str}))
    pd.testing.assert_frame_equal(result, text)


@pytest.mark.parametrize(
    ("past", "ahead", "decimal", "numbers"),
    [
        (["1.234,5", "2.000,5"], ["1.234", "2.345"], None, ([1234.5, 2000.5], [1234.0, 2345.0])),
        (["0,5", "2,25"], ["1,500", "1,250"], None, ([0.5, 2.25], [1.5, 1.25])),
        (["1,234", "2,345"], ["1,500", "1,250"], ",", ([1.234, 2.345], [1.5, 1.25])),
    ],
)
def test_a_future_has_the_decimal_sign_of_its_history(past, ahead, decimal, numbers):
    """Catches `1.234` of a future that is read as decimal beside thousands, and a given sign that is not used."""
    cells = [nw.from_native(pd.Series(column), series_only=True) for column in (past, ahead)]
    read = coded("x", *cells, decimal)
    assert (read.past[:, 0].tolist(), read.ahead[:, 0].tolist()) == numbers


def test_polars_frames_give_the_same():
    polars = pytest.importorskip("polars")
    past, future = frames()
    future = future.drop(columns="y")
    result = segue.forecast(polars.from_pandas(past), AHEAD, model=MODEL, future=polars.from_pandas(future))
    expected = segue.forecast(past, AHEAD, model=MODEL, future=future)
    np.testing.assert_array_equal(result["SeasonalNaive"].to_numpy(), expected["SeasonalNaive"].to_numpy())


def test_a_column_of_noise_changes_little():
    past, future = frames()
    random = np.random.default_rng(5)
    past = past.assign(y=50 + random.normal(size=len(past)), temp=random.normal(size=len(past)))
    plain = segue.forecast(past, AHEAD, model="ar")
    known = segue.forecast(past, AHEAD, model="ar", future=future[["ds", "temp"]])
    assert np.abs(known["AR"] - plain["AR"]).max() < 0.5


@pytest.mark.parametrize(
    ("change", "options", "line"),
    [
        (lambda past, future: (past, future.iloc[:10]), {}, "future promo: has no value at 2023-11-07"),
        (lambda past, future: (past, future.assign(temp=np.nan)), {}, "future temp: has no value at 2023-10-28"),
        (lambda past, future: (past, future.drop(index=[3])), {}, "step 4 of 14; fill it or give fewer steps"),
        (lambda past, future: (past.assign(temp=1.0), future), {}, "covariates temp: is constant in the history"),
        (lambda past, future: (past, future[["ds", "promo"]]), {"covariates": "temp"}, "its future is not given"),
        (lambda past, future: (past, future), {"covariates": "price"}, "the history has no such column"),
        (lambda past, future: (past, future), {"covariates": "y"}, "name another column"),
        (lambda past, future: (past, future[["ds"]]), {}, "holds nothing beside series and times"),
        (lambda past, future: (past, future[["promo"]]), {}, "future ds: is the column of times"),
        (lambda past, future: (past, future.assign(temp="warm")), {}, "future temp: holds numbers in the history"),
        (
            lambda past, future: (past.assign(promo=past.promo == "yes"), future),
            {},
            "future promo: holds true and false in the history and text in the future; write both alike",
        ),
        (
            lambda past, future: (past.assign(temp=past.temp.map("{:.3f} kWh".format)), future.assign(temp="5 MWh")),
            {},
            "future temp: is '5 MWh', in another unit than",
        ),
    ],
)
def test_a_mistake_gets_one_line(change, options, line):
    past, future = change(*frames())
    with pytest.raises(segue.UserError) as caught:
        segue.forecast(past, AHEAD, model=MODEL, future=future, **options)
    assert line in str(caught.value)


def test_holidays_are_learnt_from_other_years():
    pytest.importorskip("holidays")
    times = pd.date_range("2019-01-01", "2023-12-31", freq="D")
    free = (times.month == 12) & (times.day == 25)
    frame = pd.DataFrame({"ds": times, "y": 100.0 + 3 * (times.dayofweek >= 5) - 60 * free})
    result = segue.forecast(frame[times < "2023-12-20"], 10, model=MODEL, holidays="DE")
    plain = segue.forecast(frame[times < "2023-12-20"], 10, model=MODEL)
    drop = (plain["SeasonalNaive"] - result["SeasonalNaive"]).to_numpy()
    assert drop[5] > 15
    assert np.abs(np.delete(drop, 5)).max() < 0.3 * drop[5]


@pytest.mark.parametrize(
    ("freq", "place", "line"),
    [
        ("D", "XX", "holidays XX: is not known"),
        ("D", "SCHOOL", "SCHOOL: is not known"),
        ("MS", "US", "longer than a day"),
        ("BMS", "US", "longer than a day"),
        (None, "US", "holidays need dates"),
    ],
)
def test_places_and_steps_that_have_no_holidays_are_refused(freq, place, line):
    pytest.importorskip("holidays")
    times = np.arange(60) if freq is None else pd.date_range("2020-01-01", periods=60, freq=freq)
    frame = pd.DataFrame({"ds": times, "y": np.arange(60.0) % 7})
    with pytest.raises(segue.UserError, match=line):
        segue.forecast(frame, 7, model=MODEL, holidays=place)


def test_steps_longer_than_a_day_are_refused_whatever_the_first_series():
    """Catches weeks that are taken for days because the first series has a single row."""
    pytest.importorskip("holidays")
    weeks = pd.date_range("2020-01-06", periods=60, freq="W-MON")
    table = pd.DataFrame({"unique_id": ["a", *["b"] * 60], "ds": [weeks[-1], *weeks], "y": np.arange(61.0) % 7})
    with pytest.raises(segue.UserError, match="holidays US: steps of W are longer than a day"):
        segue.backtest(table, 4, windows=2, models="seasonal-naive:1", holidays="US")


def test_the_naive_forecasts_read_no_covariates():
    with pytest.raises(segue.UserError, match="models naive: reads no covariates and holidays; name another model"):
        segue.backtest(frames()[0], AHEAD, windows=2, models=("naive", MODEL), covariates="temp")


def test_a_backtest_with_covariates_is_better_and_its_rivals_do_not_see_them():
    past, _ = frames(("a", "b"))
    plain = segue.backtest(past, 14, 4, models=(MODEL, MODEL))
    known = segue.backtest(past, 14, 4, models=(MODEL, MODEL), covariates=["promo", "temp"])
    assert known.overall.mae[0] < 0.5 * plain.overall.mae[0]
    assert known.overall.mae[1] == plain.overall.mae[1]


def test_the_last_window_of_a_backtest_is_the_forecast_from_there():
    past, future = frames(("a", "b"))
    whole = pd.concat([past, future])
    tested = segue.backtest(whole, AHEAD, 1, models=(MODEL,), covariates="promo,temp", levels=(80,)).forecasts
    asked = segue.forecast(past, AHEAD, model=MODEL, future=future.drop(columns="y"))
    np.testing.assert_allclose(tested["SeasonalNaive"], asked["SeasonalNaive"], rtol=1e-9)


def test_lanes_do_not_depend_on_each_other_and_weights_of_zero_are_the_plain_forecast():
    random = np.random.default_rng(6)
    values, seen = random.normal(size=(3, 400)), np.ones((3, 400), bool)
    seasons = np.full((3, 1), 12.0)
    columns = random.normal(size=(3, 412, 2))
    inner = load_predictor("seasonal-naive:12")
    whole = Regressed(inner).predict(History(values, seen, seasons, Known(columns, np.array([0.5, 0.0, 0.75]))), 12)
    for lane in range(3):
        weight = np.array([0.5, 0.0, 0.75])[[lane]]
        own = History(values[[lane]], seen[[lane]], seasons[[lane]], Known(columns[[lane]], weight))
        np.testing.assert_array_equal(Regressed(inner).predict(own, 12).quantiles[0], whole.quantiles[lane])
    plain = inner.predict(History(values, seen, seasons), 12)
    np.testing.assert_array_equal(whole.quantiles[1], plain.quantiles[1])


def test_totals_and_calibration_take_covariates():
    past, future = frames(("a", "b"))
    future = future.drop(columns="y")
    steps = segue.forecast(past, AHEAD, model=MODEL, future=future, calibrate=4)
    totals = segue.forecast(past, AHEAD, model=MODEL, future=future, per="horizon")
    plain = segue.forecast(past, AHEAD, model=MODEL, per="horizon")
    assert len(steps) == 2 * AHEAD
    medians = segue.forecast(past, AHEAD, model=MODEL, future=future)["SeasonalNaive"].to_numpy().reshape(2, AHEAD)
    np.testing.assert_allclose(totals["SeasonalNaive"], medians.sum(1), rtol=0.05)
    assert (totals["SeasonalNaive"] != plain["SeasonalNaive"]).all()


def test_a_level_that_the_history_lacks_is_refused():
    """Catches a level that is read as another one: of two levels, one is the absence of the other."""
    days = pd.date_range("2024-01-01", periods=64)
    frame = pd.DataFrame({"ds": days, "y": np.arange(64.0), "promo": ["yes", "no"] * 32})
    future = frame[60:].drop(columns="y").assign(promo=["no", "maybe", "no", "yes"])
    with pytest.raises(
        segue.UserError, match=r"future promo: 'maybe' in row 2 is not a level of the history \(no, yes\)"
    ):
        segue.forecast(frame[:60], 4, model="ar", future=future)


@pytest.mark.parametrize(("duplicates", "temp"), [("first", 1.0), ("last", 3.0), ("mean", 2.0)])
def test_rows_of_one_step_are_refused_or_gathered_as_asked(duplicates, temp):
    past, future = frames(("a", "b"))
    future = future.drop(columns="y")
    twice = pd.concat([future.assign(temp=1.0), future.assign(temp=3.0)])
    with pytest.raises(segue.UserError, match="future 2023-10-28: occurs twice in series a; keep one row a step"):
        segue.forecast(past, AHEAD, model=MODEL, future=twice)
    gathered = segue.forecast(past, AHEAD, model=MODEL, future=twice, duplicates=duplicates)
    once = segue.forecast(past, AHEAD, model=MODEL, future=future.assign(temp=temp))
    pd.testing.assert_frame_equal(gathered, once)
