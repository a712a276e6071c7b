"""Files without an end, and work that asks for more memory than there is, are refused before they begin."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segue import memory
from segue.errors import UserError
from segue.forecasting.forecast import forecast, forecast_chunks
from segue.forecasting.predictor import check_horizon
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.files.source import read_source
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame
from segue.memory import free_memory, require_memory
from segue.whole import read_whole


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="devices of POSIX")
def test_a_device_without_an_end_is_refused_and_the_null_device_is_empty():
    for read in (read_whole, read_source):
        with pytest.raises(OSError, match="a device without an end"):
            read(Path("/dev/zero"))
        assert read(Path(os.devnull)) == b""


def test_work_that_fills_the_memory_is_refused_with_both_figures(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 3 * 10**9)
    require_memory("horizon", 3, 3 * 10**9, "give a smaller one")
    with pytest.raises(UserError, match=r"horizon 9: needs 4\.0 GB of memory, 3\.0 GB are free; give a smaller one"):
        require_memory("horizon", 9, 4 * 10**9, "give a smaller one")
    check_horizon(10_000)
    with pytest.raises(UserError, match=r"horizon 100000000: needs .* GB of memory"):
        check_horizon(100_000_000)


def test_a_table_counts_all_its_series_and_columns(monkeypatch):
    """No series is forecast before; parts of a table count for themselves."""
    frame = pd.DataFrame({"unique_id": np.repeat(np.arange(2000), 2), "ds": [1, 2] * 2000, "y": 1.0})
    rows = 2000 * 50
    monkeypatch.setattr(memory, "free_memory", lambda: rows * (90 + 31 * 3))
    assert len(forecast(frame, 50, model="seasonal-naive:1")) == rows
    predictor = load_predictor("seasonal-naive:1")
    monkeypatch.setattr(type(predictor), "predict", lambda *arguments: pytest.fail("it was forecast"))
    refused = r"horizon 51: needs .* GB of memory.*; ask for fewer steps, or for fewer of the 2,000 series at once"
    with pytest.raises(UserError, match=refused):
        forecast(frame, 51, model="seasonal-naive:1")
    with pytest.raises(UserError, match=refused.replace("51", "50")):
        forecast(frame, 50, model="seasonal-naive:1", levels=(80, 90))
    monkeypatch.undo()
    monkeypatch.setattr(memory, "free_memory", lambda: rows * (90 + 31 * 3))
    parts = forecast_chunks(predictor, read_frame(frame, Layout()), 51, chunk=1000)
    assert [len(part) for part in parts] == [51_000] * 2


def test_the_free_memory_is_that_of_the_machine_or_of_its_container(monkeypatch, tmp_path):
    information, granted, used = (tmp_path / name for name in ("meminfo", "max", "current"))
    for name, path in (("_INFORMATION", information), ("_GRANTED", granted), ("_USED", used)):
        monkeypatch.setattr(memory, name, path)
    assert free_memory() == memory._physical()
    information.write_text("MemTotal: 9000 kB\nMemAvailable:  5000 kB\n")
    granted.write_text("max\n")
    used.write_text("1000000\n")
    assert free_memory() == 5000 * 1024
    granted.write_text("3000000\n")
    assert free_memory() == 2_000_000
