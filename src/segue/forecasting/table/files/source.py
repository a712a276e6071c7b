"""The bytes of a file or of standard input, unpacked if they are compressed."""

import gzip
import io
import re
import zlib
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from segue.whole import read_standard_input, read_whole

STANDARD_INPUT = "-"

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BLOCK = 1 << 22  # bytes unpacked at a time
_FREE, _MOST_FOLD = 1 << 28, 200
"""A table grows 3- to 40-fold. A file that grows more than 200-fold, beyond 256 MB, is made to fill the memory."""

_OTHER_FORMATS = (
    (b"PK\x03\x04", "a workbook or a zip archive; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a workbook of old Excel; save the sheet as CSV"),
    (b"BZh", "compressed with bzip2; unpack it"),
    (b"\xfd7zXZ", "compressed with xz; unpack it"),
    (b"ARROW1", "a Feather file; save the table as Parquet"),
    (b"SQLite format 3", "a database; export the table as CSV"),
    (b"\x89HDF", "an HDF5 file; save the table as Parquet"),
)


def read_source(path: Path) -> bytes:
    """Reads all bytes of a file, or of standard input for the path `-`; gzip and zstd are unpacked.

    The first bytes show what a file is, since standard input has no name and names are often wrong.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is of another format than CSV or Parquet, or its compressed data is damaged, cut short or
            made to fill the memory.
    """
    raw = read_standard_input() if str(path) == STANDARD_INPUT else read_whole(path)
    if raw.startswith(_GZIP):
        raw = _unpacked(gzip.GzipFile(fileobj=io.BytesIO(raw)), len(raw), "gzip")
    elif raw.startswith(_ZSTD):
        raw = _unpacked(pa.CompressedInputStream(pa.BufferReader(raw), "zstd"), len(raw), "zstd")
    for mark, reason in _OTHER_FORMATS:
        if raw.startswith(mark):
            raise ValueError(f"it is {reason}")
    head = raw[:1000].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise ValueError("it is a page of HTML or XML; save the table as CSV")
    if re.match(rb'\{\s*"|\[\s*[{\[]', head):
        raise ValueError("it is JSON; save the table as CSV")
    return raw


def _unpacked(stream: IO[bytes] | Any, packed: int, kind: str) -> bytes:
    blocks, size = [], 0
    try:
        while block := stream.read(_BLOCK):
            blocks.append(block)
            size += len(block)
            if size > max(_FREE, _MOST_FOLD * packed):
                raise ValueError(f"it unpacks to more than {_MOST_FOLD} times its size")
    except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
        raise ValueError(f"its {kind} data is damaged or cut short") from error
    return b"".join(blocks)
