"""Attention with its own backward pass equals the plain form: outputs, and the gradients of all it reads."""

import pytest
import torch
from torch import nn

from segue.backbones.attention import Attention, attend, rotate
from segue.backbones.short_attention import LONGEST, is_short, short_attention

WIDTH, HEADS = 24, 3


def plain(qkv, allowed, *, rotary):
    q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in qkv.chunk(3, dim=-1))
    if rotary:
        position = torch.arange(qkv.shape[1])
        q, k = rotate(q, position), rotate(k, position)
    return attend(q, k, v, None if allowed is None else allowed[:, None]).transpose(1, 2).flatten(2)


def some_allowed(lanes, time):
    """Other vectors for every lane and every vector, but always the vector itself."""
    drawn = torch.rand(lanes, time, time, generator=torch.Generator().manual_seed(1)) < 0.4
    return drawn | torch.eye(time, dtype=torch.bool)


@pytest.mark.parametrize("rotary", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize(("lanes", "time"), [(1, 1), (3, 7), (2, 37)])
def test_it_equals_the_plain_form_and_so_do_its_gradients(lanes, time, masked, rotary):
    generator = torch.Generator().manual_seed(0)
    qkv = torch.randn(lanes, time, 3 * WIDTH, dtype=torch.float64, generator=generator).requires_grad_()
    above = torch.randn(lanes, time, WIDTH, dtype=torch.float64, generator=generator)
    allowed = some_allowed(lanes, time) if masked else None
    found = short_attention(qkv, allowed, HEADS, rotary=rotary)
    expected = plain(qkv, allowed, rotary=rotary)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    slopes = [torch.autograd.grad(out, qkv, above)[0] for out in (found, expected)]
    torch.testing.assert_close(*slopes, rtol=0, atol=1e-12)


def test_half_precision_is_as_exact_as_its_inputs():
    """Sums and angles are single precision: the only error is that of rounding what goes in and out."""
    exact = torch.randn(4, 37, 3 * WIDTH, generator=torch.Generator().manual_seed(0)).bfloat16().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = short_attention(exact, None, HEADS, rotary=True)
    assert found.dtype is torch.bfloat16
    expected = plain(exact.float(), None, rotary=True).bfloat16().float()
    torch.testing.assert_close(found.float(), expected, rtol=2**-7, atol=1e-6)


def test_training_takes_it_and_the_served_half_does_not(monkeypatch):
    """Catches a form that no training reaches, and one that changes the exported graph or a long window."""
    taken = []
    whole = short_attention

    def noted(qkv, *arguments, **options):
        taken.append(qkv.shape[1])
        return whole(qkv, *arguments, **options)

    monkeypatch.setattr("segue.backbones.attention.short_attention", noted)
    layer, x = Attention(WIDTH, HEADS, rotary=True), torch.randn(2, LONGEST + 1, WIDTH)
    trained, _, _ = layer(x[:, :9], None, None)
    layer(x, None, None)
    with torch.no_grad():
        served, _, _ = layer(x[:, :9], None, None)
    assert taken == [9]
    torch.testing.assert_close(trained, served)
    assert not is_short(nn.Parameter(torch.zeros(2, 0, 3)))
