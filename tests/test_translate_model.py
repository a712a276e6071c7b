"""Encoder-decoder models: padding leaves no trace, steps are one pass, and plain torch agrees on copied weights."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from segue.config import from_dict, to_toml
from segue.errors import UserError
from segue.text.bytes import ByteTokenizer
from segue.text.characters import CharacterTokenizer
from segue.text.words import WordTokenizer
from segue.translate.attention import ATTENTIONS
from segue.translate.model import Seq2Seq, Seq2SeqConfig
from segue.translate.positions import sinusoids
from segue.translate.vocabulary import BEGIN, END, PADDING, UNKNOWN, Vocabulary, pad

LETTERS = CharacterTokenizer("abcdefgh ")
ARCHITECTURES = ("rnn", "rnn-attention", "lstm", "lstm-attention", "transformer")
EXACT = {"rtol": 0, "atol": 1e-10}

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def build(architecture="lstm-attention", layers=2, dropout=0.0, tokenizer=LETTERS, **options):
    torch.manual_seed(0)
    config = Seq2SeqConfig(architecture, width=12, layers=layers, heads=2, dropout=dropout, **options)
    model = Seq2Seq(config, Vocabulary(tokenizer)).double().eval()
    for parameter in model.parameters():  # small branches and equal gates would hide mistakes
        nn.init.normal_(parameter, std=0.4)
    return model


def sentences(model):
    """Sources and targets of very different lengths, one source with nothing but END."""
    pairs = (("head", "abc bad"), ("a", ""), ("", "gab"), ("a cab had a bed", "h"), ("fade", "deaf beef"))
    source = pad([model.vocabulary.source(source) for source, _ in pairs])
    target = pad([model.vocabulary.target(target) for _, target in pairs])
    return *source, *target


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


def test_the_loss_is_the_mean_cross_entropy_smoothed():
    """By hand: (1 - e) of the true token's and e of the mean over all tokens. Catches a shift by one token."""
    model = build()
    source, source_length, target, target_length = sentences(model)
    laws = model(source, source_length, target).logits.log_softmax(dim=-1)
    wanted = []
    for lane, m in enumerate(target_length.tolist()):
        for place in range(m - 1):
            law = laws[lane, place]
            wanted.append(-0.8 * law[target[lane, place + 1]] - 0.2 * law.mean())
    found = model.loss(source, source_length, target, target_length, label_smoothing=0.2)
    torch.testing.assert_close(found, torch.stack(wanted).mean(), **EXACT)


@every_architecture
def test_steps_are_one_pass_with_and_without_the_cache(architecture):
    """Forward = one token at a time on the carried state = all tokens read again for each."""
    model = build(architecture)
    source, source_length, target, _ = sentences(model)
    whole = model(source, source_length, target).logits.log_softmax(dim=-1)
    keys, state = model.begin(model.encode(source, source_length))
    for place in range(target.shape[1]):
        scores, state = model.step(target[:, place], state, keys)
        torch.testing.assert_close(scores, whole[:, place], **EXACT)
        again = model(source, source_length, target[:, : place + 1]).logits[:, -1].log_softmax(dim=-1)
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
    found, _ = model.step(target[lanes, 1], state.select(lanes), keys.select(lanes))
    torch.testing.assert_close(found, expected[lanes], **EXACT)


@pytest.mark.parametrize("kind", ATTENTIONS)
@pytest.mark.parametrize("architecture", ["lstm-attention", "transformer"])
def test_weights_are_laws_over_tokens_and_exactly_zero_at_padding(kind, architecture):
    model = build(architecture, attention=kind)
    source, source_length, target, _ = sentences(model)
    weights = model.attention(source, source_length, target)
    assert weights.shape[1:3] == ((2, 2) if architecture == "transformer" else (1, 1))
    for lane, n in enumerate(source_length.tolist()):
        assert (weights[lane, ..., n:] == 0).all()
        assert (weights[lane, ..., :n] > 0).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones_like(weights[..., 0]), **EXACT)


def test_asking_for_weights_changes_no_prediction():
    """The transformer has two ways to attend: the kernel, and the one that tells its weights."""
    model = build("transformer")
    source, source_length, target, _ = sentences(model)
    keys, state = model.begin(model.encode(source, source_length))
    x = model.embed(target)
    plain, told = (model.decoder(x, state, keys, weights=weights).hidden for weights in (False, True))
    torch.testing.assert_close(plain, told, **EXACT)


def test_the_scores_of_attention_are_those_of_the_papers():
    """Luong et al. 2015, equation 8, one pair at a time, from the weights of each kind."""
    torch.manual_seed(1)
    query, states = torch.randn(2, 3, 5), torch.randn(2, 4, 5)
    for name, kind in ATTENTIONS.items():
        attention = kind(5)
        found = attention.score(query, attention.prepare(states))
        for lane, to, place in ((0, 0, 0), (1, 2, 3), (0, 1, 2)):
            q, s = query[lane, to], states[lane, place]
            if name == "dot":
                wanted = q @ s
            elif name == "general":
                wanted = q @ attention.key.weight @ s
            else:
                hidden = attention.query.weight @ q + attention.query.bias + attention.key.weight @ s
                wanted = attention.fit.weight[0] @ hidden.tanh()
            torch.testing.assert_close(found[lane, to, place], wanted)


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
    for place in (0, 7, 15):  # the longest source has 16 tokens
        other = source.clone()
        other[3, place] = 5 if other[3, place] != 5 else 6
        changed = (model.encode(other, source_length).final["hidden"] != final).flatten(1).any(dim=1)
        assert changed.tolist() == [False, False, False, True, False]


# The same computation in plain torch, on the model's own weights.


def _kernel(backbone, bidirectional_with=None):
    """torch's own recurrent layer; a second backbone becomes its reverse direction."""
    inner = backbone.kernel
    both = bidirectional_with is not None
    copy = type(inner)(inner.input_size, inner.hidden_size, batch_first=True, bidirectional=both).double()
    weights = dict(inner.state_dict())
    if both:
        weights |= {f"{name}_reverse": weight for name, weight in bidirectional_with.kernel.state_dict().items()}
    copy.load_state_dict(weights)
    return copy


def reference_recurrent(model, source, source_length, target):
    """A packed bidirectional layer, a linear bridge, and attention by hand."""
    embed = model.embed.weight * math.sqrt(12)
    packed = pack_padded_sequence(embed[source], source_length, batch_first=True, enforce_sorted=False)
    outputs, last = _kernel(model.encoder.forth, model.encoder.back)(packed)
    states = pad_packed_sequence(outputs, batch_first=True)[0]
    last = dict(zip(("hidden", "cell"), last if isinstance(last, tuple) else (last,), strict=False))
    begin = {name: model.decoder.bridge[name](torch.cat([*both], dim=-1))[None] for name, both in last.items()}
    begin = (begin["hidden"], begin["cell"]) if "cell" in begin else begin["hidden"]
    hidden, _ = _kernel(model.decoder.backbone)(embed[target], begin)
    if model.decoder.attention is not None:
        states = model.decoder.merge(states)
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
        model.embed.weight[tokens] * math.sqrt(12) + sinusoids(torch.arange(tokens.shape[1]), 12)
        for tokens in (source, target)
    )
    memory = model.encoder.norm(encoder(read, src_key_padding_mask=padding))
    hidden = model.decoder.norm(decoder(write, memory, tgt_mask=ahead, memory_key_padding_mask=padding))
    return hidden @ model.embed.weight.T + model.head.project.bias


@every_architecture
def test_plain_torch_with_copied_weights_agrees(architecture):
    """Catches whatever this package and its tests both believe wrongly."""
    model = build(architecture, layers=1)
    source, source_length, target, _ = sentences(model)
    reference = reference_transformer if architecture == "transformer" else reference_recurrent
    expected = reference(model, source, source_length, target)
    torch.testing.assert_close(model(source, source_length, target).logits, expected, **EXACT)


def test_sinusoids_are_those_of_the_paper():
    """Vaswani et al. 2017, section 3.5, up to the order of the coordinates."""
    found = sinusoids(torch.tensor([0, 3]), 6)
    assert found[0].tolist() == [0, 0, 0, 1, 1, 1]
    angles = [3 / 10_000 ** (2 * i / 6) for i in range(3)]
    assert found[1].tolist() == pytest.approx([*map(math.sin, angles), *map(math.cos, angles)])


def test_own_tokens_are_read_where_the_teacher_is_silent():
    """Share 0 is greedy decoding from the first token on; share 1 the fused pass; a share between draws places."""
    model = build(dropout=0.5)
    batch = sentences(model)
    source, source_length, target, target_length = batch
    keys, state = model.begin(model.encode(source, source_length))
    token, laws = target[:, 0], []
    for _ in range(target.shape[1] - 1):
        law, state = model.step(token, state, keys)
        token = law.argmax(dim=-1)
        laws.append(law)
    own = [
        -laws[place][lane, target[lane, place + 1]]
        for lane, m in enumerate(target_length.tolist())
        for place in range(m - 1)
    ]
    torch.testing.assert_close(model.loss(*batch, teacher_forcing=0.0), torch.stack(own).mean(), **EXACT)
    torch.testing.assert_close(model.loss(*batch, teacher_forcing=1 - 1e-9), model.loss(*batch), **EXACT)
    torch.manual_seed(0)
    assert len({round(model.loss(*batch, teacher_forcing=0.5).item(), 9) for _ in range(4)}) > 1


def test_a_transformer_refuses_to_read_its_own_tokens():
    model = build("transformer")
    with pytest.raises(UserError, match="teacher_forcing 0.9: give 1, a transformer learns all places at once"):
        model.loss(*sentences(model), teacher_forcing=0.9)
    with pytest.raises(UserError, match="teacher_forcing 1.5: give a share"):
        build().loss(*sentences(model), teacher_forcing=1.5)


@every_architecture
@pytest.mark.parametrize("tied", [True, False])
def test_what_is_saved_is_what_is_loaded(architecture, tied, tmp_path):
    model = build(architecture, tied=tied, dropout=0.3).float()
    model.save_pretrained(tmp_path / "model")
    again = Seq2Seq.from_pretrained(tmp_path / "model")
    source, source_length, target, _ = sentences(model)
    assert torch.equal(again(source, source_length, target).logits, model(source, source_length, target).logits)
    assert again.fingerprint == model.fingerprint
    assert again.config == model.config
    assert (again.head.project.weight is again.embed.weight) == tied
    with torch.no_grad():
        again.embed.weight[5, 0] += 1
    assert again.fingerprint != model.fingerprint


def test_a_folder_with_another_model_is_refused(tmp_path):
    from segue.language.model import LanguageModel, LanguageModelConfig

    LanguageModel(LanguageModelConfig(width=8), LETTERS).save_pretrained(tmp_path / "language")
    with pytest.raises(UserError, match="a translation model \\(this one holds a language"):
        Seq2Seq.from_pretrained(tmp_path / "language")


def test_tied_embeddings_are_one_matrix_in_three_places():
    """Size: untied has two matrices more. Scale: read vectors have about unit variance, logits too."""
    sizes = [sum(p.numel() for p in build(tied=tied).parameters()) for tied in (True, False)]
    assert sizes[1] - sizes[0] == 2 * 12 * Vocabulary(LETTERS).size
    torch.manual_seed(0)
    model = Seq2Seq(Seq2SeqConfig(width=64), Vocabulary(ByteTokenizer()))
    assert (model.scale * model.embed.weight).std().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 0}, "width 0: give a whole number of at least 1"),
        ({"architecture": "transformer", "width": 10}, "width 10: give an even multiple of 4"),
        ({"dropout": 1.0}, "dropout 1.0: give a share"),
    ],
)
def test_a_config_that_makes_no_model_is_told(change, message):
    with pytest.raises(UserError, match=message):
        Seq2SeqConfig(**change)


def test_a_config_goes_through_toml():
    import tomllib

    config = Seq2SeqConfig("transformer", width=32, tied=False)
    assert from_dict(Seq2SeqConfig, tomllib.loads(to_toml(config))) == config


def test_a_vocabulary_shifts_the_tokenizer_and_keeps_its_unknown():
    vocabulary = Vocabulary(LETTERS)
    assert vocabulary.size == LETTERS.size + 3  # a second unknown could be said, and would be read as a real one
    assert vocabulary.source("ab?") == [4, 5, UNKNOWN, END]
    assert vocabulary.target("ab?") == [BEGIN, 4, 5, UNKNOWN, END]
    assert vocabulary.decode([BEGIN, 4, UNKNOWN, 5, END, PADDING]) == "a\ufffdb"
    assert vocabulary.decode(range(4, vocabulary.size)) == LETTERS.characters
    assert vocabulary.decode(vocabulary.encode("a bed")) == "a bed"
    assert Vocabulary(ByteTokenizer()).decode([BEGIN, UNKNOWN, ord("a") + 4, END]) == "a"
    tokens, length = pad([[5, 6, 7], [], [8]])
    assert (tokens.tolist(), length.tolist()) == ([[5, 6, 7], [0, 0, 0], [8, 0, 0]], [3, 0, 1])


@pytest.mark.parametrize(
    ("tokenizer", "text", "words"),
    [
        (LETTERS, "ab  c d", [0, 0, 0, 0, 1, 1, 2]),
        (LETTERS, " a b", [0, 0, 0, 1]),
        (WordTokenizer(["\n", "one", "two"]), "two one nine one", [0, 1, 2, 3]),
        (ByteTokenizer(), "é a", [0, 0, 0, 1]),
    ],
    ids=["characters", "leading space", "words", "bytes"],
)
def test_each_piece_knows_its_word(tokenizer, text, words):
    """Words are `text.split()`'s; catches half a character that begins one, or counts by pieces with spaces."""
    vocabulary = Vocabulary(tokenizer)
    assert vocabulary.words(vocabulary.encode(text)) == words
