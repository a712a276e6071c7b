"""Runs a model through all laws of `segue.backbones.laws`, on small explicit cases.

    from segue.backbones.conformance import run_all
    run_all(MyBackbone(width=8))

Authors of other backbones call this in their tests, as authors of river's estimators call river's checks
(https://riverml.xyz). An assembled model needs a thin adaptor and its own sequences.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from segue.backbones.laws import (
    Streaming,
    check_causality,
    check_chunking,
    check_determinism,
    check_gradient,
    check_lanes,
    check_reset,
    check_saving,
    check_selection,
    check_state,
    is_causal,
)


def yield_checks(model: Streaming, x: Tensor | None = None) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yields all laws on small explicit cases: names and functions to call, as `pytest.mark.parametrize` takes them.

    Args:
        model: The subject. A module is copied, in double precision and in evaluation mode. Any other object is used
            as it is and should compute in double precision.
        x: Sequences (lanes, time, ...), with at least 3 lanes of at least 8 steps. They differ from lane to lane, and
            are longer than any window of the model. By default they are 3 lanes of 16 normal vectors of size
            `model.width`.

    Yields:
        The name of the case and the check.
    """
    if isinstance(model, nn.Module):
        model = copy.deepcopy(model).double().eval()
    x = _sequences(model) if x is None else x
    lanes, time = x.shape[:2]
    other = x.roll(1, dims=0)  # the sequence of another lane is unrelated to that of a lane
    scattered = torch.zeros(lanes, time, dtype=torch.bool, device=x.device)
    scattered[0, [0, 1, time // 2]] = scattered[1, [time // 3, time - 1]] = True

    yield "state", partial(check_state, model, x)
    yield "determinism", partial(check_determinism, model, x, other)
    if is_causal(model):
        for cut in (1, time // 2, time - 1):
            yield f"causality, another future from step {cut}", partial(check_causality, model, x, other, cut)
        for name, splits in _splits(time).items():
            yield f"chunking, {name}", partial(check_chunking, model, x, splits)
        yield "chunking, one by one with resets", partial(check_chunking, model, x, range(1, time), scattered)
        if x.is_floating_point():
            yield "gradient", partial(check_gradient, model, x, [1, time // 2])
    yield "lanes", partial(check_lanes, model, x, [lane * (time - 1) // (lanes - 1) for lane in range(lanes)])
    yield "reset, at scattered steps", partial(check_reset, model, x, scattered)
    yield "reset, at every step", partial(check_reset, model, x[:, :5], torch.ones_like(scattered[:, :5]))
    yield "selection", partial(check_selection, model, x, [lanes - 1, 0])
    yield "saving", partial(check_saving, model, x)


def run_all(model: Streaming, x: Tensor | None = None) -> None:
    """Runs every check of `yield_checks`.

    Args:
        model: The subject.
        x: Sequences to read, see `yield_checks`.

    Raises:
        LawBroken: The first law that does not hold.
    """
    for _, check in yield_checks(model, x):
        check()


def _splits(time: int) -> dict[str, Sequence[int]]:
    return {
        "in halves": [time // 2],
        "one by one": range(1, time),
        "unevenly": [1, 2, time // 2 + 1],
        "last step apart": [time - 1],
    }


def _sequences(model: Streaming) -> Tensor:
    width = getattr(model, "width", None)
    if width is None:
        raise TypeError("a model without a width needs sequences: yield_checks(model, x)")
    state = next(iter(model.initial_state(1).values()))
    return torch.randn(3, 16, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(state.device)
