"""Damage of files, as disks, copies and mistakes cause it; checksums stay as they were."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path, random.Random], None]
"""Changes one file."""


def flip(path: Path, draw: random.Random) -> None:
    """Changes one bit."""
    content = bytearray(path.read_bytes())
    if content:
        bit = draw.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def flip_early(path: Path, draw: random.Random) -> None:
    """Changes one of the first 8,000 bits, where headers are."""
    content = bytearray(path.read_bytes())
    bit = draw.randrange(8 * min(1000, len(content)))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def truncate(path: Path, draw: random.Random) -> None:
    """Cuts off the end."""
    size = path.stat().st_size
    os.truncate(path, draw.choice([0, draw.randrange(size), size - 1]))


def extend(path: Path, draw: random.Random) -> None:
    """Appends bytes."""
    with path.open("ab") as file:
        file.write(draw.randbytes(draw.choice([1, 8, 4096])))


def blank(path: Path, draw: random.Random) -> None:
    """Overwrites a block of the disk by zeros, or by bytes of elsewhere."""
    content = bytearray(path.read_bytes())
    begin, size = draw.randrange(len(content)), draw.choice([16, 512, 4096])
    end = min(len(content), begin + size)
    content[begin:end] = draw.choice([bytes(end - begin), draw.randbytes(end - begin)])
    path.write_bytes(content)


def remove(path: Path, draw: random.Random) -> None:
    """Deletes the file."""
    path.unlink()


def make_sparse(path: Path, draw: random.Random) -> None:
    """Makes it 100 GB long; the disk holds nothing of that."""
    os.truncate(path, 100 * 2**30)


def make_endless(path: Path, draw: random.Random) -> None:
    """Puts a link to an endless device, a pipe, a folder or a link to nothing in its place."""
    path.unlink()
    match draw.randrange(4):
        case 0:
            path.symlink_to("/dev/zero")
        case 1:
            os.mkfifo(path)
        case 2:
            path.mkdir()
        case _:
            path.symlink_to(path.with_name("nothing"))


def exchange(path: Path, other: Path) -> None:
    """Puts the file of another model in its place."""
    shutil.copy(other, path)


ORDINARY: tuple[Damage, ...] = (flip, flip_early, truncate, extend, blank)
RARE: tuple[Damage, ...] = (remove, make_sparse, make_endless)
