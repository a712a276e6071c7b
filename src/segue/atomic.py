"""Files and folders that are either the old one or the whole new one, never a part."""

import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError

from segue.errors import UserError

_UMASK = os.umask(0o077)  # setting the mask is the only way to read it: once, before there are threads
os.umask(_UMASK)
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


@contextmanager
def atomic_file(path: str | Path, argument: str = "path") -> Iterator[Path]:
    """Yields a temporary path beside `path`; on a clean exit it is synced to disk and renamed to `path`.

    If the body raises, or the process dies, `path` keeps what it held before; an exception also removes the
    temporary file. The temporary file has the suffix of `path`, for libraries that choose a format by it. A file that
    is replaced keeps its permissions. Of a symbolic link the file it points to is replaced, and a pipe or a terminal
    (`/dev/stdout`) gets the bytes at a clean exit.

    Args:
        path: The finished file; its folder must exist.
        argument: The name by which the user knows the path.

    Raises:
        UserError: The folder does not exist or cannot be written, or the file is read-only.
        OSError: The disk is full, or another fault of the system stops the body.
    """
    if is_stream(path):
        with _copied_into(Path(path)) as temporary:
            yield temporary
        return
    path = Path(os.path.realpath(path))
    require_replaceable(path, argument)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=path.suffix)
    except OSError as error:
        raise UserError(argument, path, f"name a folder that exists and can be written ({error.strerror})") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        sync(temporary)
        _take_permissions(temporary, path)
        os.replace(temporary, path)
        sync(path.parent)
    except SafetensorError as error:  # safetensors raises this where others raise an OSError
        raise OSError(None, str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def is_stream(path: str | Path) -> bool:
    """Whether a path names a pipe, a socket, a device, or a stream of this process such as `/dev/stdout`."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:  # it does not exist yet, or its name cannot exist
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def require_replaceable(path: Path, argument: str) -> None:
    """Refuses a read-only file: a rename would replace it all the same, and the owner has asked to keep it.

    Raises:
        UserError: The file has no permission to be written.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    # the administrator may write anything, so the permission bits are asked, too
    if stat.S_ISREG(mode) and not (mode & 0o222 and os.access(path, os.W_OK)):
        raise UserError(argument, path, "is read-only; allow writing to it or name another file")


@contextmanager
def _copied_into(stream: Path) -> Iterator[Path]:
    """Yields a temporary file, whose bytes are written into the stream on a clean exit."""
    with tempfile.TemporaryDirectory(prefix="segue-") as folder:
        temporary = Path(folder) / f"output{stream.suffix}"
        yield temporary
        number = _descriptor(stream)
        target = stream.open("wb") if number is None else os.fdopen(os.dup(number), "wb")
        for python in (sys.stdout, sys.stderr):  # what was printed before stays before
            python.flush()
        with target, temporary.open("rb") as source:
            shutil.copyfileobj(source, target)


def _descriptor(path: str | Path) -> int | None:
    """The number of an open stream of this process that a path names. Opened by its name, a file would be cut off."""
    name = os.fspath(path)
    if name in _STREAMS:
        return _STREAMS[name]
    number = name.removeprefix("/dev/fd/").removeprefix("/proc/self/fd/")
    return int(number) if number != name and number.isdecimal() else None


def _take_permissions(temporary: Path, path: Path) -> None:
    """Gives a file the permissions and the owner of the one that it replaces; a new one has those of the umask."""
    try:
        before = path.stat()
    except OSError:
        os.chmod(temporary, 0o666 & ~_UMASK)  # mkstemp makes private files; the user's own umask decides
        return
    now = temporary.stat()
    if hasattr(os, "chown") and (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
        with suppress(OSError):  # only the administrator may give files away
            os.chown(temporary, before.st_uid, before.st_gid)
    os.chmod(temporary, stat.S_IMODE(before.st_mode))


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yields a new temporary folder beside `path`; on a clean exit it is renamed to `path`.

    The body writes its files with `atomic_file`, which syncs them. A folder that is already at `path` is first moved
    aside, because no system renames one folder over another. A crash between the two renames leaves the whole old one
    under a name that starts with a dot.

    Raises:
        UserError: The parent folder does not exist or cannot be written.
    """
    path = Path(os.path.realpath(path))
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


def recover_folder(path: Path) -> None:
    """Brings back a folder whose replacement was killed between its two renames; does nothing anywhere else."""
    for aside in path.parent.glob(f".{path.name}-????????-old"):
        if path.exists():
            return
        whole = aside.with_name(aside.name.removesuffix("-old"))  # written to its end before the old one moved aside
        (whole if whole.is_dir() else aside).rename(path)


def remove_temporary(parent: Path, stem: str) -> None:
    """Removes what a killed `atomic_file` or `atomic_folder` has left of a file or folder called `stem`.

    Nothing else may be writing there.
    """
    for left in parent.glob(f".{stem}-????????*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


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
