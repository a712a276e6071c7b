"""The seal of a safetensors file: a checksum of all its bytes, inside of it.

The file has one text of metadata, JSON under the key `segue`, which begins with the number of the format and 64
hexadecimal digits. The digits are the SHA-256 hash of the whole file with zeros in their place. So a single changed bit
anywhere is found, and a seal cannot get lost as a file of checksums can. It reports damage; it does not prove who made
the file.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY = "segue"
"""The key of the metadata. There is one only, because safetensors writes several in any order."""

_FORMAT, _SUM = "format", "sha256"
_BEGIN = b'"segue":"{'
_PLACE = re.compile(rb'"segue":"\{\\"format\\": 2, \\"sha256\\": \\"([0-9a-f]{64})\\"')
_MARKED = 40  # bytes after the beginning, in which the marks of a seal stand
_BLANK = "0" * 64
_CHUNK = 2**20


def unsealed(facts: Mapping[str, Any]) -> str:
    """The metadata of a file that is going to be sealed."""
    marks, others = (json.dumps(table, sort_keys=True) for table in ({_FORMAT: 2, _SUM: _BLANK}, dict(facts)))
    return f"{marks[:-1]}, {others[1:]}" if facts else marks


def without_seal(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The facts in the metadata of a file."""
    return {name: value for name, value in metadata.items() if name not in (_FORMAT, _SUM)}


def seal(path: Path) -> None:
    """Writes the checksum into a file that was saved with `unsealed` metadata."""
    header = _header(path)
    place = _PLACE.search(header)
    assert place is not None
    digest = _digest(path, header, place)
    with path.open("r+b") as file:
        file.seek(place.start(1))
        file.write(digest)


def is_whole(path: Path) -> bool:
    """Whether the bytes of a file are those that were sealed; True for a file from before there were seals.

    A seal has two marks, its keys. One damaged place cannot remove both, and so make it look like a file without one.

    Raises:
        OSError: The file is missing or cannot be read.
    """
    header = _header(path)
    place = _PLACE.search(header)
    if place is not None:
        return _digest(path, header, place) == place[1]
    begin = header.find(_BEGIN)
    first = header[begin : begin + len(_BEGIN) + _MARKED]
    return begin >= 0 and not any(f'"{mark}'.encode() in first for mark in (_FORMAT, _SUM))


def _header(path: Path) -> bytes:
    """The length and the JSON at the beginning of a file."""
    with path.open("rb") as file:
        length = file.read(8)
        return length + file.read(int.from_bytes(length, "little"))


def _digest(path: Path, header: bytes, place: re.Match[bytes]) -> bytes:
    """The hash of the whole file with zeros in place of the digits."""
    digest = hashlib.sha256(header[: place.start(1)] + _BLANK.encode() + header[place.end(1) :])
    with path.open("rb") as file:
        file.seek(len(header))
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest().encode()
