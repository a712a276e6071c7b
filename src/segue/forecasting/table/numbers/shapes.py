"""The shapes of a column of text: cells that differ in digits alone are read alike, and all at once."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64
from numpy.typing import NDArray


def shapes_of(cells: pa.Array) -> tuple[Int64[np.ndarray, " rows"], Int64[np.ndarray, " shapes"]]:
    """The index of each cell's shape, -1 where it is missing, and the first row of each shape.

    A shape is the text with a 9 for every digit, but a 0 for a zero in front of a group of digits.
    """
    offsets, text, digit = _bytes(cells)
    inner = np.append(False, digit[:-1])
    inner[offsets[:-1][offsets[:-1] < len(text)]] = False
    form = np.where(digit & (inner | (text != ord("0"))), np.uint8(ord("9")), text)
    shapes = _texts(offsets, form).dictionary_encode()
    codes = np.where(np.asarray(cells.is_valid()), np.asarray(shapes.indices), -1)
    found, firsts = np.unique(codes, return_index=True)
    numbers = np.full(len(shapes.dictionary) + 1, -1)
    numbers[found[found >= 0]] = np.arange(np.count_nonzero(found >= 0))
    return numbers[codes], firsts[found >= 0]


def sizes_of(cells: pa.Array, decimal: str) -> NDArray[np.float64]:
    """The absolute value of each number, from its digits, its decimal sign and its power of ten alone."""
    offsets, text, digit = _bytes(cells)
    last = np.zeros(len(text), dtype=bool)
    last[offsets[1:][offsets[1:] > offsets[:-1]] - 1] = True  # of a cell
    signed = np.isin(text, np.frombuffer(b"+-", np.uint8)) & _before(digit, last)
    power = np.isin(text, np.frombuffer(b"eE", np.uint8)) & _before(digit | signed, last)
    signs = np.append(False, power[:-1]) & (text == ord("-"))
    kept = digit | (text == ord(decimal)) | power | signs
    plain = np.where(text == ord(decimal), np.uint8(ord(".")), text)[kept]
    ends = np.append(0, np.cumsum(kept))[offsets].astype(np.int32)
    return np.array(pc.cast(_texts(ends, plain), pa.float64()).to_numpy(zero_copy_only=False))


def _before(which: NDArray[np.bool_], last: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Marks the bytes before a byte of `which` in the same cell."""
    return np.append(which[1:], False)[: len(which)] & ~last


def _bytes(cells: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.bool_]]:
    """The bytes of all cells one after another, where each cell begins, and which bytes are digits."""
    cells = pc.fill_null(cells, "")
    _, where, data = cells.buffers()
    offsets = np.frombuffer(where, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    text = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]] if data else np.empty(0, np.uint8)
    return offsets - offsets[0], text, (text >= ord("0")) & (text <= ord("9"))


def _texts(offsets: NDArray[np.int32], text: NDArray[np.uint8]) -> pa.Array:
    buffers = [None, pa.py_buffer(np.ascontiguousarray(offsets)), pa.py_buffer(np.ascontiguousarray(text))]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)
