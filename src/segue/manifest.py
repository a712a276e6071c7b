"""The manifest of a folder: `SHA256SUMS`, one checksum for each file, as `sha256sum --check` reads it.

Model folders and checkpoints have one. It reports damage: a bit that a disk or a copy changed, a file of another model.
It does not prove who made the files, since whoever forges a file can also write its checksum.
"""

import hashlib
import re
from pathlib import Path

from segue.atomic import write_file
from segue.bounded import read_bytes, require_regular
from segue.errors import UserError

SUMS = "SHA256SUMS"
AGAIN = "copy or save the model again"
"""What to do about a damaged model."""

_MOST_BYTES = 4096  # a model folder of six files takes 500
_LINE = re.compile(r"([0-9a-f]{64}) [ *]([\w.-]+)")


def write_manifest(folder: Path) -> None:
    """Writes the checksums of all files that are in the folder."""
    paths = sorted(path for path in folder.iterdir() if path.name != SUMS)
    write_file(folder / SUMS, "".join(f"{sum_of(path)}  {path.name}\n" for path in paths))


def verify(folder: str | Path, *names: str, argument: str = "model", remedy: str = AGAIN) -> set[str]:
    """Refuses files that differ from their checksums, or have none.

    Args:
        folder: The folder.
        names: The files that the caller is going to read; none for all that have a checksum.
        argument: The name of the argument in errors.
        remedy: What the user can do about a damaged file.

    Returns:
        The names of all files that have a checksum.

    Raises:
        UserError: The folder has no readable manifest, or a file is missing, is not in it or differs; the message names
            the file.
    """
    folder = Path(folder)
    expected = _read(folder, argument, remedy)
    for name in names or expected:
        try:
            found = sum_of(folder / name)
        except OSError as error:
            raise UserError(argument, folder / name, f"{remedy} (it can't be read: {error.strerror})") from error
        _compare(folder / name, found, expected, argument, remedy)
    return set(expected)


def verify_content(path: Path, content: bytes, argument: str = "model", remedy: str = AGAIN) -> None:
    """Refuses the content of a file that was read already, as `verify` does."""
    _compare(path, hashlib.sha256(content).hexdigest(), _read(path.parent, argument, remedy), argument, remedy)


def sum_of(path: Path) -> str:
    """The SHA-256 hash of a file, in hexadecimal.

    Raises:
        OSError: The file is missing or cannot be read, or it is a folder, a pipe or a device.
    """
    require_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _compare(path: Path, found: str, expected: dict[str, str], argument: str, remedy: str) -> None:
    if path.name not in expected:
        raise UserError(argument, path, f"{remedy} ({SUMS} has no checksum of it)")
    if found != expected[path.name]:
        raise UserError(argument, path, f"{remedy} (its checksum in {SUMS} differs)")


def _read(folder: Path, argument: str, remedy: str) -> dict[str, str]:
    """The checksums by name."""
    path = folder / SUMS
    try:
        *lines, rest = read_bytes(path, _MOST_BYTES).decode("ascii").replace("\r\n", "\n").split("\n")
    except FileNotFoundError as error:
        by_hand = f"(it is missing); if you trust this folder, write it by `sha256sum *.* > {SUMS}` in there"
        raise UserError(argument, path, f"{remedy} {by_hand}") from error
    except (OSError, ValueError) as error:
        raise UserError(argument, path, f"{remedy} (this file can't be read)") from error
    found = [_LINE.fullmatch(line) for line in lines]
    sums = {match[2]: match[1] for match in found if match is not None}
    if rest or len(sums) != len(lines):  # a line that is no checksum, or two of one file
        raise UserError(argument, path, f"{remedy} (this file can't be read)")
    return sums
