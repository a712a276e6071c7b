"""Backbones obey the laws, agree with the equations of their papers, and know their parameters."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from segue.backbones.attention import attend, rotate
from segue.backbones.conformance import run_all
from segue.backbones.laws import check_chunking, check_lanes, check_reset
from segue.backbones.memoryless import Memoryless
from segue.backbones.nested import Nested
from segue.backbones.protocol import Backbone
from segue.backbones.recurrent import LSTM, RNN
from segue.backbones.transformer import Transformer
from segue.errors import UserError

WIDTH = 4
BACKBONES = {
    "RNN": lambda: RNN(WIDTH),
    "RNN of 2 layers": lambda: RNN(WIDTH, layers=2),
    "LSTM": lambda: LSTM(WIDTH),
    "LSTM of 2 layers": lambda: LSTM(WIDTH, layers=2),
    "nested, LSTM": lambda: Nested(WIDTH),
    "nested, RNN": lambda: Nested(WIDTH, RNN(WIDTH)),
    "transformer, rotary": lambda: Transformer(WIDTH, heads=2, layers=2, window=5),
    "transformer, learned": lambda: Transformer(WIDTH, heads=1, layers=2, window=5, positions="learned"),
    "nested, transformer": lambda: Nested(WIDTH, Transformer(WIDTH, heads=2, layers=1, window=5)),
}


def test_rotation_is_multiplication_by_a_complex_phase():
    """The known answer of rotary positions: pair i of a vector at position p turns by p * 10000^(-2i / size)."""
    x, position = torch.randn(2, 5, 6, dtype=torch.float64), torch.tensor([0, 1, 2, 7, 100])
    pairs = torch.complex(x[..., :3], x[..., 3:])
    angle = position[:, None] * torch.tensor([1.0, 10_000 ** (-2 / 6), 10_000 ** (-4 / 6)], dtype=torch.float64)
    turned = pairs * torch.polar(torch.ones_like(angle), angle)
    expected = torch.cat([turned.real, turned.imag], dim=-1)
    torch.testing.assert_close(rotate(x, position), expected, rtol=0, atol=1e-12)


def test_rotation_in_half_precision_has_exact_angles():
    """Angles in bfloat16 would be off by a tenth of a radian at position 48: more than distances would matter."""
    x, position = torch.ones(1, 49, 8), torch.arange(49)
    narrow = rotate(x.bfloat16(), position).float()
    torch.testing.assert_close(narrow, rotate(x, position), rtol=0, atol=0.02)


@pytest.fixture(params=BACKBONES.values(), ids=BACKBONES.keys(), scope="module")
def backbone(request):
    torch.manual_seed(0)
    return request.param().double()


def vectors(lanes, time, seed=0):
    return torch.randn(lanes, time, WIDTH, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@st.composite
def windows(draw):
    """A window of vectors and a reset mask, of random sizes; resets from never to nearly always."""
    lanes, time, seed = draw(st.integers(1, 4)), draw(st.integers(1, 7)), draw(st.integers(0, 2**16))
    often = draw(st.sampled_from([0.0, 0.1, 0.5, 0.9]))
    reset = torch.rand(lanes, time, generator=torch.Generator().manual_seed(seed)) < often
    return vectors(lanes, time, seed), reset


drawn = settings(max_examples=12, deadline=None, derandomize=True)


def test_attention_in_half_precision_is_computed_in_single():
    """Forward and back, under autocast too, as the masked and as the causal kernel; nothing narrower in between."""
    torch.manual_seed(0)
    narrow = [torch.randn(2, 2, 5, 8).bfloat16().requires_grad_() for _ in range(3)]
    exact = [part.detach().float().requires_grad_() for part in narrow]
    for allowed in (None, torch.ones(2, 1, 5, 5, dtype=torch.bool).tril()):
        with torch.autocast("cpu", torch.bfloat16):
            output = attend(*narrow, allowed)
        expected = attend(*exact, allowed)
        assert output.dtype is torch.bfloat16
        torch.testing.assert_close(output, expected.bfloat16(), rtol=0, atol=0)
        gradients = torch.autograd.grad(output.float().square().sum(), narrow)
        wide = torch.autograd.grad(expected.bfloat16().float().square().sum(), exact)
        for one, other in zip(gradients, wide, strict=True):
            torch.testing.assert_close(one, other.bfloat16(), rtol=0, atol=0)


def test_is_a_backbone_that_obeys_all_laws(backbone):
    """One call, as a third party makes it; catches any broken law on the explicit cases."""
    assert isinstance(backbone, Backbone)
    run_all(backbone)


@drawn
@given(windows(), st.data())
def test_chunking_with_resets_anywhere(backbone, window, data):
    """Catches a reset that is lost or applied twice at the border of a chunk, and chunks of no vectors at all."""
    x, reset = window
    splits = sorted(data.draw(st.lists(st.integers(0, x.shape[1]), max_size=4)))
    check_chunking(backbone, x, splits, reset)


@drawn
@given(windows())
def test_resets_anywhere(backbone, window):
    """Catches stretches that are cut, ordered or put back wrongly, for instance when lanes reset together."""
    x, reset = window
    check_reset(backbone, x, reset)


@drawn
@given(windows(), st.data())
def test_lanes_with_any_padding(backbone, window, data):
    """Catches a lane that depends on its neighbours, its index in the batch or the padding before its beginning."""
    x, _ = window
    begins = data.draw(st.lists(st.integers(0, x.shape[1] - 1), min_size=len(x), max_size=len(x)))
    check_lanes(backbone, x, begins)


def test_no_vectors_change_nothing(backbone):
    """An empty chunk, as a stream without news has; catches kernels that refuse it."""
    _, state = backbone(vectors(2, 3))
    h, same = backbone(vectors(2, 0), state, torch.zeros(2, 0, dtype=torch.bool))
    assert h.shape == (2, 0, WIDTH)
    assert all(torch.equal(same[name], state[name]) for name in state)


def test_initial_state_follows_the_weights_or_the_caller(backbone):
    """Catches a state in another precision than the weights, which the kernels refuse."""
    assert all(t.dtype == torch.float64 for t in backbone.initial_state(2).values() if t.is_floating_point())
    state = backbone.initial_state(2, device="meta", dtype=torch.float32)
    assert all(tensor.dtype == torch.float32 for tensor in state.values() if tensor.is_floating_point())
    assert all(tensor.device.type == "meta" for tensor in state.values())


def test_a_reset_cuts_the_gradient(backbone):
    """Catches a reset that hides the past from the values but not from the gradient, or cuts what comes after it."""
    x = vectors(1, 6).requires_grad_()
    reset = torch.zeros(1, 6, dtype=torch.bool)
    reset[0, 3] = True
    h, _ = backbone(x, None, reset)
    (gradient,) = torch.autograd.grad(h[:, 5].cos().sum(), x)
    assert gradient[:, :3].count_nonzero() == 0
    assert (gradient[:, 3:].abs().amax(dim=-1) > 0).all()


def test_rnn_is_its_closed_form():
    """h = tanh(W x + b + U h + c), from a state that is not zero; catches swapped weights and layers."""
    torch.manual_seed(1)
    rnn = RNN(WIDTH).double()
    x, before = vectors(3, 2), rnn(vectors(3, 5, seed=1))[1]
    h, after = rnn(x, before)
    k, hidden = rnn.kernel, before["hidden"][:, 0]
    for t in range(2):
        hidden = torch.tanh(x[:, t] @ k.weight_ih_l0.T + k.bias_ih_l0 + hidden @ k.weight_hh_l0.T + k.bias_hh_l0)
        torch.testing.assert_close(h[:, t], hidden)
    torch.testing.assert_close(after["hidden"], hidden[:, None])


def test_lstm_is_the_papers_equations():
    """Gates written out (Gers et al., 2000); catches hidden and cell swapped at the border of the kernel."""
    torch.manual_seed(1)
    lstm = LSTM(WIDTH).double()
    x, before = vectors(3, 1), lstm(vectors(3, 5, seed=1))[1]
    h, after = lstm(x, before)
    k = lstm.kernel
    gates = x[:, 0] @ k.weight_ih_l0.T + k.bias_ih_l0 + before["hidden"][:, 0] @ k.weight_hh_l0.T + k.bias_hh_l0
    write, forget, candidate, read = gates.chunk(4, dim=-1)
    cell = forget.sigmoid() * before["cell"][:, 0] + write.sigmoid() * candidate.tanh()
    torch.testing.assert_close(after["cell"][:, 0], cell)
    torch.testing.assert_close(h[:, 0], read.sigmoid() * cell.tanh())
    torch.testing.assert_close(after["hidden"][:, 0], h[:, 0])


def test_lstm_is_torchs_with_copied_weights():
    """Two layers, lanes second and first; catches layers and lanes exchanged in the state (3 lanes, 2 layers)."""
    torch.manual_seed(1)
    ours, torchs = LSTM(WIDTH, layers=2).double(), nn.LSTM(WIDTH, WIDTH, 2).double()
    torchs.load_state_dict(ours.kernel.state_dict())
    x = vectors(3, 7)
    h, state = ours(x, ours(vectors(3, 4, seed=1))[1])
    _, memory = torchs(vectors(3, 4, seed=1).transpose(0, 1))
    expected, (hidden, cell) = torchs(x.transpose(0, 1), memory)
    torch.testing.assert_close(h, expected.transpose(0, 1))
    torch.testing.assert_close(state["hidden"], hidden.transpose(0, 1))
    torch.testing.assert_close(state["cell"], cell.transpose(0, 1))


@pytest.mark.parametrize("layers", [1, 2])
def test_forget_gates_begin_open(layers):
    """A bias of one in all (Jozefowicz et al., 2015); catches the second bias, drawn at random, taking some away."""
    kernel = LSTM(WIDTH, layers).kernel
    for layer in range(layers):
        bias = kernel.get_parameter(f"bias_ih_l{layer}") + kernel.get_parameter(f"bias_hh_l{layer}")
        assert (bias[WIDTH : 2 * WIDTH] >= 1).all()


def test_a_new_lstm_remembers_longer_than_a_new_rnn():
    """The purpose of the open forget gate: a difference 20 steps ago still matters. Catches a bias on another gate."""

    def effect(backbone):
        x = torch.zeros(1, 21, 32)
        x[:, 0] = 1.0
        return (backbone(x)[0][:, -1] - backbone(x * (torch.arange(21) > 0)[:, None])[0][:, -1]).norm().item()

    torch.manual_seed(0)
    closed = LSTM(32)
    with torch.no_grad():
        closed.kernel.bias_ih_l0[32:64] = 0.0
    assert effect(LSTM(32)) > 10 * effect(closed)


def test_levels_two_and_three_add_to_the_output_of_level_one():
    """With silent feed-forward levels, a nested backbone is its level 1; catches a missing residual."""
    torch.manual_seed(0)
    nested = Nested(WIDTH).double()
    for level in (nested.level2, nested.level3):
        nn.init.zeros_(level.down.weight)
        nn.init.zeros_(level.down.bias)
    torch.testing.assert_close(nested(vectors(2, 5))[0], nested.level1(vectors(2, 5))[0], rtol=0, atol=0)


def test_level_one_of_another_width_is_refused():
    with pytest.raises(UserError, match="level1 of width 3: give a backbone of width 4"):
        Nested(WIDTH, LSTM(3))


def test_encoding_is_forward_without_its_state():
    """A forecast encodes, training and streams may run `forward`: they have to agree, padding included."""
    torch.manual_seed(0)
    model = Transformer(WIDTH, heads=2, layers=2, window=4).double()
    x = vectors(3, 6)
    reset = torch.zeros(3, 6, dtype=torch.bool)
    reset[1, 2] = reset[2, 5] = True
    assert torch.equal(model.encode(x, reset), model(x, reset=reset)[0])
    assert torch.equal(model.encode(x), model(x)[0])


@pytest.mark.parametrize("since", [3, 6])
def test_a_transformer_encodes_the_end_of_a_sequence_as_it_encodes_the_whole(since):
    """The last block skips outputs that nobody reads; catches queries that lose their position, mask or reset."""
    torch.manual_seed(0)
    model = Transformer(8, heads=2, layers=2, window=4).double()
    x = torch.randn(3, 7, 8, dtype=torch.float64)
    reset = torch.zeros(3, 7, dtype=torch.bool)
    reset[0, 2] = reset[1, 5] = True
    for mask in (None, reset):
        whole = model.encode(x, mask)[:, since:]
        torch.testing.assert_close(model.encode(x, mask, since), whole, rtol=0, atol=1e-12)


def test_a_memoryless_level_sees_one_vector_and_keeps_the_laws():
    """A constant state of size zero passes every law; any other order of the same vectors gives the same outputs."""
    torch.manual_seed(0)
    nested = Nested(WIDTH, Memoryless(WIDTH)).double()
    run_all(nested)
    x, order = vectors(2, 6), torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(nested(x[:, order])[0], nested(x)[0][:, order], rtol=0, atol=1e-12)
