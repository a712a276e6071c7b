"""Files and folders that are either the old one or the whole new one, never a part."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from segue.errors import UserError

_UMASK = os.umask(0o077)  # setting the mask is the only way to read it: once, before there are threads
os.umask(_UMASK)


@contextmanager
def atomic_file(path: str | Path, argument: str = "path") -> Iterator[Path]:
    """Yields a temporary path beside `path`; on a clean exit it is synced to disk and renamed to `path`.

    If the body raises, or the process dies, `path` keeps what it held before; an exception also removes the
    temporary file. The temporary file has the suffix of `path`, for libraries that choose a format by it.

    Args:
        path: The finished file; its folder must exist.
        argument: The name by which the user knows the path.

    Raises:
        UserError: The folder does not exist or cannot be written.
        OSError: The disk is full, or another fault of the system stops the body.
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
    except SafetensorError as error:  # safetensors raises this where others raise an OSError
        raise OSError(None, str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yields a new temporary folder beside `path`; on a clean exit it is renamed to `path`.

    The body writes its files with `atomic_file`, which syncs them. A folder that is already at `path` is first moved
    aside, because no system renames one folder over another. A crash between the two renames leaves the whole old one
    under a name that starts with a dot.

    Raises:
        UserError: The parent folder does not exist or cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    aside = temporary.with_name(f"{temporary.name}-old")
    try:
        temporary.mkdir()
    except OSError as error:
        remedy = f"name a folder whose parent exists and can be written ({error.strerror})"
        raise UserError("path", path, remedy) from error
    try:
        yield temporary
        if path.exists():
            path.rename(aside)
        temporary.rename(path)
        sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(aside, ignore_errors=True)


def write_file(path: Path, content: str | bytes) -> None:
    """Writes one file, atomically; a text is encoded in UTF-8."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def sync(path: Path) -> None:
    """Waits until the content of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
