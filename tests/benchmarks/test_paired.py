"""Figures side by side: who takes turns with whom, what is compared with what, and what each installation reports."""

import csv
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.figures import write_figures
from benchmarks.forecasting.horizons import with_span
from benchmarks.forecasting.paired import Side, alternating, row
from benchmarks.forecasting.process import run
from benchmarks.forecasting.training_rate import rows_of
from benchmarks.forecasting.training_rate_worker import counted, timed
from segue.forecasting.nanotst.graph import ExportedModel
from segue.forecasting.predictor import History
from segue.forecasting.pretraining.windows import Batch


def test_two_sides_take_turns_and_neither_is_always_first():
    order = []

    def once(side: str) -> tuple[float, float]:
        order.append(side)
        return float(len(order)), 10.0 * len(order)

    runs = alternating({"this": "a", "other": "b"}, 3, once)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert runs == {"this": [(1, 10), (4, 40), (5, 50)], "other": [(2, 20), (3, 30), (6, 60)]}


def test_ratios_are_taken_within_repeats(capsys):
    """Catches a ratio of medians, one of the other to this, and pairs of different repeats."""
    found = row("figure", "nanotst", "s", {"this": [2.0, 30.0, 9.0], "other": [1.0, 10.0, 18.0]})
    assert [found[f"ratio_{which}"] for which in ("min", "median", "max")] == [0.5, 2, 3]
    assert (found["this_median"], found["other_median"], found["repeats"]) == (9, 10, 3)
    assert "ratio 2.000 (0.500 to 3.000)" in capsys.readouterr().out


def test_figures_come_back_from_their_file(tmp_path):
    write_figures([{"figure": "one, two", "median": 1234567.0}], tmp_path / "new" / "rows.csv", {"threads": 2})
    with (tmp_path / "new" / "rows.csv").open() as file:
        assert list(csv.DictReader(file)) == [{"figure": "one, two", "median": "1.2346e+06", "threads": "2"}]


def test_a_process_sees_what_it_is_given_only(tmp_path, monkeypatch):
    """Catches packages of this checkout that reach the other installation, by PYTHONPATH or by the working folder."""
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    code = (
        "import json, os; print(json.dumps([os.environ.get('PYTHONPATH'), os.getcwd(), os.environ['OMP_NUM_THREADS']]))"
    )
    for source in (None, "/elsewhere"):
        printed = Side(Path(sys.executable), tmp_path, source).run([code], threads=3).printed
        assert json.loads(printed) == [source, str(tmp_path), "3"]
    finished = run([sys.executable, "-c", "held = bytearray(50 * 2**20); print(len(held))"], threads=1)
    assert finished.peak > 50
    assert finished.printed == f"{50 * 2**20}\n"


def test_an_installation_reports_itself(tmp_path):
    """The worker on this checkout, from frame to frame."""
    times = pd.date_range("2024-01-01", periods=30, freq="h")
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": np.sin(np.arange(30.0))})
    frame.to_parquet(tmp_path / "series.parquet")
    import segue

    package = Path(segue.__file__)
    side = Side(Path(sys.executable), tmp_path, str(package.parents[1]))
    seconds, peak = side.forecast("nanotst-small", threads=1)
    assert seconds > 0
    assert peak > 50
    assert side.segue == package
    assert "pandas" in side.versions


def test_a_span_is_the_same_weights_fed_back_sooner():
    """The first patch is that of one pass, what follows is not; catches a span that changes nothing, or too much."""
    model = ExportedModel.from_pretrained("nanotst-small", threads=1)
    values = np.random.default_rng(0).normal(size=(4, 200)).cumsum(axis=1)
    history = History(values, np.ones(values.shape, dtype=bool), np.zeros((4, 0)))
    patch, span = model.config.patch, model.config.span
    whole, short = (way.predict(history, 2 * patch).quantiles for way in (model, with_span(model, 1)))
    np.testing.assert_allclose(short[:, :patch], whole[:, :patch], rtol=0, atol=1e-4)
    assert not np.allclose(short[:, patch:], whole[:, patch:], rtol=1e-3)
    assert model.config.span == span
    with pytest.raises(SystemExit, match=f"from 1 to {span}"):
        with_span(model, span + 1)


def test_training_counts_patches_and_those_that_teach():
    """A lane with two values before its last patch, and a whole one, whose first patch has nothing before it."""
    present = torch.ones(2, 3, 4, dtype=torch.bool)
    present[0, 0], present[0, 1, :2] = False, False
    batch = Batch(torch.zeros(2, 3, 4), present, present, torch.zeros(2, 1, dtype=torch.float64))
    assert counted(batch) == (6, 2)


def test_rates_of_training_are_taken_within_repeats(capsys):
    runs = {
        "this": [{"patches": 80, "teach": 60, "wall": 2.0, "processor": 4.0}],
        "other": [{"patches": 40, "teach": 20, "wall": 4.0, "processor": 4.0}],
    }
    ratios = [found["ratio_median"] for found in rows_of(runs, 2)]
    assert ratios == [6.0, 3.0, 4.0, 2.0]


def test_a_training_is_timed_between_two_of_its_steps_and_stopped():
    taken = []

    def pretrain(config, run, *, progress):
        for step in range(1, 100):
            taken.append(step)
            progress(SimpleNamespace(step=step))

    seconds = timed(pretrain, None, 3, 5)
    assert taken == list(range(1, 9))
    assert seconds["processor"] >= 0
    assert seconds["wall"] > 0
