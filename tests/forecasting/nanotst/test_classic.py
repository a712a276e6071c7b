"""The teaching file and the library are one model: `nano_tst.py`'s weights, copied, give the same numbers."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch

from segue.forecasting.nanotst.model import NanoTST, NanoTSTConfig
from segue.forecasting.nanotst.scaling import Scale, level_scales

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
    for parameter in small.parameters():  # nothing near zero by initialisation: every weight must find its place
        torch.nn.init.normal_(parameter, std=0.1)
    library = NanoTST(NanoTSTConfig()).double()
    library.load_state_dict({renamed(name): tensor for name, tensor in small.state_dict().items()})
    return small, library


def test_the_classic_has_the_sizes_of_the_teaching_file(nano):
    config = NanoTSTConfig()
    assert (config.context, config.patch, config.width) == (nano.CONTEXT, nano.PATCH, nano.WIDTH)
    assert (config.heads, config.layers) == (nano.HEADS, nano.LAYERS)


def test_copied_weights_give_the_same_numbers(nano, pair):
    small, library = pair
    series = nano.make_series(6, nano.CONTEXT, torch.Generator().manual_seed(1)).double()
    mean, deviation = nano.statistics(series)
    patches = nano.patchify(series)
    scale = Scale(*(part.expand(6, nano.TOKENS) for part in (mean, deviation, torch.full_like(mean, nano.CONTEXT))))
    expected_mean, expected_std = small(nano.patchify(nano.normalise(series, mean, deviation)))
    distribution, _ = library(
        patches, torch.ones_like(patches, dtype=torch.bool), level_scales(scale, scale, nano.PATCH)
    )
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
    ours = library.predict(series, torch.ones_like(series, dtype=torch.bool), 32)
    deviation = (high - low) / 2.563
    assert ((ours.median - median).abs() < 5 * 1.2533 * deviation / 10).all()
