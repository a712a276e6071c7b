"""Series that several columns name together."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from segue import backtest, forecast
from segue.errors import UserError
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

MODEL = "seasonal-naive:7"
DAYS = pd.date_range("2024-01-01", periods=14)


def sales():
    """Sales of two products in three stores; a store is a number, and one has a single product."""
    parts = [
        pd.DataFrame({"ds": DAYS, "product": product, "store": store, "y": 100.0 * store + len(product)})
        for store, product in ((10, "tea"), (9, "tea"), (9, "coffee"), (2, "coffee"))
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("given", ["store,product", ["store", "product"], ("store", "product")])
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_all_columns_of_names_are_written_with_their_types(given, kind):
    frame = sales().sample(frac=1, random_state=3)
    result = forecast(frame if kind == "pandas" else pl.from_pandas(frame), 2, model=MODEL, id_col=given)
    assert isinstance(result, pd.DataFrame if kind == "pandas" else pl.DataFrame)
    columns = {name: list(result[name]) for name in result.columns}
    assert list(columns)[:3] == ["store", "product", "ds"]
    assert columns["store"] == [2, 2, 9, 9, 9, 9, 10, 10]
    assert columns["product"] == ["coffee", "coffee", "coffee", "coffee", "tea", "tea", "tea", "tea"]
    assert columns["SeasonalNaive"] == [206, 206, 906, 906, 903, 903, 1003, 1003]


def test_a_forecast_equals_that_of_joined_names():
    frame = sales()
    names = frame["store"].astype(str) + "/" + frame["product"]
    joined = frame.assign(unique_id=names).drop(columns=["store", "product"])
    reading = read_frame(frame, Layout(id_col="store,product"))
    result = reading.joined(forecast(frame, 3, model=MODEL, id_col="store,product"))
    assert reading.id_col == "store/product"
    assert reading.id_cols == ("store", "product")
    expected = forecast(joined, 3, model=MODEL).rename(columns={"unique_id": "store/product"})
    order = ["store/product", "ds"]
    pd.testing.assert_frame_equal(
        result.sort_values(order, ignore_index=True), expected.sort_values(order, ignore_index=True)
    )
    assert reading.joined(reading.history(5, 9))["store/product"].unique().tolist()[0] == "2/coffee"


def test_several_targets_have_a_column_of_their_own():
    frame = sales().assign(z=1.5)
    result = forecast(frame, 1, model=MODEL, id_col="store,product", target_col="y,z")
    assert list(result.columns[:4]) == ["store", "product", "target", "ds"]
    assert result["target"].tolist() == ["y", "z"] * 4
    assert result["SeasonalNaive"].tolist() == [206, 1.5, 906, 1.5, 903, 1.5, 1003, 1.5]
    with pytest.raises(UserError, match="^id_col target: the output has another column"):
        forecast(frame.rename(columns={"store": "target"}), 1, id_col="target,product", target_col="y,z")


def test_backtests_write_all_columns_of_names():
    tables = backtest(sales(), 2, 2, models=[MODEL], id_col="store,product")
    assert list(tables.forecasts.columns[:2]) == list(tables.scores.columns[:2]) == ["store", "product"]


def test_names_that_cannot_be_told_apart_or_are_missing_are_refused():
    frame = pd.DataFrame({"a": ["x/y", "x"], "b": ["z", "y/z"], "ds": DAYS[:2], "y": [1.0, 2.0]})
    with pytest.raises(UserError, match="^id_col a/b: would give two series the name x/y/z; rename one of them"):
        forecast(frame, 1, id_col="a,b")
    with pytest.raises(UserError, match="^id_col product: is empty in row 1; "):
        forecast(sales().replace({"product": {"tea": None}}), 1, id_col="store,product")
    with pytest.raises(UserError, match="^id_col shop: no such column"):
        forecast(sales(), 1, id_col="shop,product")
    with pytest.raises(UserError, match="^id_col y: is named for two roles"):
        forecast(sales(), 1, id_col="store,y", target_col="y")


def test_many_series_of_two_columns():
    rng = np.random.default_rng(5)
    stores, items = np.repeat(rng.permutation(500), 14), np.tile(np.repeat([3, 1, 2], 14), 500)[:7000]
    frame = pd.DataFrame({"store": stores, "item": items})
    frame = frame.assign(ds=np.tile(DAYS, 500), y=frame["store"] * 10.0 + frame["item"])
    result = forecast(frame, 1, model=MODEL, id_col="store,item")
    assert (result["SeasonalNaive"] == result["store"] * 10.0 + result["item"]).all()
    assert result["store"].tolist() == list(range(500))


def test_two_series_of_one_joined_name_are_refused():
    frame = pd.DataFrame({"id": ["a", "a/b"], "ds": [1, 1], "b/c": [1.0, 2.0], "c": [3.0, 4.0]})
    with pytest.raises(UserError, match="would give two series the name a/b/c"):
        read_frame(frame, Layout(id_col="id", target_col=["b/c", "c"]))
