"""Surprise: the auxiliary objective against gradients worked out by hand."""

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from segue.backbones.nested import Nested
from segue.heads.categorical import Categorical
from segue.language.corpus import Batch
from segue.language.model import LanguageModel, LanguageModelConfig
from segue.language.objective import batch_loss
from segue.text.characters import CharacterTokenizer
from segue.training.surprise import Target, recorded, surprise_objective


@pytest.mark.parametrize("target", list(Target))
def test_the_objective_on_a_linear_model_by_hand(target):
    """y = x W', losses (y - t)^2 / 2 per token: dL/dy is (y - t) / n of the mean, u = y - t of the sum, and targets are
    constants. So d/dW of weight * mean((y - dL/dy)^2) is weight * 2 (y - dL/dy)' x / size, and that of the other form
    is weight times the gradient of the mean loss, u' x / n.

    Catches a target that is not cut off, the wrong sign, and a mean where the sum belongs.
    """
    random = torch.Generator().manual_seed(0)
    x, t = (torch.randn(6, size, generator=random, dtype=torch.float64) for size in (3, 2))
    model = nn.Linear(3, 2, bias=False).double()
    y = model(x)
    objective = surprise_objective((y - t).square().sum(-1) / 2, [y], [0.05], target)
    u = (y - t).detach()
    value, gradient = {
        Target.PRINTED: ((y - u / 6).square().mean(), 2 * (y - u / 6).detach().T @ x / y.numel()),
        Target.DESCENT: (u.square().sum(-1).mean() / 2, u.T @ x / 6),
    }[target]
    torch.testing.assert_close(objective, 0.05 * value)
    objective.backward()
    torch.testing.assert_close(model.weight.grad, 0.05 * gradient)


def test_the_signal_is_clipped_like_the_experiments():
    y = torch.tensor([[3.0]], requires_grad=True)
    objective = surprise_objective((100 * y).sum(-1), [y], [1.0])
    assert objective.item() == (3.0 - 10.0) ** 2


def test_a_language_model_is_trained_by_the_objective_of_the_experiment():
    """0.05 mean((y1 - dL/dy1)^2) + 0.01 mean((y2 - dL/dy2)^2) beside the mean loss L, written out anew level by level;
    what is reported is L alone.

    Catches weights or levels interchanged, a target on the tape, and a gradient of anything but L: of the sum of the
    losses, or of an L that level 2's own term is already part of.
    """
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelConfig("nested", width=6, expansion=2), CharacterTokenizer("abc")).double()
    tokens = torch.tensor([[0, 1, 2, 0], [2, 1, 1, 0]])
    batch = Batch(tokens[:, :-1], tokens[:, 1:], None)

    loss, _ = batch_loss(model, batch, None, Target.PRINTED)
    gradients = torch.autograd.grad(loss, list(model.parameters()))

    y1, _ = model.backbone.level1(model.embed(batch.inputs))
    y2 = model.backbone.level2(y1)
    distribution = Categorical(model.head(model.norm(model.backbone.level3(y2))).logits.squeeze(-2))
    mean = distribution.loss(batch.targets).mean()
    target1, target2 = (g.detach() for g in torch.autograd.grad(mean, [y1, y2], retain_graph=True))
    by_hand = mean + 0.05 * mse_loss(y1, target1) + 0.01 * mse_loss(y2, target2)
    torch.testing.assert_close(loss, mean)
    torch.testing.assert_close(gradients, torch.autograd.grad(by_hand, list(model.parameters())))
    assert target1.square().mean() > 1e-3 * y1.square().mean()  # or the targets would not show


def test_the_outputs_of_levels_are_recorded_and_the_hooks_go():
    """Level 1 gives a pair, level 2 a tensor; outside of the block nothing listens."""
    model, x = Nested(4), torch.randn(2, 3, 4)
    with recorded(model.level1, model.level2) as outputs:
        model(x)
    model(x)
    h, _ = model.level1(x)
    assert len(outputs) == 2
    torch.testing.assert_close(outputs[0], h)
    torch.testing.assert_close(outputs[1], model.level2(h))


def test_the_objective_beside_a_loss_reaches_levels_below_each_output():
    """Levels 1 and 2 are asked something, level 3 is not; the loss itself can still be differentiated after."""
    model, x = Nested(4), torch.randn(2, 3, 4)
    with recorded(model.level1, model.level2) as outputs:
        losses = model(x)[0].square().sum(-1)
    surprise_objective(losses, outputs).backward(retain_graph=True)
    assert all(p.grad is not None for level in (model.level1, model.level2) for p in level.parameters())
    assert all(p.grad is None for p in model.level3.parameters())
    losses.mean().backward()
    assert all(p.grad is not None for p in model.level3.parameters())


def test_each_output_needs_a_weight():
    y = torch.ones(2, 1, requires_grad=True)
    with pytest.raises(ValueError, match="zip"):
        surprise_objective(y.sum(-1), [y])
