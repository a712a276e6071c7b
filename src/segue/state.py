"""Memory as a value: the state of a model's lanes, kept outside of the model.

A lane is one running sequence. A state maps dotted names to arrays of fixed shape, whose first axis is the lane. So
lanes of any age form one batch. They can be selected, replaced, saved and restored. A state is frozen: every method
returns a new state, and no model writes into arrays that a caller can see.

The arrays are those of numpy or of torch. This module imports torch only to save or load tensors.

One convention makes resets simple: **a fresh lane is all zeros**. A model whose memory must begin with other values
stores a counter that starts at zero, and derives these values from it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from array_api_compat import array_namespace, to_device
from jaxtyping import Bool, Int
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file as save_arrays

from segue.atomic import atomic_file
from segue.bounded import parse
from segue.errors import UserError
from segue.header import MOST_BYTES, read_header
from segue.seal import KEY, is_whole, seal, unsealed, without_seal

Array = Any
"""A numpy array or a torch tensor."""

_MOST_FACTS = MOST_BYTES * 15 // 16  # the rest of the header is for names and shapes
_FRAMEWORKS = {"numpy": "np", "torch": "pt"}


class State(Mapping[str, Array]):
    """A frozen, sorted mapping of dotted names to arrays, lane axis first.

    Args:
        arrays: At least one array. All belong to numpy, or all to torch. Their first axes have the same length.

    Raises:
        ValueError: There is no array, or the first axes differ in length.
    """

    __slots__ = ("_arrays",)

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        if not arrays:
            raise ValueError("a state holds at least one array")
        if len({array.shape[0] for array in arrays.values()}) != 1:
            raise ValueError(f"lanes differ: { {name: tuple(array.shape) for name, array in arrays.items()} }")
        self._arrays = MappingProxyType({name: arrays[name] for name in sorted(arrays)})

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        return list(self) == list(other) and all(_equal(self[name], other[name]) for name in self)

    def __reduce__(self) -> tuple[type["State"], tuple[dict[str, Array]]]:
        return State, (dict(self),)  # a mapping proxy can't be pickled or copied

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}: {tuple(array.shape)}" for name, array in self.items())
        return f"State({inside})"

    @property
    def lanes(self) -> int:
        """The number of lanes."""
        return int(self._any.shape[0])

    @classmethod
    def join(cls, parts: "Mapping[str, State]") -> "State":
        """Joins named parts into one state: array `key` of part `cell` becomes `cell.key`."""
        return cls({f"{part}.{name}": array for part, state in parts.items() for name, array in state.items()})

    def part(self, name: str) -> "State":
        """Returns the part that `join` stored under this name.

        Raises:
            KeyError: There is no such part.
        """
        prefix = f"{name}."
        inside = {key.removeprefix(prefix): array for key, array in self.items() if key.startswith(prefix)}
        if not inside:
            raise KeyError(f"no part {name!r} in {self!r}")
        return State(inside)

    @classmethod
    def cat(cls, states: "Sequence[State]") -> "State":
        """Joins the lanes of several states of one model, in the order of the states.

        Raises:
            ValueError: The states hold arrays of different names.
        """
        first, *others = states
        for other in others:
            first._check_same_names(other)
        xp = first._xp
        return cls({name: xp.concat([state[name] for state in states]) for name in first})

    def detach(self) -> "State":
        """Returns the same values without gradients (for truncated backpropagation through time)."""
        return State({name: array.detach() for name, array in self.items()}) if self._is_torch else self

    def to(self, device: Any) -> "State":
        """Returns the same values on a device, given as a torch device or by name; numpy has `"cpu"` only."""
        return State({name: to_device(array, device) for name, array in self.items()})

    def select(self, lanes: Int[Array, " picked"] | Bool[Array, " lanes"]) -> "State":
        """Returns the lanes of the given indices, in the given order, or those where a mask is true.

        Raises:
            ValueError: A mask has another number of lanes; so in all methods that take one.
        """
        index = self._index(lanes)
        return State({name: self._xp.take(array, index, axis=0) for name, array in self.items()})

    def scatter(self, lanes: Int[Array, " picked"] | Bool[Array, " lanes"], other: "State") -> "State":
        """Returns this state with the given lanes replaced by the lanes of `other`, in order.

        Raises:
            ValueError: `other` belongs to another model, or has another number of lanes than are replaced.
        """
        self._check_same_names(other)
        xp, index = self._xp, self._index(lanes)
        if index.shape != (other.lanes,):
            raise ValueError(f"{other.lanes} lanes cannot replace {tuple(index.shape)}")
        source = xp.arange(self.lanes, device=_device(index))
        source[index] = self.lanes + xp.arange(other.lanes, device=_device(index))
        return State({name: xp.take(xp.concat([array, other[name]]), source, axis=0) for name, array in self.items()})

    def where(self, condition: Bool[Array, " lanes"], other: "State") -> "State":
        """Returns the lanes of this state where `condition` is true, and those of `other` elsewhere.

        Raises:
            ValueError: `other` belongs to another model, or has another number of lanes.
        """
        self._check_same_names(other)
        if other.lanes != self.lanes:
            raise ValueError(f"states of {self.lanes} and of {other.lanes} lanes")
        mask = self._mask(condition)
        return State({name: self._xp.where(_wide(mask, a), a, other[name]) for name, a in self.items()})

    def reset(self, lanes: Bool[Array, " lanes"]) -> "State":
        """Returns this state with fresh lanes, which are zeros, where `lanes` is true."""
        xp, mask = self._xp, self._mask(lanes)
        return State({name: xp.where(_wide(mask, a), xp.zeros_like(a), a) for name, a in self.items()})

    def save(self, path: str | Path, facts: Mapping[str, Any]) -> None:
        """Writes one safetensors file, atomically. Its bytes do not depend on the library of the arrays.

        The file holds a checksum of itself, by which `load` reports damage.

        Args:
            path: The file to write; its folder must exist.
            facts: Facts about the state, as JSON values. Examples are the names of lanes, the frequency, and the hash
                of the model's config and weights.

        Raises:
            UserError: The folder is missing, or can't be written, or the facts take more than 15 MB.
            OSError: The disk is full.
        """
        text = unsealed(facts)
        if (size := len(json.dumps(text))) > _MOST_FACTS:
            raise UserError("facts", f"of {size:,} bytes", "save fewer lanes in one file, or shorter names")
        with atomic_file(path) as temporary:
            _save_file(self, temporary, {KEY: text})
            seal(temporary)

    @classmethod
    def load(
        cls, path: str | Path, expected: Mapping[str, Any], framework: Literal["numpy", "torch"] = "numpy"
    ) -> "tuple[State, dict[str, Any]]":
        """Reads a file that `save` wrote.

        Args:
            path: The file to read.
            expected: Facts that the file must hold with equal values, for example the hash of the model.
            framework: The library of the arrays.

        Returns:
            The state, on the CPU, and all facts.

        Raises:
            UserError: The file is missing, damaged or no state, or a fact differs.
        """
        try:
            metadata = read_header(Path(path)).metadata
            if not is_whole(Path(path)):
                raise ValueError("its checksum differs")
            told = parse(metadata[KEY])
            if not isinstance(told, dict):
                raise TypeError("facts without names")
            facts = without_seal(told)
            with safe_open(path, framework=_FRAMEWORKS[framework]) as file:
                state = cls({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 (not a mapping)
        except (OSError, SafetensorError, KeyError, ValueError, TypeError, IndexError) as error:
            why = f": {error}" if isinstance(error, ValueError) else ""
            remedy = f"name a whole state file that segue saved (this one can't be read{why})"
            raise UserError("state", path, remedy) from error
        for name, value in expected.items():
            if facts.get(name) != value:
                raise UserError("state", path, f"load it into the model that saved it ({name} differs)")
        return state, facts

    def require_like(self, lane: "State", path: str | Path) -> None:
        """Refuses a state that was read from a file and is not of the form of another one.

        Args:
            lane: A state with the names, types and shapes that this one must have, with any number of lanes.
            path: The file.

        Raises:
            UserError: A name is missing or unknown, or a type or a shape differs; the message gives the first.
        """
        for name in sorted({*self, *lane}):
            one, other = (_form(state[name]) if name in state else "missing" for state in (self, lane))
            if one != other:
                remedy = f"load it into the model that saved it ({name} is {one}, not {other})"
                raise UserError("state", path, remedy)

    @property
    def _any(self) -> Array:
        return next(iter(self.values()))

    @property
    def _xp(self) -> Any:
        """The functions of the arrays' library, with the names of the array API standard."""
        return array_namespace(self._any)

    @property
    def _is_torch(self) -> bool:
        return _is_torch(self._any)

    def _like_lanes(self, lanes: Array) -> Array:
        """Converts indices or a mask of lanes to an array of this state's library, on the device of its arrays."""
        return self._xp.asarray(lanes, device=_device(self._any))

    def _index(self, lanes: Array) -> Array:
        index = self._like_lanes(lanes)
        return self._xp.nonzero(self._mask(index))[0] if self._xp.isdtype(index.dtype, "bool") else index

    def _mask(self, lanes: Array) -> Array:
        """Checks a mask, because arrays would repeat a shorter one in silence."""
        mask = self._like_lanes(lanes)
        if mask.shape != (self.lanes,):
            raise ValueError(f"a mask of the shape {tuple(mask.shape)} for {self.lanes} lanes")
        return mask

    def _check_same_names(self, other: "State") -> None:
        if list(self) != list(other):
            raise ValueError(f"states of different models: {self!r} and {other!r}")


def _equal(one: Array, other: Array) -> bool:
    same_kind = (type(one), one.shape, one.dtype) == (type(other), other.shape, other.dtype)
    return same_kind and bool((one == other).all())


def _form(array: Array) -> str:
    """The type and the shape of a lane, in words."""
    return f"{str(array.dtype).removeprefix('torch.')} {tuple(array.shape[1:])}"


def _is_torch(array: Array) -> bool:
    return not isinstance(array, np.ndarray)


def _device(array: Array) -> Any:
    return array.device if _is_torch(array) else None  # arrays of numpy before 2.0 have no device


def _wide(lanes: Array, array: Array) -> Array:
    """Reshapes a (lanes,) mask so that it broadcasts against a (lanes, ...) array."""
    return lanes.reshape(-1, *[1] * (array.ndim - 1))


def _save_file(state: State, path: Path, metadata: dict[str, str]) -> None:
    if state._is_torch:
        from safetensors.torch import save_file as save_tensors  # torch is imported already

        save_tensors({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}, path, metadata)
    else:
        save_arrays({name: np.ascontiguousarray(array) for name, array in state.items()}, path, metadata)
