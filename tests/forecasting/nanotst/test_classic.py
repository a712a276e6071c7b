"""The teaching file and the library are one model: `nano_tst.py`'s weights, copied, give the same numbers."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from segue.forecasting.nanotst.classic import ClassicTST, WindowScale
from segue.forecasting.nanotst.config import ClassicTSTConfig
from tests.forecasting.nanotst.conftest import history_of

RENAMED = {
    "^positions": "backbone.positions",
    "^blocks": "backbone.blocks",
    "^norm": "backbone.norm",
    "^head": "head.project",
    r"\.norm1": ".norm",
    r"\.norm2": ".feed_forward.norm",
    r"\.ffn\.0": ".feed_forward.up",
    r"\.ffn\.2": ".feed_forward.down",
}


@pytest.fixture(scope="module")
def nano():
    path = Path(__file__).parents[3] / "nano_tst.py"
    spec = importlib.util.spec_from_file_location("nano_tst", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def renamed(name: str) -> str:
    for old, new in RENAMED.items():
        name = re.sub(old, new, name)
    return name


@pytest.fixture(scope="module")
def pair(nano):
    torch.manual_seed(0)
    small = nano.NanoTST().double()
    for parameter in small.parameters():  # nothing near zero by initialisation: every weight must be in its place
        torch.nn.init.normal_(parameter, std=0.1)
    library = ClassicTST(ClassicTSTConfig()).double()
    library.load_state_dict({renamed(name): tensor for name, tensor in small.state_dict().items()})
    return small, library


def test_the_classic_has_the_sizes_of_the_teaching_file(nano):
    config = ClassicTSTConfig()
    assert (config.context, config.patch, config.width) == (nano.CONTEXT, nano.PATCH, nano.WIDTH)
    assert (config.heads, config.layers) == (nano.HEADS, nano.LAYERS)


def test_copied_weights_give_the_same_numbers(nano, pair):
    small, library = pair
    series = nano.make_series(6, nano.CONTEXT, torch.Generator().manual_seed(1)).double()
    mean, deviation = nano.statistics(series)
    patches = nano.patchify(series)
    expected_mean, expected_std = small(nano.patchify(nano.normalise(series, mean, deviation)))
    observed, given = torch.ones_like(patches, dtype=torch.bool), WindowScale(mean[:, 0], deviation[:, 0])
    distribution, scale = library(patches, observed, given)
    assert scale is given
    torch.testing.assert_close(distribution.mean, expected_mean, rtol=0, atol=1e-10)
    torch.testing.assert_close(distribution.std, expected_std, rtol=0, atol=1e-10)
    target = patches.roll(-1, dims=1)
    torch.testing.assert_close(distribution.loss(target).mean(), nano.gaussian_nll(expected_mean, expected_std, target))


def test_forecasts_by_sampling_agree_within_the_error_of_sampling(nano, pair):
    # two samplers with their own draws: medians of 100 and of 1,000 paths, within 5 standard errors of the first
    small, library = pair
    series = nano.make_series(2, nano.CONTEXT, torch.Generator().manual_seed(2)).double()
    torch.set_default_dtype(torch.float64)
    try:
        low, median, high = nano.forecast(small, series, 32, torch.Generator().manual_seed(3), paths=1000)
    finally:
        torch.set_default_dtype(torch.float32)
    ours = library.predict(history_of(series.numpy()), 32)
    deviation = (high - low).numpy() / 2.563
    assert (np.abs(ours.median - median.numpy()) < 5 * 1.2533 * deviation / 10).all()


@pytest.fixture
def lanes() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    patches = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64) * 7 + 100
    observed = torch.rand(3, 5, 4, generator=generator) < 0.7
    return patches, observed


def test_the_window_scale_is_that_of_all_observed_values(lanes):
    patches, observed = lanes
    window = WindowScale.of(patches, observed)
    for lane in range(3):
        seen = patches[lane][observed[lane]].numpy()
        assert window.mean[lane].item() == pytest.approx(seen.mean(), abs=1e-12)
        assert window.deviation[lane].item() == pytest.approx(seen.std(), abs=1e-12)


def test_the_window_scale_sees_the_last_patch_from_the_first_on(lanes):
    patches, observed = lanes
    other = patches.clone()
    other[:, -1] += 50.0
    assert (WindowScale.of(patches, observed).deviation != WindowScale.of(other, observed).deviation).all()
    assert (WindowScale.of(other, observed).normalise(other) != WindowScale.of(patches, observed).normalise(patches))[
        :, 0
    ].all()


def test_the_window_scale_goes_there_and_back_and_equal_values_stay(lanes):
    patches, observed = lanes
    scale = WindowScale.of(patches, observed)
    torch.testing.assert_close(scale.restore(scale.normalise(patches)[:, 2]), patches[:, 2], rtol=0, atol=1e-12)
    for value in (0.1, -3.3e15, 1e-300):
        equal = torch.full((1, 3, 4), value, dtype=torch.float64)
        scale = WindowScale.of(equal, torch.ones_like(equal, dtype=torch.bool))
        assert (scale.deviation == 0).all()
        assert torch.equal(scale.restore(torch.randn(1, 4)), equal[:, 0])
