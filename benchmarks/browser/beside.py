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
    assert NODE is not None
    command = [NODE, str(PAGE / "node.mjs"), *([] if model is None else [str(model_folder(model))])]
    sent = json.dumps([asdict(case) for case in cases])
    done = subprocess.run(command, input=sent, capture_output=True, encoding="utf-8", check=False)
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
