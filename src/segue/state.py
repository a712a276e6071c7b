"""Memory as a value: what a model remembers of its lanes, outside of the model.

A lane is one running sequence. A state maps dotted names to tensors whose first axis is the lane, all of fixed
shape, so lanes of any age batch together, are picked out, put back, saved and restored. It is frozen: every method
returns a new state, and no model ever writes into the tensors of a state that a caller could see.

One convention makes resets trivial: **a fresh lane is all zeros**. A model whose memory needs a different beginning
stores a counter that starts at zero and derives the rest.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from jaxtyping import Bool, Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from segue.atomic import atomic_file
from segue.errors import UserError

_METADATA_KEY = "segue"  # one key only: safetensors does not order several, and files would differ from run to run


class State(Mapping[str, Tensor]):
    """A frozen, sorted mapping of dotted names to tensors, lane axis first.

    Args:
        tensors: At least one tensor; all with the same length of the first axis.
    """

    __slots__ = ("_tensors",)

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        if not tensors:
            raise ValueError("a state holds at least one tensor")
        if len({tensor.shape[0] for tensor in tensors.values()}) != 1:
            raise ValueError(f"lanes differ: { {name: tuple(t.shape) for name, t in tensors.items()} }")
        self._tensors = MappingProxyType({name: tensors[name] for name in sorted(tensors)})

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        return list(self) == list(other) and all(torch.equal(self[name], other[name]) for name in self)

    def __reduce__(self) -> tuple[type["State"], tuple[dict[str, Tensor]]]:
        return State, (dict(self),)  # a mapping proxy itself can't be pickled or copied

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}: {tuple(tensor.shape)}" for name, tensor in self.items())
        return f"State({inside})"

    @property
    def lanes(self) -> int:
        """The number of lanes."""
        return int(next(iter(self.values())).shape[0])

    @property
    def nbytes(self) -> int:
        """The memory of all tensors, in bytes."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.values())

    @classmethod
    def join(cls, parts: "Mapping[str, State]") -> "State":
        """One state out of named parts: tensor `key` of part `cell` becomes `cell.key`."""
        return cls({f"{part}.{name}": tensor for part, state in parts.items() for name, tensor in state.items()})

    def part(self, name: str) -> "State":
        """The part that `join` put in under this name.

        Raises:
            KeyError: There is no such part.
        """
        prefix = f"{name}."
        found = {key.removeprefix(prefix): tensor for key, tensor in self.items() if key.startswith(prefix)}
        if not found:
            raise KeyError(f"no part {name!r} in {self!r}")
        return State(found)

    @classmethod
    def cat(cls, states: "Sequence[State]") -> "State":
        """The lanes of several states of one model, one state's after another's."""
        first, *others = states
        for other in others:
            first._check_same_names(other)
        return cls({name: torch.cat([state[name] for state in states]) for name in first})

    def detach(self) -> "State":
        """The same values, cut off from the gradient tape (truncated backpropagation through time)."""
        return State({name: tensor.detach() for name, tensor in self.items()})

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "State":
        """The same values elsewhere; `dtype` concerns floating tensors only, counters stay whole numbers."""
        return State(
            {
                name: tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)
                for name, tensor in self.items()
            }
        )

    def select(self, lanes: Int[Tensor, "picked"]) -> "State":
        """The given lanes, in the given order."""
        return State({name: tensor.index_select(0, lanes) for name, tensor in self.items()})

    def scatter(self, lanes: Int[Tensor, "picked"], other: "State") -> "State":
        """This state with the given lanes replaced by the lanes of `other`, in order."""
        self._check_same_names(other)
        return State({name: tensor.index_copy(0, lanes, other[name]) for name, tensor in self.items()})

    def where(self, condition: Bool[Tensor, "lanes"], other: "State") -> "State":
        """This state where `condition` holds, `other` elsewhere."""
        self._check_same_names(other)
        return State({name: torch.where(_wide(condition, t), t, other[name]) for name, t in self.items()})

    def reset(self, lanes: Bool[Tensor, "lanes"]) -> "State":
        """This state with fresh lanes, that is zeros, where `lanes` is true."""
        return State({name: t.masked_fill(_wide(lanes, t), 0) for name, t in self.items()})

    def save(self, path: str | Path, facts: Mapping[str, Any]) -> None:
        """Writes one safetensors file, atomically.

        Args:
            path: The file to write; its folder must exist.
            facts: What belongs to the state and is no tensor, as JSON values: lane names, last timestamp, frequency,
                the hash of the model's config and weights.

        Raises:
            UserError: The folder is not there, or can't be written.
            OSError: The disk is full.
        """
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.items()}
        with atomic_file(path) as temporary:
            save_file(tensors, temporary, metadata={_METADATA_KEY: json.dumps(facts, sort_keys=True)})

    @classmethod
    def load(cls, path: str | Path, expected: Mapping[str, Any]) -> "tuple[State, dict[str, Any]]":
        """Reads what `save` wrote.

        Args:
            path: The file to read.
            expected: Facts that must be the same in the file, for example the model's hash.

        Returns:
            The state, on the CPU, and all facts.

        Raises:
            UserError: The file is missing, truncated or no state, or a fact differs.
        """
        try:
            with safe_open(path, framework="pt") as file:
                facts: dict[str, Any] = json.loads((file.metadata() or {})[_METADATA_KEY])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise UserError(
                "state", path, "name a whole state file that segue saved (this one can't be read)"
            ) from error
        for name, value in expected.items():
            if facts.get(name) != value:
                raise UserError("state", path, f"load it into the model that saved it ({name} differs)")
        return cls(tensors), facts

    def _check_same_names(self, other: "State") -> None:
        if list(self) != list(other):
            raise ValueError(f"states of different models: {self!r} and {other!r}")


def _wide(lanes: Tensor, tensor: Tensor) -> Tensor:
    """A (lanes,) mask that broadcasts against a (lanes, ...) tensor."""
    return lanes.view(-1, *[1] * (tensor.dim() - 1))
