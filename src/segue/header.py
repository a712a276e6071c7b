"""The header of a safetensors file: names, types and shapes of its tensors, read and checked before any of them.

The format is a length of eight bytes, that many bytes of JSON, and the values. Here a file is refused unless the
tensors fill the rest of it without gaps or overlaps. So what a reader allocates is never more than the file has.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.bounded import parse, require_regular

_METADATA = "__metadata__"
MOST_BYTES = 2**24
"""The longest header in bytes. A state names its lanes there: 600,000 of 20 letters, whose values take 12 GB."""
_MOST_TABLES = 20_000  # one for each tensor; a hundred layers have 1,200. A table takes 50 times its text in memory
_WIDTHS = {"BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2}
_WIDTHS |= {"U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8}


@dataclass(frozen=True)
class Entry:
    """What a header says of one tensor."""

    dtype: str
    """Its type in the words of the format, for example `F16`."""
    shape: tuple[int, ...]
    """Its shape."""
    begin: int
    """The position in the file of its first byte."""
    end: int
    """The position after its last byte."""


@dataclass(frozen=True)
class Header:
    """The header of a file."""

    tensors: dict[str, Entry]
    """The tensors, in the order of their bytes."""
    metadata: dict[str, str]
    """Texts by key."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor."""
        return {name: entry.shape for name, entry in self.tensors.items()}


def read_header(path: Path) -> Header:
    """Reads and checks the header of a file; none of its values are read.

    Raises:
        OSError: The file is missing or cannot be read.
        ValueError: It is no whole safetensors file.
    """
    size = require_regular(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MOST_BYTES, size - 8):
            raise ValueError(f"a header of {length} bytes in a file of {size}")
        text = file.read(length)
    if text.count(b"{") > _MOST_TABLES:
        raise ValueError(f"more than {_MOST_TABLES:,} tensors")
    content = parse(text)
    if not isinstance(content, dict):
        raise ValueError("a header without names")
    metadata = content.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("metadata that are not text")
    entries = {name: _entry(name, told, 8 + length) for name, told in content.items()}
    tensors = dict(sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)))
    position = 8 + length
    for name, entry in tensors.items():
        if entry.begin != position:
            raise ValueError(f"{name} begins at byte {entry.begin}, not at {position}")
        position = entry.end
    if position != size:
        raise ValueError(f"{size} bytes instead of {position}")
    return Header(tensors, metadata)


def _entry(name: str, told: Any, base: int) -> Entry:
    """The entry of one tensor, whose shape and type must give as many bytes as its range has."""
    if not isinstance(told, dict) or told.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name} without type, shape and range")
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not (_are_counts(shape) and _are_counts(offsets) and len(offsets) == 2 and len(shape) <= 32):
        raise ValueError(f"{name} has an invalid shape or range")
    width = _WIDTHS.get(dtype) if isinstance(dtype, str) else None
    if width is None or math.prod(shape) * width != offsets[1] - offsets[0]:
        raise ValueError(f"{name} has an unknown type, or a range that does not fit its shape")
    return Entry(dtype, tuple(shape), base + offsets[0], base + offsets[1])


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)
