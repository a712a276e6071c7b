"""Quantiles are brought to what a series can be, and left alone where nothing tells what that is."""

import pytest
import torch

from segue.forecasting.nanotst.model import NanoTST, NanoTSTConfig
from segue.forecasting.support import within_support

QUANTILES = torch.tensor([[[-0.4, 0.2, 0.6, 2.4, 7.3]]], dtype=torch.float64)
SALES = [0, 0, 3, 0, 1, 0, 0, 2, 0, 0, 1, 4]
LEVEL = [7, 9, 8, 7, 9, 9, 8, 8, 7, 9]
PRICES = [1.1, 0.3, 2.7, 0.4, 1.9, 3.2]
REST_THEN_REAL = [0.0, 0.0, 0.0, 0.31, 0.0, 2.77, 1.234, 0.91]


def kept(values, quantiles=QUANTILES, observed=None):
    values = torch.tensor([values], dtype=torch.float64)
    observed = torch.ones_like(values, dtype=torch.bool) if observed is None else torch.tensor([observed])
    return within_support(quantiles, values, observed)[0, 0].tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (SALES, [0, 0, 1, 2, 7]),
        (REST_THEN_REAL, [0, 0.2, 0.6, 2.4, 7.3]),
        (LEVEL, [0, 0, 1, 2, 7]),  # counts, but the least of them is no floor, as another comes more often
        (PRICES, QUANTILES.flatten().tolist()),  # tenths, but not repeated: chance
        ([5.0, 5.0, 5.0, 5.0], [5, 5, 5, 5, 7.3]),  # a constant that may grow
        ([2.0], QUANTILES.flatten().tolist()),
    ],
)
def test_quantiles_become_what_the_series_can_be(values, expected):
    assert kept(values) == pytest.approx(expected)


def test_what_is_not_observed_has_no_say():
    """Catches padding taken for a series that rests at zero, and a lane without a value."""
    padded = [0.0] * 8 + PRICES
    assert kept(padded, observed=[False] * 8 + [True] * 6) == pytest.approx(QUANTILES.flatten().tolist())
    assert kept(PRICES, observed=[False] * 6) == pytest.approx(QUANTILES.flatten().tolist())


@pytest.mark.parametrize(("unit", "offset"), [(0.01, 0.0), (3.7, -40.0), (1e-9, 1e-3), (1e12, 1e15)])
def test_no_unit_has_a_say(unit, offset):
    """Catches a rule that knows zero or whole numbers by name."""
    moved = kept([unit * value + offset for value in SALES], unit * QUANTILES + offset)
    assert moved == pytest.approx([unit * value + offset for value in (0, 0, 1, 2, 7)], rel=1e-12)


def test_a_model_that_keeps_to_it_forecasts_whole_sales_and_the_same_of_all_else():
    torch.manual_seed(0)
    sizes = {"context": 32, "patch": 8, "width": 16, "heads": 2, "layers": 1, "head": "quantiles", "scale": "running"}
    plain, keeping = (NanoTST(NanoTSTConfig(**sizes, support=support)).eval() for support in (False, True))
    keeping.load_state_dict(plain.state_dict())
    values = torch.stack([torch.tensor(SALES * 2).double(), torch.randn(24).double().cumsum(0)])
    observed = torch.ones_like(values, dtype=torch.bool)
    before, after = (model.predict(values, observed, 10).quantiles for model in (plain, keeping))
    assert torch.equal(after[1], before[1])
    assert torch.equal(after[0], before[0].round().clamp(min=0))
    assert not torch.equal(after[0], before[0])
