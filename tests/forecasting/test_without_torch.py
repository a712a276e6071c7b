"""The served half with torch blocked: forecasts, backtests, streams, pictures, pickles and their commands."""

from pathlib import Path

import pandas as pd
import pytest

from tests.forecasting.conftest import several

PRELUDE = """
import sys
import pandas as pd
import segue
frame = pd.read_csv("in.csv", parse_dates=["ds"])
"""
WORK = {
    "forecast": """
found = segue.forecast(frame, 12, levels=(80, 95), quantiles=0.3)
assert found["NanoTST"].notna().all() and len(found) == 36
assert segue.forecast(frame, 12, model="nanotst-small").shape == (36, 5)
for model in ("ar", "seasonal-naive:12", segue.load_predictor("nanotst-small", threads=2)):
    assert len(segue.forecast(frame, 3, model=model)) == 9
""",
    "arrays": """
import numpy as np
model = segue.ExportedModel.from_pretrained("nanotst-small")
history = segue.History(np.ones((2, 30)), np.ones((2, 30), dtype=bool), np.zeros((2, 0)))
assert (model.predict(history, 300).quantiles == 1).all()
assert len(model.fingerprint) == 64
""",
    "backtest": """
result = segue.backtest(frame, 6, 2, models=["nanotst-small", "seasonal-naive"])
assert list(result.overall["model"]) == ["NanoTST-small", "SeasonalNaive"]
assert result.overall["mase"].notna().all()
""",
    "stream": """
stream = segue.Stream("nanotst-small")
memory, report = stream.update(stream.start(), frame[frame["ds"] < "2019-06-01"])
stream.save(memory, "memory")
memory, report = stream.update(stream.load("memory"), frame[frame["ds"] >= "2019-06-01"])
pd.testing.assert_frame_equal(stream.forecast(memory, 5), segue.forecast(frame, 5, model="nanotst-small"))
arrays = stream.update_arrays(stream.start(), [[1.0, 2.0, 3.0]])
assert stream.forecast_arrays(arrays, 2).median.shape == (1, 2)
""",
    "watch": """
watch = segue.Watch("nanotst-small", refresh=12, warm_up=24)
seen = watch.observe(frame["unique_id"], frame["ds"].to_numpy(), frame["y"])
assert seen.frame()["p"].notna().sum() == sum(max(0, count - 24) for count in frame["unique_id"].value_counts())
""",
    "plots": """
segue.plot_forecast(frame, segue.forecast(frame, 6, model="nanotst-small")).savefig("forecast.png")
result = segue.backtest(frame, 6, 2, models=["nanotst-small"])
segue.plot_backtest(frame, result).savefig("backtest.png")
""",
    "pickle": """
import pickle
model = segue.ExportedModel.from_pretrained("nanotst-small", threads=1)
before = segue.forecast(frame, 6, model=model)
again = pickle.loads(pickle.dumps(model))
pd.testing.assert_frame_equal(segue.forecast(frame, 6, model=again), before)
""",
}
COMMANDS = {
    "forecast": ("in.csv", "--horizon", 6, "--output", "out.csv", "--plot", "plot.png"),
    "backtest": ("in.csv", "--horizon", 6, "--windows", 2, "--output", "out.csv", "--plot", "plot.png"),
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with a table of three monthly series."""
    several().to_csv(tmp_path / "in.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("work", WORK)
def test_python_works_without_torch(work, folder, without_torch):
    code = f"{PRELUDE}{WORK[work]}\nassert not any(name.partition('.')[0] == 'torch' for name in sys.modules)\n"
    done = without_torch("-c", code, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("verb", COMMANDS)
def test_commands_work_without_torch(verb, folder, without_torch):
    done = without_torch("-m", "segue", verb, *COMMANDS[verb], cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    written = pd.read_csv(folder / "out.csv")
    assert written.filter(like="NanoTST" if verb == "forecast" else "mase").notna().all(axis=None)
    assert (folder / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_what_needs_torch_is_refused_in_one_line_and_a_model_without_its_graph_too(folder, without_torch):
    """Catches a model folder that quietly falls back on torch, or a traceback."""
    code = """
import shutil
from segue.forecasting.nanotst.weights import model_folder
shutil.copytree(model_folder("nanotst-small"), "model")
import os
os.remove("model/model.onnx")
"""
    assert without_torch("-c", code, cwd=folder).returncode == 0
    done = without_torch("-m", "segue", "forecast", "in.csv", "--horizon", 6, "--model", "model", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "run `segue export` on it first, which needs the extra train" in done.stderr
