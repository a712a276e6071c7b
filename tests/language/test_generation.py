"""Generated text: streaming is one pass, draws follow the distribution, pieces are the text."""

import math

import pytest
import torch
from torch.nn.functional import one_hot

from segue.errors import UserError
from segue.heads.categorical import Categorical
from segue.heads.sampling import Sampling
from segue.language.generate import begin, draw, generate, readable
from segue.state import State
from segue.text.bytes import ByteTokenizer
from segue.text.characters import CharacterTokenizer
from segue.text.words import WordTokenizer
from tests.language.conftest import LETTERS, build, every_backbone, uniform


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
            state, _ = State.load(tmp_path / "state.safetensors", {"model": model.fingerprint}, framework="torch")
        token, state = draw(model, state, Sampling(), seed=3)
        tokens.append(token)
    assert tokens == expected
    assert [next(s) for s in [generate(model, prompt, seed=4)] for _ in range(12)] != expected


def test_sampling_by_hand():
    """Known answers on p = .5, .25, .15, .1, in another order."""
    p = torch.tensor([0.15, 0.5, 0.1, 0.25], dtype=torch.float64)
    distribution = Categorical(p.log()[None])

    def of(**options):
        return Sampling(**options).probabilities(distribution)[0].tolist()

    assert of() == pytest.approx(p.tolist())
    assert of(temperature=0.0) == [0, 1, 0, 0]
    assert of(temperature=0.5) == pytest.approx((p**2 / (p**2).sum()).tolist())
    assert of(top_k=2) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert of(top_p=0.7) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert of(top_p=0.4) == [0, 1, 0, 0]
    assert of(top_k=3, top_p=0.8) == pytest.approx([0, 2 / 3, 0, 1 / 3])  # .5 + .25 are .83 of the three
    assert Sampling(top_k=1).probabilities(Categorical(torch.zeros(1, 3)))[0].tolist() == [1, 0, 0]  # not all ties


def test_draws_have_the_probabilities_of_the_distribution():
    """300 first draws of a model that has one distribution only, against their binomial deviation (4 sigma).

    Token 0 stands for characters that are not in the vocabulary: a text drawn holds none, however probable.
    """
    model = uniform(CharacterTokenizer("ab"))
    with torch.no_grad():
        model.head.project.bias.copy_(torch.tensor([0.1, 0.6, 0.3]).log())
    state = begin(model, [1])
    drawn = torch.tensor([draw(model, state, Sampling(), seed)[0] for seed in range(300)])
    assert 0 not in drawn
    shares = one_hot(drawn, 3).double().mean(0)
    assert (shares - torch.tensor([0, 2 / 3, 1 / 3])).abs().max() < 4 * (0.25 / 300) ** 0.5


@pytest.mark.parametrize(
    "tokenizer", [LETTERS, ByteTokenizer(), WordTokenizer.of("a é\n時 𝄞 b")], ids=lambda kind: type(kind).__name__
)
def test_pieces_are_the_text(tokenizer):
    """No piece holds half a character, and together they are what decoding everything gives."""
    text = "a é\n時 𝄞 b a"
    tokens = tokenizer.encode(text)
    whole = tokenizer.decode(tokens)
    for cut in range(1, len(tokens)):
        yielded = tokenizer.decode(tokens[:cut])
        if not yielded.endswith("\ufffd"):
            assert yielded + "".join(readable(tokenizer, tokens[cut:], after=tokens[:cut])) == whole
    if tokenizer is not LETTERS:
        assert "\ufffd" not in "".join(readable(tokenizer, tokens))
    assert "".join(readable(ByteTokenizer(), "é".encode()[:1])) == "\ufffd"


def test_the_lowest_temperature_is_greedy():
    """Catches logits that overflow to two infinities, and so to no token at all."""
    distribution = Categorical(torch.tensor([[1.0, 3.0, -2.0, -torch.inf]]))
    assert Sampling(temperature=1e-310).probabilities(distribution).tolist() == [[0.0, 1.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    "change", [{"temperature": -1.0}, {"temperature": math.inf}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1}]
)
def test_sampling_out_of_range_is_refused(change):
    with pytest.raises(UserError, match=next(iter(change))):
        Sampling(**change)
    with pytest.raises(UserError, match="give some text to continue"):
        next(generate(build(), []))


def test_a_negative_seed_is_refused():
    with pytest.raises(UserError, match="seed -1: give 0 or more"):
        next(generate(build(), LETTERS.encode("a cat"), seed=-1))
