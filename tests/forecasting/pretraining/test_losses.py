"""The mixed loss and its closed gradient equal autograd through the definitions."""

import pytest
import torch

from segue.forecasting.predictor import LEVELS
from segue.forecasting.pretraining.losses import mixed_loss
from segue.heads.quantiles import Quantiles


def by_definition(values, levels, target, share):
    plain = Quantiles(values.clamp(-8, 8).sinh(), levels)
    width = (plain.values - plain.quantiles((0.5,))).abs().mean((-2, -1)).detach() + 0.05
    return Quantiles(values, levels).loss(target).lerp(plain.loss(target.sinh()) / width[..., None], share)


@pytest.mark.parametrize("levels", [LEVELS, (0.1, 0.4, 0.7)], ids=["ours", "without a median"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_loss_and_gradient_are_those_of_the_definition(levels, share):
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([0.01, 0.5, 8.0], dtype=torch.float64)[:, None, None, None]  # the last one reaches beyond 8
    drawn = torch.randn(3, 4, 5, len(levels), dtype=torch.float64, generator=generator) * scale
    values = drawn.sort(-1).values.requires_grad_()
    target = (torch.randn(3, 4, 5, dtype=torch.float64, generator=generator) * scale[..., 0]).clamp(-8, 8)
    assert (values.abs() > 8).any()
    weight = torch.rand(3, 4, 5, dtype=torch.float64, generator=generator)
    found, expected = mixed_loss(Quantiles(values, levels), target, share), by_definition(values, levels, target, share)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    slopes = [torch.autograd.grad((loss * weight).sum(), values)[0] for loss in (found, expected)]
    torch.testing.assert_close(*slopes, rtol=1e-9, atol=1e-12)
