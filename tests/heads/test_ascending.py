"""Sorting in training equals `torch.sort`, and its gradient."""

import torch

from segue.heads.ascending import ascending


def test_order_and_gradient_are_those_of_torch():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(3, 50, 17, generator=generator).requires_grad_()
    above = torch.randn(3, 50, 17, generator=generator)
    found, expected = ascending(rows), rows.sort(dim=-1).values
    assert torch.equal(found, expected)
    slopes = [torch.autograd.grad(out, rows, above)[0] for out in (found, expected)]
    assert torch.equal(*slopes)
    assert torch.equal(ascending(rows.detach()), expected)


def test_what_is_not_a_number_stays_visible():
    """Catches an order that hides it: a diverged run must stop at its loss."""
    rows = torch.tensor([[2.0, torch.nan, 1.0]], requires_grad=True)
    assert ascending(rows)[0].tolist()[:2] == [1.0, 2.0]
    assert ascending(rows)[0, 2].isnan()
