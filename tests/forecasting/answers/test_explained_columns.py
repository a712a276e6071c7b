"""Explanations with covariates and holidays: known contributions, exact sums, and words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import segue
from segue.forecasting.answers.covariates import Given
from segue.forecasting.answers.explanation import explain_reading
from segue.forecasting.answers.informed import informed
from segue.forecasting.answers.regressed import Held, Regressed
from segue.forecasting.answers.usual import usual_columns
from segue.forecasting.known import Known
from segue.forecasting.predictor import History
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

pytestmark = pytest.mark.filterwarnings("ignore::segue.errors.Notice")
AHEAD = 10


def line(x):
    """A history and a future of exactly 50 + 3 x."""
    frame = pd.DataFrame({"ds": np.arange(len(x)), "y": 50 + 3 * x, "x": x})
    return frame[:-AHEAD], frame[-AHEAD:].drop(columns="y")


def hours(ids=("a",), days=45):
    """Hours of a cycle, with a load that each hour answers to by another slope, and promotions of 5."""
    random, parts = np.random.default_rng(0), []
    for name in ids:
        time = np.arange(24 * days)
        load, promo = random.normal(30, 4, len(time)), np.where(random.random(len(time)) < 0.1, "yes", "no")
        y = 100 + 10 * np.sin(time * np.pi / 12) + (0.5 + time % 24 / 24) * load + 5 * (promo == "yes")
        when = pd.date_range("2024-01-01", periods=len(time), freq="h")
        parts.append(pd.DataFrame({"unique_id": name, "ds": when, "y": y, "load": load, "promo": promo}))
    whole = pd.concat(parts, ignore_index=True)
    last = whole.ds >= whole.ds.max().normalize()
    return whole[~last], whole[last].drop(columns="y")


def assert_adds_up(reason, median):
    total = np.sum(list(reason.contributions.values()), axis=0)
    assert np.abs(total - reason.median).max() <= 1e-6
    assert np.abs(reason.contributions["not-attributed"]).max() <= 1e-6
    assert np.abs(reason.stretches.sum(0) - reason.contributions["past"]).max() <= 1e-6
    np.testing.assert_array_equal(reason.median, median)


def test_a_flag_adds_its_effect_where_it_is_set_and_nothing_elsewhere():
    past, future = line((np.random.default_rng(0).random(300) < 0.4).astype(float))
    reason = segue.explain(past, AHEAD, model="seasonal-naive:1", future=future)
    np.testing.assert_allclose(reason.contributions["x"], 3 * future.x, atol=0.05)
    np.testing.assert_allclose(reason.contributions["level"], 50, atol=0.05)
    assert set(np.flatnonzero(future.x)) == {step for step, words in enumerate(reason.known["x"]) if words}


def test_a_flag_of_a_tiny_series_moves_the_steps_where_it_is_set():
    """Catches an absolute tolerance, which took all 10 steps for equal moves of 3e-12."""
    past, future = line((np.random.default_rng(0).random(300) < 0.4).astype(float))
    reason = segue.explain(past.assign(y=1e-12 * past.y), AHEAD, model="seasonal-naive:1", future=future)
    assert f" at {int(future.x.sum())} steps (1 where 0 is usual)" in str(reason)


def test_a_covariate_named_holiday_is_described_as_any_other():
    past, future = line((np.random.default_rng(0).random(300) < 0.4).astype(float))
    past, future = past.rename(columns={"x": "holiday"}), future.rename(columns={"x": "holiday"})
    reason = segue.explain(past, AHEAD, model="seasonal-naive:1", future=future)
    assert [bool(words) for words in reason.known["holiday"]] == (future.holiday == 1).tolist()


def test_a_number_adds_the_effect_of_its_distance_from_the_usual_one():
    past, future = line(np.random.default_rng(1).normal(10, 2, 300))
    reason = segue.explain(past, AHEAD, model="seasonal-naive:1", future=future)
    usual = past.x[-56:].mean()
    np.testing.assert_allclose(reason.contributions["x"], 3 * (future.x - usual), atol=0.05)
    assert f"where {usual:.4g} is usual" in str(reason)


@pytest.mark.parametrize("model", ["seasonal-naive:24", "ar"])
def test_all_parts_add_up_to_the_forecast_of_a_table(model):
    """Effects, regressions for each hour, two kinds of columns, several series whose weights are pooled."""
    past, future = hours(("a", "b"))
    past = past.assign(load=past.load.where(past.index % 400 > 5))  # some hours of the past have no load
    reason = segue.explain(past, 24, id="b", model=model, future=future)
    assert list(reason.contributions)[-4:] == ["past", "load", "promo", "not-attributed"]
    assert_adds_up(reason, segue.forecast(past, 24, model=model, future=future).iloc[24:, 2].to_numpy())
    assert np.corrcoef(reason.contributions["load"], (0.5 + np.arange(24) / 24) * (future.load[24:] - 30))[0, 1] > 0.95
    reordered = segue.explain(past.sample(frac=1, random_state=0), 24, id="b", model=model, future=future[::-1])
    for key, part in reason.contributions.items():
        np.testing.assert_array_equal(part, reordered.contributions[key])


def test_a_series_that_ends_with_a_gap_is_explained_by_the_columns_of_its_own_steps():
    past, future = hours()
    past = past.assign(y=past.y.where(past.ds < past.ds.max() - pd.Timedelta(hours=2)))
    past = pd.concat([past, past.tail(1).assign(unique_id="b", y=1.0)])  # so that rows without values are not ahead
    other = future.assign(unique_id="b")
    options = {"model": "ar", "future": pd.concat([future, other])}
    reason = segue.explain(past, 24, id="a", **options)
    assert_adds_up(reason, segue.forecast(past, 24, **options).iloc[:24, 2].to_numpy())


def test_a_series_is_explained_alone_as_in_a_table_of_the_same_weights():
    past, future = hours(("a", "b"))
    layout = Layout()
    predictor, reading, _ = informed(load_predictor("ar"), read_frame(past, layout), Given(past, future), layout, 24)
    among = explain_reading(predictor, reading, 24, "b")
    alone = explain_reading(predictor, replace(reading, panel=reading.panel.part(1, 2)), 24)
    for key, part in among.contributions.items():
        np.testing.assert_array_equal(part, alone.contributions[key])


def test_held_regressions_give_the_forecast_that_they_were_fitted_for():
    random = np.random.default_rng(2)
    seen, seasons = np.ones((2, 24 * 50), bool), np.full((2, 1), 24.0)
    values, columns = random.normal(size=seen.shape), random.normal(size=(2, 24 * 51, 2))
    history = History(values, seen, seasons, Known(columns, np.array([0.6, 0.6])))
    predictor = Regressed(load_predictor("seasonal-naive:24"))
    quantiles = predictor.predict(history, 24).quantiles
    held = Held(predictor.inner, predictor.fits(history, 24)[0]).predict(history, 24).quantiles
    np.testing.assert_array_equal(held[0], quantiles[0])
    assert np.abs(held[1] - quantiles[1]).max() > 0.01


def test_usual_is_the_mean_of_the_phase_or_what_is_most_frequent():
    random = np.random.default_rng(3)
    load = np.tile([1.0, 5.0], 60) + 0.1 * random.normal(size=120)
    level = random.choice(3, size=120, p=[0.2, 0.5, 0.3])
    columns = np.column_stack([load, level == 0, level == 1, level == 2]).astype(float)
    usual = usual_columns(columns, 116, ("load", "kind", "kind", "kind"), 2)
    np.testing.assert_allclose(usual[-2:, 0], [load[4:116:2].mean(), load[5:116:2].mean()])
    assert (usual[:, 1:] == [0, 1, 0]).all()


def test_the_rarer_of_two_levels_and_holidays_are_named():
    pytest.importorskip("holidays")
    times = pd.date_range("2019-01-01", "2023-12-31", freq="D")
    free = (times.month == 12) & (times.day == 25)
    promo = np.where(times.day == 28, "yes", "no")
    y = 100.0 + 3 * (times.dayofweek >= 5) - 60 * free + 30 * (promo == "yes")
    frame = pd.DataFrame({"ds": times, "y": y, "promo": promo})
    past, future = frame[times < "2023-12-20"], frame[(times >= "2023-12-20") & (times < "2023-12-30")]
    reason = segue.explain(past, 10, model="seasonal-naive:7", future=future.drop(columns="y"), holidays="DE")
    assert reason.known["promo"][8] == "yes"
    assert "Holidays lower it most on 2023-12-25 (Christmas Day), by" in str(reason)
    assert "The column promo raises it most on 2023-12-28 (yes), by" in str(reason)
    assert (reason.contributions["holidays"][:4] == 0).all()  # no holiday, and none near


def test_a_column_with_the_name_of_a_part_is_refused():
    past, future = line(np.random.default_rng(1).normal(size=60))
    past, future = past.rename(columns={"x": "trend"}), future.rename(columns={"x": "trend"})
    with pytest.raises(segue.UserError, match="covariates trend: is also the name of another part; rename the column"):
        segue.explain(past, AHEAD, model="ar", future=future)


def test_the_picture_names_three_columns_at_most():
    past, future = line(np.random.default_rng(1).normal(size=100))
    for number in range(4):
        noise = np.random.default_rng(number).normal(size=100)
        past, future = past.assign(**{f"n{number}": noise[:-AHEAD]}), future.assign(**{f"n{number}": noise[-AHEAD:]})
    reason = segue.explain(past, AHEAD, model="ar", future=future)
    _, below = segue.plot_explanation(reason).axes
    labels = below.get_legend_handles_labels()[1]
    assert "x" in labels
    assert "other columns" in labels
    assert sum(label.startswith("n") for label in labels) == 1
    drawn = np.sum([[bar.get_height() for bar in bars] for bars in below.containers], axis=0)
    reached = reason.median - reason.contributions["level"]
    np.testing.assert_allclose(drawn, reached, atol=0.05 * np.abs(drawn).max())


def test_a_keyword_that_no_function_takes_is_no_silent_one():
    past, future = line(np.arange(60.0) % 7)
    for verb in (segue.explain, segue.simulate, segue.forecast):
        with pytest.raises(TypeError, match="unexpected keyword argument 'covariate'"):
            verb(past, AHEAD, model="ar", future=future, covariate="x")
