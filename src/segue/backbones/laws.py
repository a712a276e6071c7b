"""The laws that every model with memory obeys. Each law is one check on given sequences, which raises `LawBroken`.

A check sees its subject only as `Streaming`. So backbones and assembled models obey the same laws, on sequences of any
kind (lanes, time, ...). States are compared by their effect: the outputs on the same continuation. Their tensors are
not compared, because they may hold arbitrary values where nothing reads them.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Shaped
from torch import Tensor

from segue.state import State

TOLERANCE = 1e-10
"""The largest absolute difference that rounding in float64 may cause."""


@runtime_checkable
class Streaming(Protocol):
    """The subject of the laws: `outputs, state = model(x, state, reset)`, lane axis first on all of them.

    A model that reads ahead within a window declares this by an attribute `causal = False`. It is exempt from causality
    and from the laws that depend on it (chunking, gradients across chunks). It must obey the other laws.
    """

    def initial_state(self, lanes: int, /) -> State:
        """The state of lanes that have seen nothing."""
        ...

    def __call__(self, x: Tensor, state: State | None, reset: Tensor | None, /) -> tuple[Tensor, State]:
        """Reads `time` steps per lane and gives an output for each."""
        ...


class LawBroken(AssertionError):
    """A model breaks a law.

    Args:
        law: The law: "chunking", "causality", "lanes", "reset", "state", "selection", "saving", "determinism" or
            "gradient".
        detail: The case, and the largest difference.
    """

    def __init__(self, law: str, detail: str) -> None:
        self.law, self.detail = law, detail
        super().__init__(f"{law}: {detail}")


def check_chunking(
    model: Streaming,
    x: Shaped[Tensor, "lanes time ..."],
    splits: Sequence[int],
    reset: Bool[Tensor, "lanes time"] | None = None,
    tolerance: float = TOLERANCE,
) -> None:
    """A sequence cut at `splits`, with the state carried across, gives the outputs of the whole, resets included."""
    whole, whole_state = model(x, None, reset)
    resets = [None] * (len(splits) + 1) if reset is None else reset.tensor_split(list(splits), dim=1)
    pieces, state = [], None
    for piece, piece_reset in zip(x.tensor_split(list(splits), dim=1), resets, strict=True):
        h, state = model(piece, state, piece_reset)
        pieces.append(h)
    assert state is not None
    _equal("chunking", f"cut at {list(splits)}", torch.cat(pieces, dim=1), whole, tolerance)
    _same_memory("chunking", "state after the last chunk", model, x, state, whole_state, tolerance)


def check_causality(
    model: Streaming,
    x: Shaped[Tensor, "lanes time ..."],
    other: Shaped[Tensor, "lanes time ..."],
    cut: int,
    tolerance: float = TOLERANCE,
) -> None:
    """If the future from step `cut` on is replaced by that of `other`, no output before `cut` changes."""
    h, _ = model(x, None, None)
    h_other, _ = model(torch.cat([x[:, :cut], other[:, cut:]], dim=1), None, None)
    _equal("causality", f"past under another future from step {cut}", h_other[:, :cut], h[:, :cut], tolerance)


def check_lanes(
    model: Streaming,
    x: Shaped[Tensor, "lanes time ..."],
    begins: Sequence[int],
    tolerance: float = TOLERANCE,
) -> None:
    """A lane has the same outputs alone as in the batch, in any order, and after any padding before its beginning.

    Args:
        model: The model.
        x: Sequences. Lane i begins at step `begins[i]`, and all steps before it are padding.
        begins: One step for each lane.
        tolerance: The largest difference allowed.
    """
    _, warm = model(x, None, None)
    h, end = model(x, warm, None)
    backwards = torch.arange(len(x) - 1, -1, -1, device=x.device)
    turned, _ = model(x[backwards], warm.select(backwards), None)
    _equal("lanes", "lanes in the opposite order", turned[backwards], h, tolerance)

    mask = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
    mask[torch.arange(len(x)), list(begins)] = True
    padded, padded_end = model(x, warm, mask)
    for lane, begin in enumerate(begins):
        one = torch.tensor([lane], device=x.device)
        alone, alone_end = model(x[one], warm.select(one), None)
        _equal("lanes", f"lane {lane} alone", alone, h[one], tolerance)
        _same_memory("lanes", f"state of lane {lane} alone", model, x[one], alone_end, end.select(one), tolerance)
        short, short_end = model(x[one, begin:], None, None)
        _equal("lanes", f"lane {lane} with {begin} steps of padding", padded[one, begin:], short, tolerance)
        _same_memory(
            "lanes", f"state of padded lane {lane}", model, x[one], padded_end.select(one), short_end, tolerance
        )


def check_reset(
    model: Streaming,
    x: Shaped[Tensor, "lanes time ..."],
    reset: Bool[Tensor, "lanes time"],
    tolerance: float = TOLERANCE,
) -> None:
    """From a reset on, a lane equals a fresh lane; until its first reset, it equals a lane without resets.

    A (lanes,) mask applies to the first step, which is the same as resetting the state itself.
    """
    _, warm = model(x, None, None)
    without, without_end = model(x, warm, None)
    h, end = model(x, warm, reset)
    for lane, steps in enumerate(reset):
        one, at = slice(lane, lane + 1), steps.nonzero().squeeze(1).tolist()
        expected_end = without_end.select(torch.tensor([lane], device=x.device))
        for step in at:
            rest = reset[one, step:].clone()
            rest[:, 0] = False
            fresh, expected_end = model(x[one, step:], None, rest)
            _equal("reset", f"lane {lane} reset at step {step}", h[one, step:], fresh, tolerance)
        first = at[0] if at else x.shape[1]
        if not at or is_causal(model):
            _equal("reset", f"lane {lane} before any reset", h[one, :first], without[one, :first], tolerance)
        lane_end = end.select(torch.tensor([lane], device=x.device))
        _same_memory("reset", f"state of lane {lane}, reset at {at}", model, x[one], lane_end, expected_end, tolerance)

    mask = reset[:, 0]
    column = torch.zeros_like(reset)
    column[:, 0] = mask
    by_state, _ = model(x, warm.reset(mask), None)
    _equal("reset", "a (lanes,) mask", model(x, warm, mask)[0], by_state, tolerance)
    _equal("reset", "a (lanes, time) mask of the first step", model(x, warm, column)[0], by_state, tolerance)


def check_state(model: Streaming, x: Shaped[Tensor, "lanes time ..."], tolerance: float = TOLERANCE) -> None:
    """A fresh lane is zeros, the lane axis is first, shapes never change, no call writes into the caller's tensors."""
    lanes = len(x)
    fresh = model.initial_state(lanes)
    for name, tensor in fresh.items():
        if tensor.count_nonzero():
            raise LawBroken("state", f"{name} of a fresh lane is not zeros")
        expected = (lanes + 1, *tensor.shape[1:])
        if len(tensor) != lanes or model.initial_state(lanes + 1)[name].shape != expected:
            raise LawBroken("state", f"{name} {tuple(tensor.shape)} does not have the lanes as its first axis")

    reset = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
    reset[0, 0] = reset[-1, -1] = True
    h_none, state = model(x, None, None)
    handed = [x, reset, *fresh.values(), h_none, *state.values()]
    copies = [tensor.clone() for tensor in handed]
    h_fresh, _ = model(x, fresh, None)
    _equal("state", "None for a fresh state", h_none, h_fresh, tolerance)
    for mask in (None, reset, reset[:, 0]):
        _, after = model(x, state, mask)
        for name in fresh.keys() | after.keys():
            if name not in fresh or name not in after or _kind(fresh[name]) != _kind(after[name]):
                raise LawBroken("state", f"{name} changes its shape or precision: {fresh!r} becomes {after!r}")
    names = ["x", "reset", *fresh, "an earlier output", *state]
    for name, tensor, before in zip(names, handed, copies, strict=True):
        if not torch.equal(tensor, before):
            raise LawBroken("state", f"a call writes into {name}, which the caller holds")


def check_selection(
    model: Streaming,
    x: Shaped[Tensor, "lanes time ..."],
    picked: Sequence[int],
    tolerance: float = TOLERANCE,
) -> None:
    """Lanes that are selected, run by themselves and put back have the same memory as in a run of all lanes."""
    lanes = torch.tensor(list(picked), device=x.device)
    _, warm = model(x, None, None)
    h, end = model(x, warm, None)
    h_picked, end_picked = model(x[lanes], warm.select(lanes), None)
    _equal("selection", f"lanes {list(picked)} picked out", h_picked, h[lanes], tolerance)
    was_picked = torch.zeros(len(x), dtype=torch.bool, device=x.device).index_fill(0, lanes, True)
    back, expected = warm.scatter(lanes, end_picked), end.where(was_picked, warm)
    _same_memory("selection", f"lanes {list(picked)} put back", model, x, back, expected, tolerance)


def check_saving(model: Streaming, x: Shaped[Tensor, "lanes time ..."], tolerance: float = TOLERANCE) -> None:
    """A state that was saved and loaded continues like the state before saving."""
    h, state = model(x, None, None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.safetensors"
        state.save(path, {"law": "saving"})
        loaded, _ = State.load(path, {"law": "saving"}, framework="torch")
    _same_memory("saving", "after loading", model, x, loaded.to(h.device), state, tolerance)


def check_determinism(
    model: Streaming,
    x: Shaped[Tensor, "lanes time ..."],
    other: Shaped[Tensor, "lanes time ..."],
    tolerance: float = TOLERANCE,
) -> None:
    """The same call gives the same outputs, also after other calls: all memory is in the state."""
    h, state = model(x, None, None)
    later, _ = model(other, state, None)
    _equal("determinism", "fresh lanes, asked again", model(x, None, None)[0], h, tolerance)
    _equal("determinism", "carried lanes, asked again", model(other, state, None)[0], later, tolerance)


def check_gradient(
    model: Streaming,
    x: Shaped[Tensor, "lanes time ..."],
    splits: Sequence[int],
    tolerance: float = TOLERANCE,
) -> None:
    """The gradient flows through the state: it is the same in chunks as in the whole."""
    whole, cut = x.detach().clone().requires_grad_(), x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(_weighted(model(whole, None, None)[0]), whole)
    pieces, state = [], None
    for piece in cut.tensor_split(list(splits), dim=1):
        h, state = model(piece, state, None)
        pieces.append(h)
    (gradient_cut,) = torch.autograd.grad(_weighted(torch.cat(pieces, dim=1)), cut)
    _equal("gradient", f"cut at {list(splits)}", gradient_cut, gradient, tolerance)


def is_causal(model: Streaming) -> bool:
    """Whether the model must obey causality. It must, unless it declares `causal = False`."""
    return bool(getattr(model, "causal", True))


def _kind(tensor: Tensor) -> tuple[torch.Size, torch.dtype]:
    return tensor.shape, tensor.dtype


def _weighted(h: Tensor) -> Tensor:
    """A scalar in which every output has a different weight."""
    return (h * torch.arange(h.numel(), device=h.device).view_as(h).cos()).sum()


def _same_memory(
    law: str, what: str, model: Streaming, continuation: Tensor, got: State, expected: State, tolerance: float
) -> None:
    _equal(law, what, model(continuation, got, None)[0], model(continuation, expected, None)[0], tolerance)


def _equal(law: str, what: str, got: Tensor, expected: Tensor, tolerance: float) -> None:
    if got.shape != expected.shape:
        raise LawBroken(law, f"{what}: shape {tuple(got.shape)} instead of {tuple(expected.shape)}")
    difference = (got.double() - expected.double()).abs()
    worst = torch.where(got == expected, 0.0, difference).max().item() if got.numel() else 0.0
    if not worst <= tolerance:  # NaN breaks the law, too
        raise LawBroken(law, f"{what}: largest difference {worst:.1e}, tolerance {tolerance:.0e}")
