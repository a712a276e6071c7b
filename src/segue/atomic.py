"""Files that are either the old one or the whole new one, never a part."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from segue.errors import UserError

_UMASK = os.umask(0o077)  # there is no way to read it but to set it: once, before there are threads
os.umask(_UMASK)


@contextmanager
def atomic_file(path: str | Path, argument: str = "path") -> Iterator[Path]:
    """Yields a temporary path beside `path`; on a clean exit it is synced to disk and renamed to `path`.

    If the body raises, or the process dies, `path` keeps what it held before; an exception also removes the
    temporary file. The suffix is kept, for libraries that choose a format by it.

    Args:
        path: Where the finished file shall be. Its folder must exist.
        argument: What the user knows the path by.

    Raises:
        UserError: The folder does not exist or cannot be written.
        OSError: The disk is full, or whatever else keeps the body from writing.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=path.suffix)
    except OSError as error:
        raise UserError(argument, path, f"name a folder that exists and can be written ({error.strerror})") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        sync(temporary)
        os.chmod(temporary, 0o666 & ~_UMASK)  # mkstemp makes private files; the user's own umask decides
        os.replace(temporary, path)
        sync(path.parent)
    except SafetensorError as error:  # its kind of OSError
        raise OSError(None, str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
