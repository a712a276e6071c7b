"""The check of an exported graph from elsewhere, before onnxruntime loads it, without the package `onnx`.

A graph must keep four rules:

- It has the inputs and the output that `segue.forecasting.nanotst.export` describes, by name, type and rank.
- Its weights are those of `model.safetensors` beside it: the header says where each begins and ends. It reads no other
  file.
- It is a sequence of standard operators, without loops, branches, functions or custom operators.
- No whole number in it exceeds the size of the largest tensor that a series needs. Constants have the types of ordinary
  graphs: float, double, half, bool, int32 and int64.

The last rule bounds constants only. Arithmetic inside a graph can still ask for much time or memory.
"""

import math
from pathlib import Path
from typing import NamedTuple

from segue.bounded import read_bytes
from segue.errors import UserError
from segue.folder import GRAPH, WEIGHTS
from segue.forecasting.nanotst.wire import merged, number, numbers, read_fields, text
from segue.forecasting.predictor import LEVELS
from segue.header import Header
from segue.manifest import verify_content

_MOST_BYTES = 2**23  # the bundled graphs have 150 kB, since their weights are not in them
_FLOAT, _INT32, _INT64, _BOOL, _HALF, _DOUBLE = 1, 6, 7, 9, 10, 11  # types of tensors in ONNX
_TYPES = {"F32": _FLOAT, "F16": _HALF}
_LARGEST, _MOST_ELEMENTS = 2**20, 2**24  # bounds of a whole number, and of the elements of a tensor of constant shape
_ENDS = (2**63 - 1, -(2**63))  # the first and the last index of a slice
_STANDARD = ("", "ai.onnx")


class Interface(NamedTuple):
    """The type of an input or an output."""

    name: str
    dtype: int
    rank: int


INPUTS = [
    Interface("values", _DOUBLE, 2),
    Interface("observed", _BOOL, 2),
    Interface("seasons", _DOUBLE, 2),
    Interface("steps", _INT64, 0),
]
OUTPUTS = [Interface("quantiles", _DOUBLE, 3)]


def require_graph(folder: Path, weights: Header) -> None:
    """Refuses the graph of a model folder unless it is undamaged and keeps the rules of this module.

    Args:
        folder: The folder.
        weights: The header of its weights.

    Raises:
        UserError: The graph is missing, damaged or too large, or it breaks a rule.
    """
    path = folder / GRAPH
    try:
        content = read_bytes(path, _MOST_BYTES)
    except (OSError, ValueError) as error:
        raise UserError("model", path, f"copy the model again, or run `segue export` on it ({error})") from error
    verify_content(path, content)
    try:
        _check(content, weights)
    except ValueError as error:
        remedy = f"run `segue export` on the folder (Segue did not export this graph: {error})"
        raise UserError("model", path, remedy) from error


def _check(content: bytes, weights: Header) -> None:
    model = read_fields(content, (1, 2, 3, 4, 5, 6, 7, 8, 14))
    for opset in model[8]:
        if text(read_fields(merged([opset]), (1, 2))[1]) not in _STANDARD:
            raise ValueError("it imports custom operators")
    graph = read_fields(merged(model[7]), (1, 2, 5, 10, 11, 12, 13, 16))
    for expected, given in ((INPUTS, graph[11]), (OUTPUTS, graph[12])):
        found = [_interface(merged([value])) for value in given]
        if found != expected:
            names = ", ".join(f"{one.name} of rank {one.rank}" for one in expected)
            raise ValueError(f"its inputs and output must be {names}")
    for tensor in graph[5]:
        _check_tensor(merged([tensor]), weights)
    for node in graph[1]:
        _check_node(merged([node]))


def _interface(value: bytes) -> Interface:
    fields = read_fields(value, (1, 2, 3, 4))
    tensor = read_fields(merged(read_fields(merged(fields[2]), (1, 6))[1]), (1, 2))
    dimensions = read_fields(merged(tensor[2]), (1,))[1]
    name, dtype = text(fields[1]), number(tensor[1])
    if name == OUTPUTS[0].name and (not dimensions or merged(dimensions[-1:]) != b"\x08" + bytes([len(LEVELS)])):
        raise ValueError(f"its output must have {len(LEVELS)} quantiles")
    return Interface(name, dtype, len(dimensions))


def _check_tensor(tensor: bytes, weights: Header | None) -> None:
    """Checks a tensor whose data are in the graph or, if `weights` is given, in the weights file."""
    fields = read_fields(tensor, range(1, 17))
    shape, dtype = tuple(numbers(fields[1])), number(fields[2])
    if fields[13] or number(fields[14]):
        _check_external(text(fields[8]), shape, dtype, fields[13], weights)
    elif dtype in (_INT32, _INT64):
        raw, width = merged(fields[9]), 4 if dtype == _INT32 else 8
        stored = [int.from_bytes(raw[i : i + width], "little", signed=True) for i in range(0, len(raw), width)]
        _check_numbers([*stored, *numbers(fields[5]), *numbers(fields[7])])
    elif dtype not in (_FLOAT, _BOOL, _HALF, _DOUBLE):
        raise ValueError(f"it has a constant of the type {dtype}")


def _check_external(
    name: str, shape: tuple[int, ...], dtype: int, entries: list[int | bytes], weights: Header | None
) -> None:
    """Refuses a weight unless it is exactly one tensor of the weights file."""
    pairs = [read_fields(merged([pair]), (1, 2)) for pair in entries]
    range_of = {text(pair[1]): text(pair[2]) for pair in pairs}
    inner = name.removeprefix("model.")
    entry = None if weights is None else weights.tensors.get(inner) or weights.tensors.get(inner.removesuffix(".half"))
    if len(range_of) != len(pairs) or entry is None:
        raise ValueError(f"{name} is not a weight of {WEIGHTS}")
    expected = {"location": WEIGHTS, "offset": str(entry.begin), "length": str(entry.end - entry.begin)}
    if range_of != expected or shape != entry.shape or dtype != _TYPES.get(entry.dtype):
        raise ValueError(f"{name} lies elsewhere than in {WEIGHTS}, or has another shape")


def _check_node(node: bytes) -> None:
    fields = read_fields(node, range(1, 11))
    for name in (*fields[1], *fields[2], *fields[3]):
        text([name])  # onnxruntime fails later on a name that is not UTF-8
    if text(fields[7]) not in _STANDARD:
        raise ValueError(f"it has a custom operator, {text(fields[7])}.{text(fields[4])}")
    for attribute in fields[5]:
        inside = read_fields(merged([attribute]), (1, 2, 3, 4, 5, 7, 8, 9, 13, 20))  # no graphs
        if inside[5]:
            _check_tensor(merged(inside[5]), None)
        _check_numbers([*numbers(inside[3]), *numbers(inside[8])])


def _check_numbers(values: list[int]) -> None:
    if any(abs(value) > _LARGEST and value not in _ENDS for value in values):
        raise ValueError(f"a whole number in it is above {_LARGEST:,}")
    if len(values) < 8 and not set(values) & set(_ENDS) and math.prod(abs(v) or 1 for v in values) > _MOST_ELEMENTS:
        raise ValueError(f"a shape in it has more than {_MOST_ELEMENTS:,} elements")
