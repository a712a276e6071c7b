"""Safetensors files with forged headers: other types, shapes, ranges and names over the same bytes."""

import json
import random
from pathlib import Path
from typing import Any

_SIZES = (0, 1, 7, 2**31, 10**9, 2**62, 2**63, 10**30, -1, 0.5, None, "4", [2], True)
_TYPES = ("F64", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "F4", "", None, 3)


def forge_header(path: Path, draw: random.Random) -> None:
    """Changes one thing of a header, or the length before it, or writes hostile JSON in its place."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    values = content[8 + length :]
    header = json.loads(content[8 : 8 + length])
    if draw.random() < 0.15:
        told = draw.choice([0, 1, length - 1, length + 1, len(content), 10**8, 10**9, 2**63, 2**64 - 1])
        path.write_bytes(told.to_bytes(8, "little") + content[8:])
        return
    if draw.random() < 0.15:
        text = draw.choice(_HOSTILE)()
    else:
        _change(header, draw)
        text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + values)


def _change(header: dict[str, Any], draw: random.Random) -> None:
    names = sorted(name for name in header if name != "__metadata__")
    name, other = draw.choice(names), draw.choice(names)
    entry = header[name]
    match draw.randrange(8):
        case 0:
            entry["dtype"] = draw.choice(_TYPES)
        case 1:
            entry["shape"] = draw.choice([[draw.choice(_SIZES)], [0, 10**12], [1] * 100, None, "4,4", {}])
        case 2:
            entry["shape"] = [*entry["shape"], draw.choice(_SIZES)]
        case 3:
            entry["data_offsets"] = draw.choice([[draw.choice(_SIZES)] * 2, [0], [0, 1, 2], None, [1, 0]])
        case 4:
            entry["data_offsets"] = header[other]["data_offsets"]
        case 5:
            header[draw.choice(["", "x", name.upper(), "__class__", "a" * 10_000, "layer0\x00"])] = header.pop(name)
        case 6:
            del header[name]
        case _:
            header["__metadata__"] = draw.choice([None, [], {"a": 1}, {"segue": "{}"}, {"segue": "[" * 5000}])


_HOSTILE = (
    lambda: b"[" * 100_000,
    lambda: b"{}",
    lambda: b"null",
    lambda: b'{"a":{},' + b",".join(b'"%d":{}' % i for i in range(300_000)) + b"}",
    lambda: b'{"a":{"dtype":"F32","shape":[' + b"1," * 3_000_000 + b'1],"data_offsets":[0,4]}}',
    lambda: b'{"__metadata__":{"segue":"' + b"x" * 17_000_000 + b'"}}',
    lambda: b"\xff\xfe{}",
)
