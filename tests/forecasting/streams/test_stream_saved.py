"""What a stream remembers of frames: names and types come back as they were, files are small, models do not mix."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pandas.testing import assert_frame_equal
from safetensors import safe_open

from segue import UserError, forecast
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.streams.memory import MOST_STEPS
from segue.forecasting.streams.stream import Stream
from segue.state import State
from tests.forecasting.conftest import Mean, days, feed, pieces, rows_of

MODEL = SeasonalNaive(season=3, context=64)


@pytest.mark.parametrize("kind", ["text", "category", "string", "int64", "int32"])
def test_ids_come_back_as_they_were(kind, tmp_path):
    rows = rows_of(missing=0)
    rows["unique_id"] = rows["unique_id"].map({"a": 10, "b": 2, "c": 33}) if "int" in kind else rows["unique_id"]
    rows = rows.astype({"unique_id": kind}) if kind != "text" else rows
    stream = Stream(MODEL, freq="D")
    memory, _ = feed(stream, pieces(rows.sample(frac=1, random_state=1), [40]))
    stream.save(memory, tmp_path / "memory")
    ahead = stream.forecast(stream.load(tmp_path / "memory"), 3)
    assert_frame_equal(ahead, forecast(rows, 3, model=MODEL))


def test_names_of_another_kind_are_refused_unless_they_say_the_same():
    memory, _ = feed(Stream(MODEL), [days(1, 2, name="A7"), days(1, 2, name="12")])
    after, (report,) = feed(Stream(MODEL), [days(3, name=12)], memory)
    assert (report.added, report.new) == ({"12": 1}, ())
    assert after.ids == ("12", "A7")
    assert Stream(MODEL).forecast(after, 1)["unique_id"].tolist() == ["12", "A7"]
    numbers, _ = feed(Stream(MODEL), [days(1, 2, name=12)])
    with pytest.raises(UserError, match="id_col unique_id: holds String; give names that are numbers, as before"):
        feed(Stream(MODEL), [days(3, name="A7")], numbers)
    with pytest.raises(UserError, match="id_col unique_id: holds Date.*; give names that are text or numbers"):
        feed(Stream(MODEL), [days(1, 2, name=pd.Timestamp("2025-01-01"))])


def test_polars_in_polars_out_and_dates_stay_dates(tmp_path):
    rows = pl.from_pandas(rows_of()).with_columns(pl.col("ds").cast(pl.Date), pl.col("unique_id").cast(pl.Categorical))
    stream = Stream(MODEL)
    memory, _ = feed(stream, [rows.head(30), rows[30:]])
    stream.save(memory, tmp_path / "memory")
    assert stream.forecast(stream.load(tmp_path / "memory"), 3).equals(forecast(rows, 3, model=MODEL))
    memory, _ = stream.update(memory, days(400))  # the kind of frame that came last
    assert isinstance(stream.forecast(memory, 3), pd.DataFrame)


def test_several_columns_of_times_and_targets_are_read_as_in_a_table():
    hours = pd.date_range("2025-01-01", periods=60, freq="h")
    rows = pd.DataFrame({"day": hours.strftime("%Y-%m-%d"), "hour": hours.hour, "up": np.arange(60.0), "down": 1.0})
    names = {"time_col": "day,hour", "target_col": ["up", "down"]}
    stream = Stream(MODEL, **names)
    memory, _ = feed(stream, pieces(rows, [30, 59]))
    assert memory.ids == ("down", "up")
    expected = forecast(rows, 3, model=MODEL, **names).sort_values(["unique_id", "ds"]).reset_index(drop=True)
    assert_frame_equal(stream.forecast(memory, 3), expected)


def test_a_lane_is_below_24_kb_in_memory_and_on_disk(tmp_path):
    lanes = 50
    stream = Stream(SeasonalNaive(season=7), freq="D")
    assert stream.steps == MOST_STEPS < stream.predictor.context
    frames = [days(1, 2, name=f"a rather long name of a series, number {lane}") for lane in range(lanes)]
    memory, _ = stream.update(stream.start(), pd.concat(frames))
    stream.save(memory, tmp_path / "memory")
    assert sum(array.nbytes for array in memory.state.values()) <= 24_000 * lanes
    assert (tmp_path / "memory").stat().st_size <= 24_000 * lanes


def test_a_job_that_resumes_saves_again_to_the_same_bytes(tmp_path):
    stream = Stream(MODEL, freq="D")
    memory, _ = stream.update(stream.start(), rows_of())
    stream.save(memory, tmp_path / "one")
    stream.save(stream.load(tmp_path / "one"), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with safe_open(tmp_path / "one", framework="np") as file:
        (facts,) = map(json.loads, file.metadata().values())
    assert (facts["ids"], facts["frequency"], facts["model"]) == (["a", "b", "c"], "D", "SeasonalNaive")


def test_another_model_takes_a_memory_over_only_where_it_is_told_to(tmp_path):
    rows = rows_of(missing=0)
    stream = Stream(MODEL)
    stream.save(feed(stream, [rows])[0], tmp_path / "memory")
    for other, whose in ((Stream(Mean(4)), "SeasonalNaive"), (Stream("seasonal-naive:4"), "another SeasonalNaive")):
        remedy = f"load it with the model that saved it, {whose}, or give adopt=True to go on with this one"
        with pytest.raises(UserError, match=f"state .*memory: {remedy}"):
            other.load(tmp_path / "memory")
        memory = other.load(tmp_path / "memory", adopt=True)
        assert memory.steps == other.steps  # cut to 4 steps, or widened
        assert_frame_equal(other.forecast(memory, 3), forecast(rows, 3, model=other.predictor))


def test_what_no_stream_saved_is_refused(tmp_path):
    State({"values": np.zeros(3)}).save(tmp_path / "other", {"model": "abc"})
    with pytest.raises(UserError, match="state .*other: name a file that a stream saved"):
        Stream(MODEL).load(tmp_path / "other")
    with pytest.raises(UserError, match="name a whole state file"):
        Stream(MODEL).load(tmp_path / "missing")


def forged(path, arrays, facts):
    """Another array or fact under a new seal; None takes it away."""
    state, told = State.load(path, {})
    arrays, facts = {**state, **arrays}, {**told, **facts}
    kept = State({name: array for name, array in arrays.items() if array is not None})
    kept.save(path, {name: fact for name, fact in facts.items() if fact is not None})


@pytest.mark.parametrize(
    ("arrays", "facts"),
    [
        ({"values": None}, {}),
        ({"observed": np.zeros((3, 64))}, {}),
        ({"values": np.zeros((3, 63))}, {}),
        ({"values": np.full((3, 64), np.inf)}, {}),
        ({"first": np.zeros(3)}, {}),
        ({"last": np.zeros((3, 1), dtype=np.int64)}, {}),
        ({"other": np.zeros(3)}, {}),
        ({}, {"ids": ["a", "b"]}),
        ({}, {"ids": ["a", "b", 3]}),
        ({}, {"ids": ["a", "b", "b"]}),
        ({}, {"ids": 3}),
        ({}, {"form": {}}),
        ({}, {"form": [1]}),
        ({}, {"form": None}),
        ({}, {"frequency": "every other day"}),
        ({}, {"gathered": 3}),
        ({}, {"model": None}),
    ],
)
def test_a_forged_memory_is_refused_in_one_line(arrays, facts, tmp_path):
    """Catches a KeyError, an IndexError or an AttributeError, at once or in a later forecast."""
    stream = Stream(MODEL, freq="D")
    stream.save(feed(stream, [rows_of()])[0], tmp_path / "memory")
    forged(tmp_path / "memory", arrays, facts)
    with pytest.raises(UserError, match="^state .*memory: name a file that a stream saved") as caught:
        stream.load(tmp_path / "memory")
    assert "\n" not in str(caught.value)
