"""Files of strangers, read within bounds: no more bytes than a kind of file can have, and no deep nesting.

A reader without bounds can be made to take all memory: by a device without end, a file with holes, or lists in lists.
"""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

_DEEPEST = 32
"""Lists and tables inside each other. The deepest that Segue writes, a tokenizer of two sides, has 6."""


def read_bytes(path: str | Path, most: int) -> bytes:
    """Reads a whole regular file.

    Args:
        path: The file; a link to one will do.
        most: The most bytes that it may have.

    Raises:
        OSError: The file is missing or cannot be read, or it is a folder, a pipe or a device.
        ValueError: The file is larger.
    """
    require_regular(path)
    with open(path, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"more than {most:,} bytes")
    return content


def require_regular(path: str | Path) -> int:
    """Returns the size of a regular file in bytes; it refuses pipes, on which a reader waits, and endless devices.

    Raises:
        OSError: The file is missing, or it is a folder, a pipe or a device.
    """
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(None, "no regular file", str(path))
    return status.st_size


def parse(text: str | bytes, parser: Callable[[Any], Any] | None = None) -> Any:
    """Parses JSON, or what another parser reads; it refuses deep nesting, and a key that occurs twice in one table.

    Raises:
        ValueError: The text is not JSON, is not UTF-8, or is refused.
    """
    try:
        value = _json(text) if parser is None else parser(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [item for inner in level for item in _items(inner)]
        if not level:
            return value
    raise ValueError(f"nested more than {_DEEPEST} deep")


def _json(text: str | bytes) -> Any:
    return json.loads(text.decode("utf-8") if isinstance(text, bytes) else text, object_pairs_hook=_table)


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):  # readers differ in which of the two they take
        raise ValueError("a key occurs twice")
    return table


def _items(value: Any) -> Any:
    """The lists and tables directly inside a value."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (item for item in inside if isinstance(item, dict | list))
