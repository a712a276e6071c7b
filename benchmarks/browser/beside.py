"""Answers of the page's modules, run by node, beside those of the library on the same file."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.browser.cases import Case
from segue.forecasting.forecast import forecast_reading
from segue.forecasting.nanotst.weights import model_folder
from segue.forecasting.predictor import Predictor
from segue.forecasting.table.files.read import read_table
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import Reading, read_frame

PAGE = Path(__file__).parent.parent.parent / "docs" / "browser"
NODE = shutil.which("node")
RUNTIME = PAGE / "node_modules" / "onnxruntime-web"


def by_node(cases: list[Case], model: str | None) -> dict[str, Any]:
    """What the modules make of each case: its reading, and its forecasts if a model is named."""
    return run_node([asdict(case) for case in cases], model)


def run_node(cases: list[dict[str, Any]], model: str | None = None) -> dict[str, Any]:
    """Runs `node.mjs` on cases as it takes them."""
    assert NODE is not None
    command = [NODE, str(PAGE / "node.mjs"), *([] if model is None else [str(model_folder(model))])]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def by_library(case: Case) -> Reading:
    """How the library reads the file of a case."""
    chosen = {f"{role}_col": name for role, name in case.chosen.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_text(case.csv, encoding="utf-8")
        layout = Layout(**chosen)  # type: ignore[arg-type]
        found = read_table(path, layout)
    return read_frame(found.frame, layout, found.points)


def difference(reading: Reading, found: dict[str, Any]) -> str:
    """The first difference between the library's reading and that of the page; empty if there is none."""
    panel = reading.panel
    if panel.frequency.alias != found["frequency"]:
        return f"step {panel.frequency.alias} and {found['frequency']}"
    if not np.allclose([*panel.seasons[0]], found["seasons"], rtol=1e-12) or len(panel.seasons[0]) != len(
        found["seasons"]
    ):
        return f"seasons {panel.seasons[0]} and {found['seasons']}"
    names = [str(name) for name in panel.ids.to_list()]
    if names != [lane["name"] for lane in found["lanes"]]:
        return f"series {names} and {[lane['name'] for lane in found['lanes']]}"
    times, ahead = _numbers(panel.times), _numbers(panel.future(3))
    for index, lane in enumerate(found["lanes"]):
        own = slice(panel.starts[index], panel.starts[index + 1])
        values = np.array([np.nan if value is None else value for value in lane["values"]], dtype=float)
        pairs = {
            "times": (times[own], lane["times"]),
            "steps": (panel.steps[own], lane["steps"]),
            "values": (panel.values[own], values),
            "future": (ahead[index], lane["ahead"]),
        }
        for what, (wanted, given) in pairs.items():
            if not np.array_equal(np.asarray(wanted, dtype=float), np.asarray(given, dtype=float), equal_nan=True):
                return f"{what} of series {lane['name']}: {wanted[:5]} and {given[:5]}"
    return ""


def _numbers(times: np.ndarray) -> np.ndarray:
    """Times as the page has them: milliseconds since 1970, or integers."""
    return times.astype("datetime64[us]").astype(np.int64) / 1000 if times.dtype.kind == "M" else times


def deviation(predictor: Predictor, case: Case, answer: dict[str, Any]) -> tuple[float, float]:
    """The largest differences of a case.

    Returns:
        Those of the median as a part of its size, or of the width of the band where the median is nearer to zero; and
        those of the bounds as a part of that width, or of the size of the median where the band has none.
    """
    frame = forecast_reading(predictor, by_library(case), case.horizon, (case.percent,))
    own = {key: np.concatenate([one[key] for one in answer["forecasts"]]) for key in ("point", "low", "high")}
    times = [time for one in answer["forecasts"] for time in one["t"]]
    ids = [one["name"] for one in answer["forecasts"] for _ in one["t"]]
    id_col, time_col, *columns = frame.columns
    stamps = frame[time_col]
    written = [str(time) for time in stamps]
    assert [time.removesuffix(" 00:00:00") for time in written] == [time.removesuffix(" 00:00:00") for time in times]
    assert [str(name) for name in frame[id_col]] == ids
    point, low, high = (frame[column].to_numpy() for column in columns)
    size, width = np.abs(point), high - low
    largest = np.maximum(size, width)
    median = np.abs(own["point"] - point) / np.where(largest > 0, largest, 1.0)
    unit = np.where(width > 0, width, np.where(size > 0, size, 1.0))
    bands = max(float((np.abs(own[key] - wanted) / unit).max()) for key, wanted in (("low", low), ("high", high)))
    return float(median.max()), bands
