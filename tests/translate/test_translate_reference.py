"""Encoder-decoder models against plain torch with copied weights, and against their papers."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from segue.errors import UserError
from segue.text.bytes import ByteTokenizer
from segue.translate.data.vocabulary import PADDING, Vocabulary
from segue.translate.model.attention import ATTENTIONS
from segue.translate.model.positions import sinusoids
from segue.translate.model.seq2seq import Seq2Seq, Seq2SeqConfig
from tests.translate.conftest import EXACT, LETTERS, build, every_architecture, sentences


def _kernel(backbone, bidirectional_with=None):
    """torch's own recurrent layer; a second backbone becomes its reverse direction.

    Of a bidirectional layer both directions read the whole input: what each is not to read has weights of zero.
    """
    inner = backbone.kernel
    weights, size = dict(inner.state_dict()), inner.input_size
    both = bidirectional_with is not None
    if both:
        weights |= {f"{name}_reverse": weight for name, weight in bidirectional_with.kernel.state_dict().items()}
        for name, weight in weights.items():
            if name.startswith("weight_ih"):
                unread = torch.zeros_like(weight)
                halves = (unread, weight) if name.endswith("_reverse") else (weight, unread)
                weights[name] = torch.cat(halves, dim=1)
        size *= 2
    copy = type(inner)(size, inner.hidden_size, batch_first=True, bidirectional=both).double()
    copy.load_state_dict(weights)
    return copy


def reference_recurrent(model, source, source_length, target):
    """A packed bidirectional layer, a linear bridge, and attention by hand."""
    embed = model.embed.weight * (math.sqrt(12) / 4)
    packed = pack_padded_sequence(embed[source], source_length, batch_first=True, enforce_sorted=False)
    outputs, last = _kernel(model.encoder.forth, model.encoder.back)(packed)
    states = pad_packed_sequence(outputs, batch_first=True)[0]
    last = dict(zip(("hidden", "cell"), last if isinstance(last, tuple) else (last,), strict=False))
    begin = {name: model.decoder.bridge[name](torch.cat([*both], dim=-1))[None] for name, both in last.items()}
    begin = (begin["hidden"], begin["cell"]) if "cell" in begin else begin["hidden"]
    hidden, _ = _kernel(model.decoder.backbone)(embed[target], begin)
    if model.decoder.attention is not None:
        keys = states @ model.decoder.attention.key.weight.T
        fit = torch.einsum("btd,bsd->bts", hidden, keys)
        fit = fit.masked_fill((source == PADDING)[:, None], -math.inf)
        context = torch.einsum("bts,bsd->btd", fit.softmax(dim=-1), states)
        hidden = torch.tanh(model.decoder.mix(torch.cat([context, hidden], dim=-1)))
    return hidden @ model.embed.weight.T + model.head.project.bias


def reference_transformer(model, source, source_length, target):
    """torch's pre-norm encoder and decoder layers, whose attention is `nn.MultiheadAttention`."""
    options = {"activation": "gelu", "batch_first": True, "norm_first": True, "dropout": 0.0}
    encoder = nn.TransformerEncoderLayer(12, 2, 48, **options).double()
    decoder = nn.TransformerDecoderLayer(12, 2, 48, **options).double()
    for layer, block in ((encoder, model.encoder.blocks[0]), (decoder, model.decoder.blocks[0])):
        ours = [(layer.self_attn.in_proj_weight, block.attention.qkv.weight)]
        ours += [(layer.self_attn.in_proj_bias, block.attention.qkv.bias)]
        pairs = [(layer.self_attn.out_proj, block.attention.out), (layer.norm1, block.norm)]
        pairs += [(layer.linear1, block.feed_forward.up), (layer.linear2, block.feed_forward.down)]
        if layer is decoder:
            query, both = block.cross.query, block.cross.key_value
            ours += [(layer.multihead_attn.in_proj_weight, torch.cat([query.weight, both.weight]))]
            ours += [(layer.multihead_attn.in_proj_bias, torch.cat([query.bias, both.bias]))]
            pairs += [(layer.multihead_attn.out_proj, block.cross.out), (layer.norm2, block.cross_norm)]
            pairs += [(layer.norm3, block.feed_forward.norm)]
        else:
            pairs += [(layer.norm2, block.feed_forward.norm)]
        for theirs, own in pairs:
            ours += [(theirs.weight, own.weight), (theirs.bias, own.bias)]
        with torch.no_grad():
            for theirs, own in ours:
                theirs.copy_(own)
    padding, ahead = source == PADDING, torch.ones(target.shape[1], target.shape[1]).triu(1).bool()
    read, write = (
        model.embed.weight[tokens] * (math.sqrt(12) / 4) + sinusoids(torch.arange(tokens.shape[1]), 12)
        for tokens in (source, target)
    )
    memory = model.encoder.norm(encoder(read, src_key_padding_mask=padding))
    hidden = model.decoder.norm(decoder(write, memory, tgt_mask=ahead, memory_key_padding_mask=padding))
    return hidden @ model.embed.weight.T + model.head.project.bias


@every_architecture
def test_plain_torch_with_copied_weights_agrees(architecture):
    """Catches what this package and its tests both believe wrongly."""
    model = build(architecture, layers=1)
    source, source_length, target, _ = sentences(model)
    reference = reference_transformer if architecture == "transformer" else reference_recurrent
    expected = reference(model, source, source_length, target)
    torch.testing.assert_close(model(source, source_length, target).logits, expected, **EXACT)


def test_the_scores_of_attention_are_those_of_the_papers():
    """Luong et al. 2015, equation 8, one pair at a time, from the weights of each kind."""
    torch.manual_seed(1)
    query, states = torch.randn(2, 3, 5), torch.randn(2, 4, 5)
    for name, kind in ATTENTIONS.items():
        attention = kind(5)
        result = attention.score(query, attention.prepare(states))
        for lane, to, source_index in ((0, 0, 0), (1, 2, 3), (0, 1, 2)):
            q, s = query[lane, to], states[lane, source_index]
            if name == "dot":
                wanted = q @ s
            elif name == "general":
                wanted = q @ attention.key.weight @ s
            else:
                hidden = attention.query.weight @ q + attention.query.bias + attention.key.weight @ s
                wanted = attention.fit.weight[0] @ hidden.tanh()
            torch.testing.assert_close(result[lane, to, source_index], wanted)


def test_sinusoids_are_those_of_the_paper():
    """Vaswani et al. 2017, section 3.5, up to the order of the coordinates."""
    result = sinusoids(torch.tensor([0, 3]), 6)
    assert result[0].tolist() == [0, 0, 0, 1, 1, 1]
    angles = [3 / 10_000 ** (2 * i / 6) for i in range(3)]
    assert result[1].tolist() == pytest.approx([*map(math.sin, angles), *map(math.cos, angles)])


def test_the_loss_is_the_mean_cross_entropy_smoothed():
    """By hand: (1 - e) of the true token's and e of the mean over all tokens. Catches a shift by one token."""
    model = build()
    source, source_length, target, target_length = sentences(model)
    log_probabilities = model(source, source_length, target).logits.log_softmax(dim=-1)
    wanted = []
    for lane, m in enumerate(target_length.tolist()):
        for index in range(m - 1):
            next_token = log_probabilities[lane, index]
            wanted.append(-0.8 * next_token[target[lane, index + 1]] - 0.2 * next_token.mean())
    result = model.loss(source, source_length, target, target_length, label_smoothing=0.2)
    torch.testing.assert_close(result, torch.stack(wanted).mean(), **EXACT)


def test_tied_embeddings_are_one_matrix_in_three_places():
    """Size: untied has two matrices more. Scale: read vectors have about unit variance, logits too."""
    sizes = [sum(p.numel() for p in build(tied=tied).parameters()) for tied in (True, False)]
    assert sizes[1] - sizes[0] == 2 * 12 * Vocabulary(LETTERS).size
    torch.manual_seed(0)
    model = Seq2Seq(Seq2SeqConfig(width=64), Vocabulary(ByteTokenizer()))
    assert (model.scale * model.embed.weight).std().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("length", [1.0, 4.0])
def test_token_vectors_begin_as_long_as_the_config_says_and_are_read_at_unit_size(length):
    torch.manual_seed(0)
    model = Seq2Seq(Seq2SeqConfig(width=64, token_length=length), Vocabulary(ByteTokenizer()))
    assert model.embed.weight.norm(dim=-1).mean().item() == pytest.approx(length, rel=0.02)
    assert (model.scale * model.embed.weight).std().item() == pytest.approx(1, abs=0.05)
    with pytest.raises(UserError, match=r"token_length 0\.0: give a number above 0"):
        Seq2SeqConfig(token_length=0.0)
