"""Encoder-decoder models: padding leaves no trace, steps are one pass, and plain torch agrees on copied weights."""

import pytest
import torch

from segue.errors import UserError
from segue.translate.data.vocabulary import PADDING
from segue.translate.model.attention import ATTENTIONS
from tests.translate.conftest import EXACT, build, every_architecture, sentences


@every_architecture
def test_padding_and_the_rest_of_the_batch_change_nothing(architecture):
    """Catches an encoder that runs over padding, or weights that reach it: worth 15 BLEU in a trial."""
    model = build(architecture)
    source, source_length, target, target_length = sentences(model)
    together = model(source, source_length, target).logits
    for lane, (n, m) in enumerate(zip(source_length, target_length, strict=True)):
        alone = model(source[lane, None, :n], n[None], target[lane, None, :m]).logits
        torch.testing.assert_close(together[lane, :m], alone[0], **EXACT)
    scrawled = source.masked_fill(source == PADDING, 7)
    torch.testing.assert_close(model(scrawled, source_length, target).logits, together, **EXACT)


@every_architecture
def test_padding_changes_no_loss_and_no_gradient(architecture):
    """The mean is over target tokens: one more lane counts by its tokens. Catches a loss of padding."""
    model = build(architecture)
    source, source_length, target, target_length = sentences(model)
    whole = model.loss(source, source_length, target, target_length, label_smoothing=0.1)
    whole.backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    total = 0.0
    for lane, (n, m) in enumerate(zip(source_length, target_length, strict=True)):
        own = model.loss(source[lane, None, :n], n[None], target[lane, None, :m], m[None], label_smoothing=0.1)
        part = own * (m - 1) / (target_length - 1).sum()
        part.backward()
        total += part.item()
    assert total == pytest.approx(whole.item(), abs=1e-12)
    for gradient, parameter in zip(gradients, model.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, gradient, **EXACT)


@every_architecture
def test_steps_are_one_pass_with_and_without_the_cache(architecture):
    """Forward = one token at a time on the carried state = all tokens read again for each."""
    model = build(architecture)
    source, source_length, target, _ = sentences(model)
    whole = model(source, source_length, target).logits.log_softmax(dim=-1)
    keys, state = model.begin(model.encode(source, source_length))
    for index in range(target.shape[1]):
        scores, state = model.step(target[:, index], state, keys)
        torch.testing.assert_close(scores, whole[:, index], **EXACT)
        again = model(source, source_length, target[:, : index + 1]).logits[:, -1].log_softmax(dim=-1)
        torch.testing.assert_close(scores, again, **EXACT)


@every_architecture
def test_a_chunk_read_after_others_is_read_as_in_one_pass(architecture):
    """Catches a cache whose mask is right for single tokens only, and positions that begin again."""
    model = build(architecture)
    source, source_length, target, _ = sentences(model)
    keys, begun = model.begin(model.encode(source, source_length))
    whole, _ = model.read(target, begun, keys)
    first, state = model.read(target[:, :3], begun, keys)
    second, state = model.read(target[:, 3:7], state, keys)
    third, _ = model.read(target[:, 7:], state, keys)
    torch.testing.assert_close(torch.cat([first, second, third], dim=1), whole, **EXACT)


@every_architecture
def test_lanes_are_picked_and_repeated_by_their_states(architecture):
    """What a beam does at each step. Catches a tensor of a state whose first axis is not the lane."""
    model = build(architecture)
    source, source_length, target, _ = sentences(model)
    keys, state = model.begin(model.encode(source, source_length))
    expected, state = model.step(target[:, 0], state, keys)
    expected, _ = model.step(target[:, 1], state, keys)
    lanes = torch.tensor([3, 0, 0, 4])
    result, _ = model.step(target[lanes, 1], state.select(lanes), keys.select(lanes))
    torch.testing.assert_close(result, expected[lanes], **EXACT)


@pytest.mark.parametrize("kind", ATTENTIONS)
@pytest.mark.parametrize("architecture", ["lstm-attention", "transformer"])
def test_weights_are_distributions_over_tokens_and_exactly_zero_at_padding(kind, architecture):
    model = build(architecture, attention=kind)
    source, source_length, target, _ = sentences(model)
    weights = model.attention(source, source_length, target)
    assert weights.shape[1:3] == ((2, 2) if architecture == "transformer" else (1, 1))
    for lane, n in enumerate(source_length.tolist()):
        assert (weights[lane, ..., n:] == 0).all()
        assert (weights[lane, ..., :n] > 0).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones_like(weights[..., 0]), **EXACT)


def test_asking_for_weights_changes_no_prediction():
    """The transformer has two ways to attend: the kernel, and the one that returns its weights."""
    model = build("transformer")
    source, source_length, target, _ = sentences(model)
    keys, state = model.begin(model.encode(source, source_length))
    x = model.embed(target)
    plain, weighted = (model.decoder(x, state, keys, weights=weights).hidden for weights in (False, True))
    torch.testing.assert_close(plain, weighted, **EXACT)


@every_architecture
def test_a_gradient_reaches_the_source_by_attention_or_by_the_final_state_alone(architecture):
    """With attention a prediction depends on each state by itself; without, on nothing but `final`."""
    model = build(architecture, layers=1)
    source, source_length, target, _ = sentences(model)
    memory = model.encode(source, source_length)
    for tensor in (memory.states, *memory.final.values()):
        tensor.retain_grad()
    keys, state = model.begin(memory)
    model.logits(model.read(target, state, keys)[0]).square().sum().backward()
    reached = None if memory.states.grad is None else memory.states.grad.abs().sum(dim=-1) > 0
    if "attention" in architecture or architecture == "transformer":
        assert torch.equal(reached, memory.mask)
    else:
        assert reached is None
    if architecture != "transformer":
        assert all((tensor.grad != 0).all() for tensor in memory.final.values())


def test_the_final_state_is_that_of_the_last_token_and_knows_all_tokens():
    """Two readings: the one back has its last state at the first token."""
    model = build("lstm", layers=1)
    source, source_length, _, _ = sentences(model)
    final = model.encode(source, source_length).final["hidden"]
    for index in (0, 7, 15):  # the longest source has 16 tokens
        other = source.clone()
        other[3, index] = 5 if other[3, index] != 5 else 6
        changed = (model.encode(other, source_length).final["hidden"] != final).flatten(1).any(dim=1)
        assert changed.tolist() == [False, False, False, True, False]


def test_own_tokens_are_read_where_the_teacher_is_silent():
    """Share 0 is greedy decoding from the first token on; share 1 the fused pass; a share between draws positions."""
    model = build(dropout=0.5)
    batch = sentences(model)
    source, source_length, target, target_length = batch
    keys, state = model.begin(model.encode(source, source_length))
    token, steps = target[:, 0], []
    for _ in range(target.shape[1] - 1):
        log_probabilities, state = model.step(token, state, keys)
        token = log_probabilities.argmax(dim=-1)
        steps.append(log_probabilities)
    own = [
        -steps[index][lane, target[lane, index + 1]]
        for lane, m in enumerate(target_length.tolist())
        for index in range(m - 1)
    ]
    torch.testing.assert_close(model.loss(*batch, teacher_forcing=0.0), torch.stack(own).mean(), **EXACT)
    torch.testing.assert_close(model.loss(*batch, teacher_forcing=1 - 1e-9), model.loss(*batch), **EXACT)
    torch.manual_seed(0)
    assert len({round(model.loss(*batch, teacher_forcing=0.5).item(), 9) for _ in range(4)}) > 1


def test_a_transformer_refuses_to_read_its_own_tokens():
    model = build("transformer")
    with pytest.raises(UserError, match="teacher_forcing 0.9: give 1: a transformer trains on all positions at once"):
        model.loss(*sentences(model), teacher_forcing=0.9)
    with pytest.raises(UserError, match="teacher_forcing 1.5: give a share"):
        build().loss(*sentences(model), teacher_forcing=1.5)
