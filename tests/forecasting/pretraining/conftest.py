"""What the tests of pretraining share: a run of seconds, its windows, and no export, which takes longer than all."""

import dataclasses
from pathlib import Path

import pytest

from segue.config import read_config
from segue.forecasting.pretraining.pretrain import PretrainConfig
from segue.forecasting.pretraining.windows import Windows

CONFIGS = Path(__file__).parents[3] / "configs"
TINY = read_config(PretrainConfig, CONFIGS / "tiny.toml")
FEW = {"decomposition": 0.5, "calendar": 0.4, "counts": 0.1}  # what is drawn does not matter here, and few are fast


def windows(**changes: object) -> Windows:
    """The windows of the tiny run, of few productions."""
    changes = {"weights": FEW} | changes
    return Windows(dataclasses.replace(TINY.data, **changes), patch=24, span=2, seed=0)


@pytest.fixture
def exported(monkeypatch) -> list[Path]:
    """The folders that a run in this process would export."""
    folders: list[Path] = []
    monkeypatch.setattr("segue.forecasting.pretraining.pretrain.export_model", folders.append)
    return folders
