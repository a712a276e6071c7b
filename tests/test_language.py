"""The language model: streaming is one pass, lanes keep to themselves, and the figures are what a hand computes."""

import math
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import one_hot

from segue.backbones.conformance import yield_checks
from segue.errors import UserError
from segue.heads.categorical import Categorical
from segue.heads.sampling import Sampling
from segue.language.corpus import Corpus, contiguous_lanes, random_blocks, read_text
from segue.language.evaluate import evaluate
from segue.language.generate import begin, continue_text, draw, generate, readable
from segue.language.model import LanguageModel, LanguageModelConfig
from segue.state import State
from segue.text.bytes import ByteTokenizer
from segue.text.characters import CharacterTokenizer
from segue.text.words import WordTokenizer

TEXT = "#one sat on a mat. #two had a hat; that was that. #three is a fat cat, and 3 = 3. " * 2
LETTERS = CharacterTokenizer.of(TEXT)
BACKBONES = ("rnn", "lstm", "nested", "transformer")

every_backbone = pytest.mark.parametrize("backbone", BACKBONES)


def build(backbone="lstm", tokenizer=LETTERS, **options):
    torch.manual_seed(0)
    config = LanguageModelConfig(backbone, width=16, layers=2, heads=2, window=7, **options)
    return LanguageModel(config, tokenizer).eval()


def uniform(tokenizer=LETTERS):
    model = build(tokenizer=tokenizer)
    torch.nn.init.zeros_(model.head.project.weight)
    torch.nn.init.zeros_(model.head.project.bias)
    return model


class AsStreaming:
    """What the laws hold a model to: logits for token ids."""

    def __init__(self, model):
        self.model, self.initial_state = model.double(), model.double().initial_state

    def __call__(self, x, state, reset):
        law, state = self.model(x, state, reset)
        return law.logits, state


TOKENS = torch.tensor(LETTERS.encode(TEXT[:48])).view(3, 16)


@pytest.mark.parametrize(
    ("backbone", "check"),
    [
        pytest.param(backbone, name, id=f"{backbone}, {name}")
        for backbone in BACKBONES
        for name, _ in yield_checks(AsStreaming(build(backbone)), TOKENS)
    ],
)
def test_the_assembled_model_keeps_the_laws(backbone, check):
    """Chunked = whole, lanes, resets inside a window, saving; on token ids, beyond the transformer's window."""
    dict(yield_checks(AsStreaming(build(backbone)), TOKENS))[check]()


def test_tied_weights_are_one_matrix_also_from_disk(tmp_path):
    model = build(tied=True)
    model.save_pretrained(tmp_path / "model")
    again = LanguageModel.from_pretrained(tmp_path / "model")
    assert again.embed.weight is again.head.project.weight
    assert torch.equal(again(TOKENS)[0].logits, model(TOKENS)[0].logits)
    assert (
        sum(p.numel() for p in build().parameters()) - sum(p.numel() for p in again.parameters()) == 16 * LETTERS.size
    )


@every_backbone
def test_a_model_is_the_same_after_a_stay_on_disk(backbone, tmp_path):
    model = build(backbone)
    model.save_pretrained(tmp_path / "model")
    again = LanguageModel.from_pretrained(tmp_path / "model")
    assert again.config == model.config
    assert again.fingerprint == model.fingerprint
    assert list(continue_text(again, "a ", 9)) == list(continue_text(model, "a ", 9))


def test_another_tokenizer_is_another_model():
    """Equal weights over other characters: a state of one must not be loaded into the other."""
    assert build().fingerprint != build(tokenizer=CharacterTokenizer(LETTERS.characters[::-1])).fingerprint


# --- corpus -----------------------------------------------------------------------------------------------------------


def test_documents_begin_where_the_pattern_says():
    corpus = Corpus.of(TEXT, LETTERS, document=r"#\w")
    places = [place for place, character in enumerate(TEXT) if character == "#"]
    assert corpus.begins.nonzero().squeeze(1).tolist() == places
    assert LETTERS.decode(corpus.tokens.tolist()) == TEXT
    assert (corpus.characters, corpus.unknown) == (len(TEXT), 0)
    assert Corpus.of(TEXT, LETTERS).begins.sum() == 1


def test_a_document_without_tokens_is_none():
    """White space is no word; catches a beginning behind the last token, or one that marks another's."""
    corpus = Corpus.of(" #a b#   c#  ", WordTokenizer.of("#a b c #"), document="#|$")
    assert corpus.begins.tolist() == [True, False, True, False, True]


def test_unknown_tokens_are_counted():
    assert Corpus.of("one ÄÖ", LETTERS).unknown == 2
    assert Corpus.of("one ÄÖ", ByteTokenizer()).unknown == 0


def test_a_lane_goes_on_where_it_stopped():
    """In an epoch, each lane's windows are one stretch of the text, and the lanes' stretches do not overlap."""
    corpus = Corpus.of(TEXT, LETTERS)
    size, lanes, window = len(TEXT), 3, 8
    batches = contiguous_lanes(corpus, lanes, window, seed=1)
    windows = size // lanes // window
    ring = TEXT * 2
    for epoch in range(2):
        made = [batches(1 + epoch * windows + at) for at in range(windows)]
        texts = [LETTERS.decode(torch.cat([b.inputs[lane] for b in made]).tolist()) for lane in range(lanes)]
        begins = [begin for begin in range(size) if ring[begin : begin + windows * window] == texts[0]]
        step = size // lanes
        assert any(
            all(ring[(b + lane * step) % size :].startswith(text) for lane, text in enumerate(texts)) for b in begins
        )
        for before, after in pairwise(made):
            assert torch.equal(before.targets[:, :-1], before.inputs[:, 1:])
            assert torch.equal(before.targets[:, -1], after.inputs[:, 0])
        assert made[0].reset is not None
        assert made[0].reset[:, 0].all()


@pytest.mark.parametrize("cut", [contiguous_lanes, random_blocks])
def test_batch_n_is_a_function_of_the_seed_and_n(cut):
    """Asked in any order; without that, no resumed run is exact."""
    corpus = Corpus.of(TEXT, LETTERS)
    forwards = [cut(corpus, 3, 8, 1)(n).inputs for n in range(1, 16)]
    batches = cut(corpus, 3, 8, 1)
    assert all(torch.equal(batches(n).inputs, forwards[n - 1]) for n in reversed(range(1, 16)))
    assert not torch.equal(cut(corpus, 3, 8, 2)(1).inputs, forwards[0])
    assert all(not torch.equal(a, b) for a, b in pairwise(forwards))


def test_blocks_are_stretches_of_the_text():
    for n in range(1, 9):
        batch = random_blocks(Corpus.of(TEXT, LETTERS), 4, 10, 0)(n)
        for inputs, targets in zip(batch.inputs, batch.targets, strict=True):
            assert LETTERS.decode([*inputs.tolist(), int(targets[-1])]) in TEXT
            assert torch.equal(inputs[1:], targets[:-1])


@every_backbone
def test_lanes_with_different_document_ends_are_independent(backbone):
    """Each document alone gives what it gives inside its lane, wherever in a window it begins."""
    model = build(backbone).double()
    corpus = Corpus.of(TEXT, LETTERS, document="#")
    batches, state, logits, tokens, begins = contiguous_lanes(corpus, 3, 8, 0), None, [], [], []
    for n in range(1, len(TEXT) // 3 // 8 + 1):
        batch = batches(n)
        law, state = model(batch.inputs, state, batch.reset)
        logits.append(law.logits)
        tokens.append(batch.inputs)
        begins.append(torch.zeros_like(batch.inputs, dtype=torch.bool) if batch.reset is None else batch.reset)
    logits, tokens, begins = (torch.cat(parts, dim=1) for parts in (logits, tokens, begins))
    assert not torch.equal(begins[0], begins[1])
    for lane in range(3):
        places = [*begins[lane].nonzero().squeeze(1).tolist(), tokens.shape[1]]
        assert len(places) > 2  # the lane begins within a document and goes on to another
        for begin_, end in pairwise(places):
            alone = model(tokens[lane : lane + 1, begin_:end])[0].logits
            torch.testing.assert_close(logits[lane : lane + 1, begin_:end], alone, rtol=0, atol=1e-10)


def test_texts_too_short_are_refused_with_a_remedy(tmp_path):
    corpus = Corpus.of(TEXT, LETTERS)
    with pytest.raises(UserError, match="fewer lanes or a shorter window"):
        contiguous_lanes(corpus, 20, 10, 0)
    with pytest.raises(UserError, match="shorter window"):
        random_blocks(corpus, 2, len(TEXT), 0)
    with pytest.raises(UserError, match="at least two tokens"):
        Corpus.of("a", LETTERS)
    with pytest.raises(UserError, match="regular expression"):
        Corpus.of(TEXT, LETTERS, document="(")
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    with pytest.raises(UserError, match="save it in UTF-8 \\(byte 3 is not\\)"):
        read_text(tmp_path / "latin")
    (tmp_path / "dos").write_bytes("\ufeffa\r\nb".encode())
    assert read_text(tmp_path / "dos") == "a\r\nb"


# --- evaluation -------------------------------------------------------------------------------------------------------


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary():
    """And log2 of it in bits per token; per character times the tokens per character, here two bytes for each é."""
    found = evaluate(uniform(), Corpus.of(TEXT, LETTERS), window=16)
    assert found.perplexity == pytest.approx(LETTERS.size, rel=1e-6)
    assert found.bits_per_character == pytest.approx(math.log2(LETTERS.size), rel=1e-6)
    assert found.tokens == len(TEXT) - 1
    found = evaluate(uniform(ByteTokenizer()), Corpus.of("éa" * 30, ByteTokenizer()), window=16)
    assert found.perplexity == pytest.approx(256, rel=1e-6)
    assert found.bits_per_character == pytest.approx(8 * 1.5, rel=1e-6)


def test_bits_per_character_by_hand():
    """The sum of -log2 p over every character but the first, one by one, each from all before it."""
    model, tokens = build(), torch.tensor([LETTERS.encode(TEXT)])
    bits = 0.0
    for place in range(1, len(TEXT)):
        p = model(tokens[:, :place])[0].probabilities[0, -1, tokens[0, place]]
        bits -= math.log2(p.item())
    found = evaluate(model, Corpus.of(TEXT, LETTERS), window=16)
    assert found.bits_per_character == pytest.approx(bits / (len(TEXT) - 1), rel=1e-5)


@every_backbone
def test_the_window_of_a_carried_state_does_not_matter(backbone):
    model, corpus = build(backbone).double(), Corpus.of(TEXT, LETTERS, document="#")
    losses = [evaluate(model, corpus, window=window).loss for window in (5, 16, 500)]
    assert losses == pytest.approx([losses[0]] * 3, abs=1e-10)


def test_a_reset_state_is_every_window_alone_in_however_many_lanes():
    model, corpus = build().double(), Corpus.of(TEXT, LETTERS)
    windows = zip(corpus.tokens[:-1].split(10), corpus.tokens[1:].split(10), strict=True)
    total = sum(model(x[None])[0].loss(y[None]).sum().item() for x, y in windows)
    for lanes in (1, 3, 7):
        found = evaluate(model, corpus, state="reset", window=10, lanes=lanes)
        assert found.loss == pytest.approx(total / (len(TEXT) - 1), abs=1e-10)
    assert evaluate(model, corpus, window=10).loss != pytest.approx(found.loss, abs=1e-6)


def test_evaluation_leaves_the_model_as_it_is():
    model = build(dropout=0.5).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first = evaluate(model, Corpus.of(TEXT, LETTERS))
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert evaluate(model, Corpus.of(TEXT, LETTERS)) == first  # dropout must not be at work


# --- generation -------------------------------------------------------------------------------------------------------


@every_backbone
@pytest.mark.parametrize("sampling", [Sampling(0.0), Sampling(0.8, 9, 0.9)], ids=["greedy", "drawn"])
def test_streaming_is_reading_the_whole_prefix_each_time(backbone, sampling):
    """Catches a last prompt token read twice, or never."""
    model, prompt = build(backbone).double(), LETTERS.encode("a fat ")
    tokens = list(prompt)
    for _ in range(20):
        tokens.append(draw(model, _after(begin(model, tokens), len(tokens) - len(prompt)), sampling)[0])
    stream = generate(model, prompt, sampling)
    assert [next(stream) for _ in range(20)] == tokens[len(prompt) :]


def _after(state, drawn):
    """The state of a text of which so many tokens were drawn."""
    return State({**state, "text.drawn": torch.tensor([drawn])})


@every_backbone
def test_a_continuation_saved_and_loaded_goes_on_as_if_never_stopped(backbone, tmp_path):
    model, prompt = build(backbone), LETTERS.encode("that ")
    stream = generate(model, prompt, seed=3)
    expected = [next(stream) for _ in range(12)]
    state, tokens = begin(model, prompt), []
    for n in range(12):
        if n == 7:
            state.save(tmp_path / "state.safetensors", {"model": model.fingerprint})
            state, _ = State.load(tmp_path / "state.safetensors", {"model": model.fingerprint})
        token, state = draw(model, state, Sampling(), seed=3)
        tokens.append(token)
    assert tokens == expected
    assert [next(s) for s in [generate(model, prompt, seed=4)] for _ in range(12)] != expected


def test_sampling_by_hand():
    """Known answers on p = .5, .25, .15, .1, in another order."""
    p = torch.tensor([0.15, 0.5, 0.1, 0.25], dtype=torch.float64)
    law = Categorical(p.log()[None])

    def of(**options):
        return Sampling(**options).probabilities(law)[0].tolist()

    assert of() == pytest.approx(p.tolist())
    assert of(temperature=0.0) == [0, 1, 0, 0]
    assert of(temperature=0.5) == pytest.approx((p**2 / (p**2).sum()).tolist())
    assert of(top_k=2) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert of(top_p=0.7) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert of(top_p=0.4) == [0, 1, 0, 0]
    assert of(top_k=3, top_p=0.8) == pytest.approx([0, 2 / 3, 0, 1 / 3])  # .5 + .25 are .83 of the three
    assert Sampling(top_k=1).probabilities(Categorical(torch.zeros(1, 3)))[0].tolist() == [1, 0, 0]  # not all ties


def test_draws_have_the_probabilities_of_the_law():
    """300 first draws of a model that knows one law only, against their binomial spread (4 sigma)."""
    model = uniform(CharacterTokenizer("ab"))
    with torch.no_grad():
        model.head.project.bias.copy_(torch.tensor([0.1, 0.6, 0.3]).log())
    state = begin(model, [1])
    drawn = torch.tensor([draw(model, state, Sampling(), seed)[0] for seed in range(300)])
    shares = one_hot(drawn, 3).double().mean(0)
    assert (shares - torch.tensor([0.1, 0.6, 0.3])).abs().max() < 4 * (0.25 / 300) ** 0.5


@pytest.mark.parametrize("tokenizer", [LETTERS, ByteTokenizer(), WordTokenizer.of("a é\n時 𝄞 b")], ids=str)
def test_pieces_are_the_text(tokenizer):
    """No piece holds half a character, and together they are what decoding everything gives."""
    text = "a é\n時 𝄞 b a"
    tokens = tokenizer.encode(text)
    whole = tokenizer.decode(tokens)
    for cut in range(1, len(tokens)):
        told = tokenizer.decode(tokens[:cut])
        if not told.endswith("\ufffd"):
            assert told + "".join(readable(tokenizer, tokens[cut:], after=tokens[:cut])) == whole
    if tokenizer is not LETTERS:
        assert "\ufffd" not in "".join(readable(tokenizer, tokens))
    assert "".join(readable(ByteTokenizer(), "é".encode()[:1])) == "\ufffd"


@pytest.mark.parametrize("change", [{"temperature": -1.0}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1}])
def test_sampling_out_of_range_is_refused(change):
    with pytest.raises(UserError, match=next(iter(change))):
        Sampling(**change)
    with pytest.raises(UserError, match="give some text to continue"):
        next(generate(build(), []))
