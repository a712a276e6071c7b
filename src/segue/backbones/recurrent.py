"""Recurrent backbones on torch's fused kernels. The memory of a lane is its hidden vectors, at any age.

A lane may hold several sequences in a window, one after another. The window is cut wherever any lane resets, and the
kernel runs once for each stretch. Most windows are one stretch. With many lanes of short sequences, every time step can
become a stretch.

One packed sequence, whose rows are the stretches of single lanes, would need a single call. But its backward pass on a
CPU takes time quadratic in the window: 17.6 s against 0.8 s for 64 lanes of 256 vectors of size 256 and one reset.
"""

from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from segue.state import State


class _Recurrent(nn.Module):
    """The shared part of RNN and LSTM: it takes states, resets lanes inside the window, and returns states."""

    def __init__(self, kernel: nn.RNNBase, state_names: tuple[str, ...]) -> None:
        super().__init__()
        self.kernel = kernel
        self.width = kernel.hidden_size
        self.layers = kernel.num_layers
        self._state_names = state_names

    def initial_state(
        self, lanes: int, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """A state of zeros, by default on the device and in the precision of the weights."""
        weight = next(self.parameters())
        shape, device, dtype = (lanes, self.layers, self.width), device or weight.device, dtype or weight.dtype
        return State({name: torch.zeros(shape, device=device, dtype=dtype) for name in self._state_names})

    def forward(
        self,
        x: Float[Tensor, "lanes time width"],
        state: State | None = None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None = None,
    ) -> tuple[Float[Tensor, "lanes time width"], State]:
        """Reads `time` vectors per lane, see `segue.backbones.protocol.Backbone`."""
        lanes, time, _ = x.shape
        state = self.initial_state(lanes) if state is None else state
        if time == 0:
            return x, state
        if reset is None:
            return self._run(x, state)
        if reset.dim() == 1:
            return self._run(x, state.reset(reset))
        resets_later = reset[:, 1:].any(dim=0).nonzero().squeeze(1) + 1
        stretches = []
        for begin, end in pairwise([0, *resets_later.tolist(), time]):
            h, state = self._run(x[:, begin:end], state.reset(reset[:, begin]))
            stretches.append(h)
        return torch.cat(stretches, dim=1), state

    def _run(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Calls the kernel once. Its states have the lane as their second axis, and a single state is no tuple."""
        before = tuple(state[name].transpose(0, 1).contiguous() for name in self._state_names)
        h, after = self.kernel(x, before if len(before) > 1 else before[0])
        after = after if len(before) > 1 else (after,)
        # Under autocast the kernel returns half precision; the state keeps its own.
        kept = {n: a.transpose(0, 1).to(b.dtype) for n, a, b in zip(self._state_names, after, before, strict=True)}
        return h, State(kept)


class RNN(_Recurrent):
    """The simple recurrent network, h[t] = tanh(W x[t] + b + U h[t-1] + c) (Elman, 1990). State: `hidden`.

    Args:
        width: Size of each input, output and hidden vector.
        layers: How many layers are stacked.
    """

    def __init__(self, width: int, layers: int = 1) -> None:
        super().__init__(nn.RNN(width, width, layers, batch_first=True), ("hidden",))


class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997) with a forget gate. State: `hidden` and `cell`.

    The biases of the forget gates begin at one, so a new network remembers (Gers, Schmidhuber and Cummins, 2000;
    Jozefowicz, Zaremba and Sutskever, 2015, section 2.2).

    Args:
        width: Size of each input, output, hidden and cell vector.
        layers: How many layers are stacked.
    """

    def __init__(self, width: int, layers: int = 1) -> None:
        super().__init__(nn.LSTM(width, width, layers, batch_first=True), ("hidden", "cell"))
        forget = slice(width, 2 * width)  # torch stacks the gates as input, forget, cell, output
        with torch.no_grad():
            for layer in range(layers):  # the kernel adds two biases: one is one, the other zero
                self.kernel.get_parameter(f"bias_ih_l{layer}")[forget] = 1.0
                self.kernel.get_parameter(f"bias_hh_l{layer}")[forget] = 0.0
