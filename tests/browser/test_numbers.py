"""The modules of the page give the library's numbers; node runs them as a browser does, by WebAssembly."""

import pytest

from benchmarks.browser.beside import NODE, RUNTIME, by_node, deviation
from benchmarks.browser.cases import cases
from benchmarks.browser.far import series
from segue.forecasting.registry import load_predictor

CASES = cases()
FAR = {"noise": 1_000, "2,592 days": 700}
SMALL = ("months", "missing values", "counts with zeros", "several series")

pytestmark = pytest.mark.skipif(
    NODE is None or not (RUNTIME / "package.json").is_file(),
    reason="there is no node, or no onnxruntime-web, which `npm ci` in docs/browser fetches",
)


@pytest.fixture(scope="module")
def answers():
    return dict(zip(CASES, by_node(list(CASES.values()), "nanotst")["answers"], strict=True))


@pytest.fixture(scope="module")
def predictor():
    return load_predictor("nanotst", threads=1)


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_the_library(answers, predictor, name):
    """To 1e-4 of the value, and of the width of the band; catches a part of the library that the page lacks."""
    median, bands = deviation(predictor, CASES[name], answers[name])
    assert median <= 1e-4
    assert bands <= 1e-4


def test_far_ahead_the_numbers_are_those_of_the_library(predictor):
    """Where forecasts of means join; catches roundings that grow with each pass."""
    asked = [series()[name].case(horizon) for name, horizon in FAR.items()]
    for case, answer in zip(asked, by_node(asked, "nanotst")["answers"], strict=True):
        assert max(deviation(predictor, case, answer)) <= 1e-5


def test_counts_are_whole_and_at_least_zero(answers):
    (found,) = answers["counts with zeros"]["forecasts"]
    assert all(value == int(value) >= 0 for key in ("point", "low", "high") for value in found[key])


def test_the_small_model_is_run_as_well():
    """Its context and its patches have other lengths."""
    found = by_node([CASES[name] for name in SMALL], "nanotst-small")["answers"]
    small = load_predictor("nanotst-small", threads=1)
    for name, answer in zip(SMALL, found, strict=True):
        assert max(deviation(small, CASES[name], answer)) <= 1e-4
