"""The categorical head against numpy, torch and closed forms."""

import numpy as np
import pytest
import torch

from segue.heads.categorical import Categorical, CategoricalHead

PROBABILITIES = torch.tensor([[0.1, 0.2, 0.0, 0.7], [0.25, 0.25, 0.25, 0.25]], dtype=torch.float64)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def distribution() -> Categorical:
    """Two known distributions, whose logits are moved by a constant each, which must not matter."""
    return Categorical(PROBABILITIES.log() + torch.tensor([[300.0], [-5.0]], dtype=torch.float64))


def test_loss_is_the_cross_entropy_of_torch(distribution):
    """Catches a wrong axis or sign, and an overflow where logits are large."""
    torch.testing.assert_close(distribution.probabilities, PROBABILITIES)
    logits = torch.randn(2, 5, 3, 7, generator=generator())
    target = torch.randint(7, (2, 5, 3), generator=generator(1))
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 2), target.flatten(), reduction="none")
    torch.testing.assert_close(Categorical(logits).loss(target).flatten(), expected)
    torch.testing.assert_close(Categorical(logits).log_density(target).flatten(), -expected)


def test_a_quantile_is_the_first_class_that_attains_its_level(distribution):
    """Catches a step to one side, a class of probability zero that is given, and a level lost to rounding."""
    levels = (0.05, 0.29, 0.31, 0.5, 0.99, 1 - 1e-16)
    assert distribution.quantiles(levels).tolist() == [[0, 1, 3, 3, 3, 3], [0, 1, 1, 1, 3, 3]]


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_quantiles_have_levels_between_zero_and_one(distribution, level):
    with pytest.raises(ValueError, match="must lie in"):
        distribution.quantiles((0.5, level))


def test_the_mean_is_that_of_the_numbers_the_classes_stand_for(distribution):
    assert distribution.mean(torch.tensor([1.0, 2.0, 50.0, 4.0])).tolist() == pytest.approx([0.1 + 0.4 + 2.8, 57 / 4])


def test_samples_follow_the_probabilities(distribution):
    """Catches distributions out of order. 4.5 standard errors fail by chance in 3 of 100,000 seeds; ours is fixed."""
    count = 100_000
    drawn = distribution.sample(count, generator())
    shares = torch.nn.functional.one_hot(drawn, 4).double().mean(0)
    error = (PROBABILITIES * (1 - PROBABILITIES) / count).sqrt()
    assert bool(((shares - PROBABILITIES).abs() <= 4.5 * error).all())
    assert distribution.sample(3, generator(1)).shape == (3, 2)


def test_the_head_is_one_linear_map_the_classes_of_a_value_together():
    """Catches another layout, which copied weights, or weights tied to an embedding, would not survive."""
    head = CategoricalHead(8, 3, 5)
    hidden = torch.randn(2, 4, 8, generator=generator())
    weight, bias = head.project.weight.detach().numpy(), head.project.bias.detach().numpy()
    expected = (hidden.numpy() @ weight.T + bias).reshape(2, 4, 3, 5)
    np.testing.assert_allclose(head(hidden).logits.detach().numpy(), expected, atol=1e-6)


def test_the_gradient_is_probability_less_truth():
    """The textbook gradient of cross-entropy by its logits; catches a detach."""
    logits = torch.randn(1, 6, generator=generator(), dtype=torch.float64, requires_grad=True)
    Categorical(logits).loss(torch.tensor([2])).sum().backward()
    expected = logits.detach().softmax(-1) - torch.nn.functional.one_hot(torch.tensor([2]), 6)
    torch.testing.assert_close(logits.grad, expected)
