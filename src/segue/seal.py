"""The seal of a safetensors file: a checksum of all its bytes, inside of it.

The file has one text of metadata, under the key `segue`: 64 hexadecimal digits, and JSON after them. The digits are the
SHA-256 hash of the whole file with zeros in their place. So a single changed bit anywhere is found, and a seal cannot
get lost as a file of checksums can. It reports damage; it does not prove who made the file.
"""

import hashlib
import re
from pathlib import Path

KEY = "segue"
"""The key of the metadata. There is one only, because safetensors writes several in any order."""

_PLACE = re.compile(rb'"segue":"([0-9a-f]{64})\{')
_BLANK = "0" * 64
_CHUNK = 2**20


def unsealed(text: str) -> str:
    """The metadata of a file that is going to be sealed, from its JSON."""
    return _BLANK + text


def facts_of(metadata: str) -> str:
    """The JSON in the metadata of a file, sealed or from before there were seals."""
    return metadata if metadata.startswith("{") else metadata[len(_BLANK) :]


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

    No single damaged bit makes a sealed file look like one without a seal: that has `{` in place of the first digit.

    Raises:
        OSError: The file is missing or cannot be read.
    """
    header = _header(path)
    place = _PLACE.search(header)
    if place is None:
        return b'"segue":"{' in header
    return _digest(path, header, place) == place[1]


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
