"""Online learning: scored before it is learnt from, per lane, and the trained weights stay what they were."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.func import functional_call

from segue.backbones.nested import Nested
from segue.errors import UserError
from segue.heads.categorical import CategoricalHead
from segue.state import State
from segue.training.online import OnlineConfig, OnlineLearner

CONFIG = OnlineConfig(segment=4, learning_rate=0.5, decay=0.1, clip=0.3)
KINDS = 5


class Tiny(nn.Module):
    """A language model of five words, in double precision."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.embed = nn.Embedding(KINDS, 4)
            self.backbone = Nested(4)
            self.head = CategoricalHead(4, 1, KINDS)
        self.double().eval()

    def forward(self, tokens, memory, reset):
        h, memory = self.backbone(self.embed(tokens), memory, reset)
        return self.head(h), memory


def losses_of(model):
    def losses(weights, inputs, memory):
        distribution, memory = functional_call(model, dict(weights), (inputs["tokens"], memory, inputs["reset"]))
        return distribution.loss(inputs["following"][..., None])[..., 0], memory

    return losses


def stream(lanes=3, time=18):
    random = torch.Generator().manual_seed(1)
    tokens = torch.randint(KINDS, (lanes, time + 1), generator=random)
    reset = torch.rand(lanes, time, generator=random) < 0.1
    return {"tokens": tokens[:, :-1], "following": tokens[:, 1:], "reset": reset}


def piece(inputs, begin, end=None, lanes=slice(None)):
    return {name: tensor[lanes, begin:end] for name, tensor in inputs.items()}


def begin(model, inputs, config=CONFIG):
    learner = OnlineLearner(dict(model.named_parameters()), losses_of(model), config)
    lanes = inputs["tokens"].shape[0]
    return learner, learner.initial_state(model.backbone.initial_state(lanes), inputs)


def near(one, other):
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_equals_dynamic_evaluation_by_hand():
    """Against a copy of the model under torch's own SGD and clip, drawn back to the trained weights by hand."""
    model, inputs = Tiny(), stream(lanes=1)
    learner, state = begin(model, inputs)
    scores, _ = learner(inputs, state)
    copied, memory, expected = copy.deepcopy(model), model.backbone.initial_state(1), []
    sgd = torch.optim.SGD(copied.parameters(), lr=CONFIG.learning_rate)
    for start in range(0, 18, 4):
        segment = piece(inputs, start, start + 4)
        loss, memory = losses_of(copied)(dict(copied.named_parameters()), segment, memory.detach())
        expected.append(loss.detach())
        sgd.zero_grad()
        loss.mean().backward()
        assert nn.utils.clip_grad_norm_(copied.parameters(), CONFIG.clip) > CONFIG.clip  # it works at every write
        with torch.no_grad():
            for mine, trained in zip(copied.parameters(), model.parameters(), strict=True):
                mine.add_(trained - mine, alpha=CONFIG.decay)
        sgd.step()
    torch.testing.assert_close(scores, torch.cat(expected, dim=1), rtol=1e-5, atol=1e-5)  # torch's clip adds 1e-6


def test_without_a_rate_it_is_the_plain_model():
    model, inputs = Tiny(), stream()
    learner, state = begin(model, inputs, replace(CONFIG, learning_rate=0.0))
    scores, after = learner(inputs, state)
    plain, memory = losses_of(model)(dict(model.named_parameters()), inputs, model.backbone.initial_state(3))
    near(scores, plain.detach())
    assert not any(delta.any() for delta in after.part("delta").values())
    for name, tensor in memory.items():
        near(after.part("memory")[name], tensor.detach())


def test_a_token_is_scored_before_it_is_learnt_from():
    """The first segment is the plain model's; later ones differ, or nothing was learnt."""
    model, inputs = Tiny(), stream()
    learner, state = begin(model, inputs)
    scores, _ = learner(inputs, state)
    plain, _ = losses_of(model)(dict(model.named_parameters()), inputs, model.backbone.initial_state(3))
    near(scores[:, :4], plain[:, :4].detach())
    assert ((scores - plain)[:, 4:8].abs() > 1e-4).any()
    changed = inputs | {"following": inputs["following"].clone()}
    changed["following"][:, 9] = (changed["following"][:, 9] + 1) % KINDS
    other, _ = learner(changed, state)
    assert torch.equal(other[:, :9], scores[:, :9])


def test_the_trained_weights_and_the_state_given_stay_what_they_were():
    model, inputs = Tiny(), stream()
    before = copy.deepcopy(model.state_dict())
    learner, state = begin(model, inputs)
    given = copy.deepcopy(state)
    _, after = learner(inputs, state)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert state == given
    assert all(delta.any() for delta in after.part("delta").values())
    assert not any(tensor.requires_grad for tensor in after.values())


@pytest.mark.parametrize("cuts", [(1,), (4, 8), (3, 5, 13), (0, 7, 7, 17, 18)])
def test_cut_anywhere_equals_the_whole(cuts):
    """Catches a gradient that knows only the part of a segment that came in the last call."""
    inputs = stream()
    learner, state = begin(Tiny(), inputs)
    whole, end = learner(inputs, state)
    pieces = []
    for start, stop in zip((0, *cuts), (*cuts, 18), strict=True):
        scores, state = learner(piece(inputs, start, stop), state)
        pieces.append(scores)
    near(torch.cat(pieces, dim=1), whole)
    for name, tensor in state.items():
        near(tensor, end[name])


def test_lanes_are_independent_and_may_differ_in_age():
    """Each lane alone, begun at different times, equals the lanes together."""
    inputs = stream()
    learner, fresh = begin(Tiny(), inputs)
    early, state = learner(piece(inputs, 0, 6, slice(0, 1)), fresh.select(torch.tensor([0])))
    _, together = learner(piece(inputs, 6, 12), State.cat([state, fresh.select(torch.tensor([1, 2]))]))
    for lane, start in ((0, 0), (1, 6), (2, 6)):
        own = slice(lane, lane + 1)
        _, alone = learner(piece(inputs, start, 12, own), fresh.select(torch.tensor([lane])))
        for name, tensor in together.items():
            near(tensor[own], alone[name])
    assert early.shape == (1, 6)


def test_a_lane_reset_is_a_fresh_lane():
    inputs = stream()
    learner, fresh = begin(Tiny(), inputs)
    _, state = learner(piece(inputs, 0, 7), fresh)
    scores, _ = learner(piece(inputs, 7), state.reset(torch.tensor([False, True, False])))
    expected, _ = learner(piece(inputs, 7), fresh)
    near(scores[1], expected[1])
    assert (scores[0] - expected[0]).abs().max() > 1e-3


def test_saved_within_a_segment_and_restored_equals_never_having_stopped(tmp_path):
    inputs = stream()
    learner, state = begin(Tiny(), inputs)
    state.save(tmp_path / "fresh.safetensors", {})  # no tensor is in it twice
    _, state = learner(piece(inputs, 0, 10), state)
    state.save(tmp_path / "state.safetensors", {"model": "tiny"})
    restored, _ = State.load(tmp_path / "state.safetensors", {"model": "tiny"}, framework="torch")
    scores, end = begin(Tiny(), inputs)[0](piece(inputs, 10), restored)
    expected, unbroken = learner(piece(inputs, 10), state)
    assert torch.equal(scores, expected)
    assert end == unbroken


def test_a_weight_that_the_loss_does_not_depend_on_stays():
    model, inputs = Tiny(), stream()
    model.unused = nn.Parameter(torch.ones(2))
    learner, state = begin(model, inputs)
    _, after = learner(inputs, state)
    deltas = after.part("delta")
    assert deltas["head.project.bias"].any()
    assert not deltas["unused"].any()


def test_a_gradient_that_is_not_finite_is_not_learnt():
    """One such value would stay in the lane's weights for ever."""
    inputs = {"x": torch.tensor([[1.0, math.inf, 2.0, 3.0]])}

    def losses(weights, inputs, memory):
        return (inputs["x"] * weights["w"]).square(), memory

    learner = OnlineLearner({"w": torch.tensor([0.5])}, losses, replace(CONFIG, segment=1, decay=0.0, clip=math.inf))
    memory = State({"none": torch.zeros(1)})
    scores, state = learner(inputs, learner.initial_state(memory, inputs))
    # x = 1 takes .5 * 2 w = .5 from w = .5; the infinite value changes nothing; a w of 0 has no gradient
    assert scores[0, 0] == 0.25
    assert state["delta.w"].item() == -0.5


def test_settings_out_of_range_are_refused():
    for change in ({"segment": 0}, {"learning_rate": -1.0}, {"decay": 1.1}, {"clip": 0.0}):
        with pytest.raises(UserError, match=next(iter(change))):
            replace(CONFIG, **change)
