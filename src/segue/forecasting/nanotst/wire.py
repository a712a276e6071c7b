"""The fields of a protobuf message, the format of ONNX files, read without the package `onnx`.

A message is a sequence of fields, each a number and a value (https://protobuf.dev/programming-guides/encoding). Readers
merge a field that occurs twice. For a message inside a message, merging equals joining the bytes of both.
"""

from collections.abc import Collection

_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5

Fields = dict[int, list[int | bytes]]
"""The values of each field: whole numbers, and bytes of texts, messages, packed and fixed numbers."""


def read_fields(message: bytes, known: Collection[int]) -> Fields:
    """Splits a message into its fields.

    Args:
        message: The bytes.
        known: The numbers of fields that it may have.

    Raises:
        ValueError: The bytes are no message, or have another field.
    """
    fields: Fields = {field: [] for field in known}
    position, size = 0, len(message)
    while position < size:
        key, position = _varint(message, position)
        field, kind = key >> 3, key & 7
        if field not in fields:
            raise ValueError(f"it has a field {field}")
        if kind == _VARINT:
            value, position = _varint(message, position)
            fields[field].append(value)
            continue
        if kind == _LENGTH_DELIMITED:
            length, position = _varint(message, position)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"field {field} has an unknown wire type")
        if length > size - position:
            raise ValueError(f"field {field} is cut off")
        fields[field].append(message[position : position + length])
        position += length
    return fields


def merged(values: list[int | bytes]) -> bytes:
    """Joins the bytes of a message inside a message; empty if there is none."""
    if not all(isinstance(value, bytes) for value in values):
        raise ValueError("a number instead of a message")
    return b"".join(value for value in values if isinstance(value, bytes))


def text(values: list[int | bytes]) -> str:
    """Returns the last text of a field; empty if there is none."""
    return merged(values[-1:]).decode("utf-8")


def number(values: list[int | bytes]) -> int:
    """Returns the last whole number of a field; 0 if there is none."""
    value = values[-1] if values else 0
    if not isinstance(value, int):
        raise ValueError("a text instead of a number")
    return value


def numbers(values: list[int | bytes]) -> list[int]:
    """Returns the signed whole numbers of 64 bits of a field, packed or not."""
    found: list[int] = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        position = 0
        while position < len(value):
            one, position = _varint(value, position)
            found.append(one)
    return [value - 2**64 if value >= 2**63 else value for value in found]


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Reads a number of at most 64 bits, seven in each byte, and returns it with the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise ValueError("a number is cut off")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), position
    raise ValueError("a number is too long")
