"""What the tests of NanoTST share: lanes to look back in, tiny models, exported folders."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from segue.forecasting.nanotst.classic import ClassicTST
from segue.forecasting.nanotst.config import ClassicTSTConfig, NanoTSTConfig
from segue.forecasting.nanotst.cycles import Cycle, detect_cycles
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.nanotst.past import Past, past_of
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.scaling import mean_scale
from segue.forecasting.nanotst.variogram import variogram
from segue.forecasting.predictor import LEVELS, History, Predictor, predict_lanes

PATCH = 12
TINY = NanoTSTConfig(context=64, patch=8, span=3, width=16, heads=2, layers=2)
CLASSIC = ClassicTSTConfig(context=64, patch=8, width=16, heads=2, layers=2)
BACKBONES = {name: replace(TINY, backbone=name) for name in ("transformer", "lstm", "rnn", "nested")}
every_backbone = pytest.mark.parametrize("config", BACKBONES.values(), ids=BACKBONES)
every_model = pytest.mark.parametrize("config", [*BACKBONES.values(), CLASSIC], ids=[*BACKBONES, "classic"])


def build(config: NanoTSTConfig | ClassicTSTConfig, seed: int = 0) -> NanoTST | ClassicTST:
    """A double-precision model with weights large enough that nothing is near zero by luck."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = NanoTST(config) if isinstance(config, NanoTSTConfig) else ClassicTST(config)
        for parameter in model.double().eval().parameters():
            nn.init.normal_(parameter, std=0.2)
    return model


def history_of(values: np.ndarray, observed: np.ndarray | None = None) -> History:
    """A history without seasons, all observed unless stated."""
    observed = np.ones_like(values, dtype=bool) if observed is None else observed
    return History(values, observed, np.zeros((len(values), 0)))


def forecast_lanes(
    model: Predictor, values: np.ndarray, horizon: int, observed: np.ndarray | None = None
) -> np.ndarray:
    """The quantiles of lanes that may end in missing values, which are NaN unless `observed` is given."""
    observed = ~np.isnan(values) if observed is None else observed
    return predict_lanes(model, values, observed, np.zeros((len(values), 0)), horizon).quantiles


@pytest.fixture
def values() -> np.ndarray:
    """Four random walks of 64 steps, two of them with a large season of ten steps."""
    generator = torch.Generator().manual_seed(1)
    walks = torch.randn(4, 64, generator=generator, dtype=torch.float64).cumsum(1)
    season = torch.sin(torch.arange(64) * math.pi / 5).double()
    return (walks + torch.tensor([[9.0], [0.0], [9.0], [0.0]]) * season).numpy()


def distance(found: np.ndarray, expected: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How far each step's quantiles are from those expected, in widths of the 80 % band: (lanes, steps).

    Where there is no band, the deviation of the series takes its place. Two things single and double precision cannot
    do better, and they are not counted. A quantile more than 20 bands from the median, as of spikes, is measured by its
    distance from the median: 1e-4 bands are then 5e-6 of it, about 20 units in the last place. And one unit in the last
    place of double precision is no difference: a ripple on 1e15 has no finer values.

    Args:
        found: Quantiles at `LEVELS`.
        expected: Quantiles at `LEVELS`.
        values: The series, NaN where a value is missing.
    """
    low, median, high = (expected[..., LEVELS.index(level), None] for level in (0.1, 0.5, 0.9))
    series = np.nan_to_num(values, nan=np.nanmean(values)) if np.isnan(values).any() else values
    band = np.where(high > low, high - low, series.std(1)[:, None, None])
    unit = np.maximum(band, np.abs(expected - median) / 20)
    gap = np.maximum(np.abs(found - expected) - np.spacing(np.abs(expected)), 0.0)
    return np.asarray((gap / np.where(gap > 0, unit, 1.0)).max(-1))  # infinite where no difference is allowed at all


def lanes(*rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows as patches, all observed."""
    values = torch.stack(rows).double()
    return to_patches(values, torch.ones_like(values, dtype=torch.bool), PATCH)


def ragged() -> tuple[torch.Tensor, torch.Tensor]:
    """A cycle and a walk that begin inside a patch, with missing values and a long gap."""
    values = torch.stack([wave(300, 24) + 0.1 * noise(300), noise(300, seed=1).cumsum(0)])
    observed = torch.rand(2, 300, generator=torch.Generator().manual_seed(2)) < 0.8
    observed[0, :17], observed[1, :41], observed[:, 150:190] = False, False, False
    return to_patches(values, observed, PATCH)


def periods(lanes: int, *suggested: float) -> torch.Tensor:
    """The same suggested seasons for some lanes; none by default."""
    return torch.tensor(suggested, dtype=torch.float64).expand(lanes, -1)


def cycles_of(
    patches: torch.Tensor,
    observed: torch.Tensor,
    seasons: torch.Tensor | None = None,
    precision: torch.dtype = torch.float64,
) -> tuple[Past, Cycle, Cycle]:
    """The past of some lanes, their most convincing cycle and the other one."""
    past = past_of(patches, observed)
    differences = variogram(past, mean_scale(past), precision)
    return past, *detect_cycles(past, differences, periods(len(patches)) if seasons is None else seasons)


def shape(kind: str, length: int, period: int, phase: int) -> torch.Tensor:
    """A cycle of mean zero and deviation one."""
    at = (torch.arange(phase, phase + length).double() / period) % 1
    if kind == "sine":
        values = torch.sin(2 * math.pi * at)
    elif kind == "saw tooth":
        values = at
    else:  # a morning and an evening, as of a load
        values = torch.exp(-(((at - 0.3) / 0.08) ** 2)) + 0.6 * torch.exp(-(((at - 0.7) / 0.05) ** 2))
    return (values - values.mean()) / values.std()


def wave(length: int, period: float) -> torch.Tensor:
    return torch.sin(2 * math.pi * torch.arange(length, dtype=torch.float64) / period)


def noise(length: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(length, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


EXPORT = """
import sys
from pathlib import Path
from segue.forecasting.nanotst import export
from segue.forecasting.nanotst.model import NanoTST
core = export._exported(NanoTST.from_pretrained(sys.argv[1]))  # half a minute, and the same for both folders
export._exported = lambda model: core
for folder in map(Path, sys.argv[1:]):
    assert export.export_model(folder) == folder / "model.onnx"
"""


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> dict[str, Path]:
    """A tiny random model in single and in half precision, exported in another process.

    Here the checks of shapes stand between torch.export and the model.
    """
    folders = {name: tmp_path_factory.mktemp("exported") / name for name in ("single", "half")}
    for name, folder in folders.items():
        build(TINY).float().save_pretrained(folder, card="# Tiny\n", half=name == "half")
    subprocess.run([sys.executable, "-c", EXPORT, *folders.values()], check=True, stdin=subprocess.DEVNULL)
    return folders
