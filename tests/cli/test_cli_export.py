"""`segue export`: completes a model folder or a copy of it; what is no model is one line, and leaves nothing."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.errors import UserError


@pytest.fixture
def model(tmp_path, monkeypatch) -> Path:
    """A model folder, and an exporter that only leaves its mark."""

    def export_model(folder: Path) -> Path:
        if (folder / "config.json").read_text() == "broken":
            raise UserError("model", folder, "its weights do not fit its config.json")
        (folder / "model.onnx").write_text(f"of {(folder / 'config.json').read_text()}")
        return folder / "model.onnx"

    module = ModuleType("segue.forecasting.nanotst.export")
    module.export_model = export_model
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("segue.forecasting.nanotst.config.read_config", lambda folder: None)  # it would refuse the mark
    folder = tmp_path / "run" / "model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("mine")
    return folder


def export(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["export", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_a_model_or_its_run_is_completed(model):
    for folder in (model, model.parent):
        assert export(folder) == (0, f"written: {model / 'model.onnx'}\n", "")
        assert (model / "model.onnx").read_text() == "of mine"
        (model / "model.onnx").unlink()


def test_a_copy_is_a_whole_model_and_the_original_stays(model, tmp_path):
    copy = tmp_path / "copy"
    assert export(model, "--output", copy) == (0, f"written: {copy / 'model.onnx'}\n", "")
    assert sorted(path.name for path in copy.iterdir()) == ["config.json", "model.onnx"]
    assert [path.name for path in model.iterdir()] == ["config.json"]


def test_mistakes_are_one_line_and_write_nothing(model, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("broken")
    before = set(tmp_path.rglob("*"))
    for arguments, message in (
        ((tmp_path,), f"MODEL {tmp_path}: name a folder that holds a whole model"),
        ((broken,), f"MODEL {broken}: its weights do not fit its config.json"),
        ((broken, "--output", tmp_path / "copy"), f"MODEL {broken}: its weights do not fit its config.json"),
        ((model, "--output", broken), f"--output {broken}: name a new folder"),
        ((model, "--output", tmp_path / "no" / "copy"), "its folder does not exist; create it or name another"),
    ):
        status, out, error = export(*arguments)
        assert (status, out, error.count("\n")) == (2, "", 1)
        assert message in error
        assert set(tmp_path.rglob("*")) == before
