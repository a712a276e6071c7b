"""A watched stream: its writer, the command in a process of its own, and all that a run leaves."""

import contextlib
import hashlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

METERS, MINUTES = 20, 600
HEADER = b"meter,ds,load\n"


def rows(seed: int) -> bytes:
    """Ten hours of 20 meters, a row a minute and meter, with spikes and new levels, so that alerts open and end."""
    random = np.random.default_rng(seed)
    minutes = np.arange(MINUTES)
    cycle = 50 + 20 * np.sin(minutes[:, None] * 2 * np.pi / 60 + np.arange(METERS))
    values = cycle + random.normal(0, 1.5, (MINUTES, METERS))
    values[random.random(values.shape) < 0.004] += 60
    values[400:, ::5] += 40
    times = np.datetime64("2025-03-03T00:00") + minutes
    lines = [
        f"m{meter},{str(times[minute]).replace('T', ' ')}:00,{values[minute, meter]:.2f}\n"
        for minute in range(MINUTES)
        for meter in range(METERS)
    ]
    return "".join(lines).encode()


@dataclass
class Writer:
    """Writes the rows into a file, in pieces that end anywhere in a line.

    Attributes:
        path: The file.
        rows: All rows.
        done: The bytes that were written.
        rotations: How often the file was renamed.
    """

    path: Path
    rows: bytes
    done: int = 0
    rotations: int = field(default=0)

    def append(self, size: int) -> None:
        """Appends the next bytes; a new file begins with the header."""
        with self.path.open("ab") as file:
            if not file.tell():
                file.write(HEADER)
            file.write(self.rows[self.done : self.done + size])
        self.done = min(len(self.rows), self.done + size)

    def rotate(self) -> None:
        """Ends the line, renames the file, and begins a new one."""
        self.append(self.rows.find(b"\n", self.done) + 1 - self.done)
        self.rotations += 1
        self.path.rename(self.path.with_name(f"{self.path.name}.{self.rotations}"))
        self.append(0)


def begin(folder: Path, model: str, follow: bool = False, largest: int = 0) -> int:
    """Starts `segue watch` in a fork of this process; what it prints as errors goes to the file `errors`.

    Args:
        folder: Where all files are.
        model: The model.
        follow: Whether it waits for more lines.
        largest: The most bytes of a file, if any.

    Returns:
        The number of the process.
    """
    process = os.fork()
    if process:
        return process
    try:
        if largest:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        errors = os.open(errors_of(folder), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(errors, 2)
        sys.stderr = open(errors, "w", buffering=1, closefd=False)  # noqa: SIM115
        from segue.cli import app

        files = {"--state": "live.db", "--scores": "out.csv", "--alerts": "alerts.jsonl"}
        paths = [text for flag, name in files.items() for text in (flag, str(folder / name))]
        more = ["--model", model, "--id", "meter", "--threads", "1", "--budget", "5", "--shift", "24", "--quiet"]
        app(["watch", str(folder / "in.csv"), *paths, *more, *(["--follow"] if follow else [])], prog_name="segue")
    except SystemExit as end:
        os._exit(int(end.code or 0))
    finally:
        os._exit(70)  # an exception that is no exit


def errors_of(folder: Path) -> Path:
    """The file of errors lies beside the folder, whose disk may be full."""
    return (folder.parent.parent if folder.parent.name == "disk" else folder.parent) / "errors"


def finished(process: int) -> int:
    """Waits for a process and returns its status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed(process: int, seconds: float) -> bool:
    """Kills a process after some time; returns whether it had not ended by then."""
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    return finished(process) == -signal.SIGKILL


def refusal(folder: Path) -> str | None:
    """What the last command said if it is one line, else None."""
    text = (errors_of(folder)).read_text()
    return text.strip() if text.count("\n") == 1 and text.startswith("segue: ") else None


def left(folder: Path) -> dict[str, str]:
    """Hashes of all that a run leaves: files, tables, and the values that the store holds of each meter.

    Cells are compared by meter and step, since their rows depend on the batches.
    """
    with contextlib.closing(sqlite3.connect(folder / "live.db")) as store:
        lanes = store.execute("SELECT lane, name, last, seen, small FROM lanes ORDER BY lane").fetchall()
        alerts = store.execute("SELECT * FROM alerts ORDER BY id").fetchall()
        waiting = store.execute("SELECT count(*) FROM outbox").fetchall()
        blobs = store.execute("SELECT cells FROM history").fetchall()
    from segue.live.packing import CELL

    cells = np.sort(np.frombuffer(b"".join(blob for (blob,) in blobs), CELL), order=["lane", "step", "turn"])
    newest = np.append(cells[["lane", "step"]][1:] != cells[["lane", "step"]][:-1], True)
    last = {lane: step for lane, _, step, _, _ in lanes}
    near = np.array([last[lane] - step < 64 for lane, step in zip(cells["lane"], cells["step"], strict=True)])
    values = cells[newest & near][["lane", "step", "raw", "read"]].tolist()
    parts = {
        "scores": (folder / "out.csv").read_bytes(),
        "alerts": (folder / "alerts.jsonl").read_bytes(),
        "lanes": repr(lanes).encode(),
        "table of alerts": repr((alerts, waiting)).encode(),
        "values": repr(values).encode(),
    }
    return {name: hashlib.sha256(content).hexdigest()[:12] for name, content in parts.items()}


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Mounts a small file system of memory at a folder; yields False where the system does not permit it."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    permitted = shutil.which("mount") is not None and not subprocess.run(command, capture_output=True).returncode
    try:
        yield permitted
    finally:
        if permitted:
            subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: Path, spare: int) -> Iterator[None]:
    """Fills the disk of a folder but for some bytes."""
    filler = folder / "filler"
    system = os.statvfs(folder)
    free = system.f_bavail * system.f_frsize
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - spare))
    try:
        yield
    finally:
        filler.unlink()
