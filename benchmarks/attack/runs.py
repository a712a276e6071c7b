"""Kills of a training run, two processes in one run, and many writers of one output.

A run is killed at its n-th operation on files, for each n in turn, or at random times, some of them again and again.
Then a supervisor starts it again with `resume`, and all files must have the bytes of an unbroken run. A fault is any
other outcome, and any temporary file that is left.
"""

import contextlib
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from benchmarks.attack.tiny import digest, train_tiny
from segue.atomic import atomic_file
from segue.errors import Notice, UserError

_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"}
RANDOM_KILLS, WRITERS, TRAINERS = 60, 50, 8
_REFUSED = 3  # exit status of a process that was refused


def attack(count: int, seed: int) -> tuple[list[dict[str, object]], int]:
    """Makes at least `count` kills at operations, and all other attempts; returns a row a kind, and the faults."""
    rows = []
    memory = Path("/dev/shm")  # a kill is no power cut, so that nothing depends on the disk
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        home = Path(name)
        train_tiny(home / "warm")  # the processes begin as copies of this one, with all modules loaded
        for kind, trial in {
            "kills at file operations": lambda: _at_operations(home, count),
            "random kills with repeats": lambda: _at_random(home, seed),
            "trainings of one run at once": lambda: _at_once(home),
            "writers of one output at once": lambda: _writers(home),
        }.items():
            begin = time.monotonic()
            attempts, faults = trial()
            seconds = round(time.monotonic() - begin, 1)
            rows.append({"attack": kind, "attempts": attempts, "faults": faults, "seconds": seconds})
            print(rows[-1], flush=True)
    return rows, sum(int(str(row["faults"])) for row in rows)


def _at_operations(home: Path, count: int) -> tuple[int, int]:
    """Kills at each operation in turn; a first run without a kill counts them and gives the right bytes."""
    counted = home / "counted"
    _finished(_child(lambda: _train(home / "whole", counted=counted)))
    expected, total = digest(home / "whole"), int(counted.read_text())
    faults = 0
    moments = range(1, total + 1, max(1, total // max(count, 1)))
    for moment in moments:
        run = home / f"operation-{moment}"
        killed = _finished(_child(lambda run=run, moment=moment: _train(run, kill_at=moment)))
        again = _finished(_child(lambda run=run: _train(run)))
        faults += not (killed == -signal.SIGKILL and again == 0 and _is_whole(run, expected))
    return len(moments), faults


def _at_random(home: Path, seed: int) -> tuple[int, int]:
    """Kills each run one to six times, at random times after its start or its restart."""
    chance, expected = random.Random(seed), digest(home / "whole")
    begin = time.monotonic()
    _finished(_child(lambda: _train(home / "timed")))
    duration = time.monotonic() - begin
    kills = faults = number = 0
    while kills < RANDOM_KILLS:
        run, number = home / f"random-{number}", number + 1
        for _ in range(chance.randint(1, 6)):
            process = _child(lambda run=run: _train(run))
            time.sleep(chance.uniform(0, duration))
            os.kill(process, signal.SIGKILL)
            _finished(process)
            kills += 1
        faults += not (_finished(_child(lambda run=run: _train(run))) == 0 and _is_whole(run, expected))
    return kills, faults


def _at_once(home: Path) -> tuple[int, int]:
    """Starts one run several times at once: one trains, and the others are refused or find it finished."""
    run = home / "together"
    statuses = [_finished(process) for process in [_child(lambda: _train(run)) for _ in range(TRAINERS)]]
    right = 0 in statuses and set(statuses) <= {0, _REFUSED} and _is_whole(run, digest(home / "whole"))
    return TRAINERS, 0 if right else 1


def _writers(home: Path) -> tuple[int, int]:
    """Writes one output from many processes; it must be that of one of them whenever it is read."""
    folder = home / "outputs"
    folder.mkdir()
    output = folder / "table.csv"
    contents = {f"{number}\n".encode() * 200_000 for number in range(WRITERS)}

    def write(number: int) -> None:
        with atomic_file(output) as file:
            file.write_bytes(f"{number}\n".encode() * 200_000)

    processes = [_child(lambda number=number: write(number)) for number in range(WRITERS)]
    faults = 0
    for process in processes:
        faults += _finished(process) != 0
        faults += output.exists() and output.read_bytes() not in contents
    return WRITERS, faults + (output.read_bytes() not in contents) + (os.listdir(folder) != ["table.csv"])


def _is_whole(run: Path, expected: str) -> bool:
    left = [path for path in run.rglob(".*") if path.name != ".lock"]
    return not left and digest(run) == expected


def _train(run: Path, kill_at: int = 0, counted: Path | None = None) -> None:
    """Trains; dies at the operation of that number, and leaves the number of all in a file."""
    done = 0

    def operation() -> None:
        nonlocal done
        done += 1
        if done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in _EVENTS and _concerns(run, arguments):
            operation()

    def synced(descriptor: int, sync: Callable[[int], None] = os.fsync) -> None:
        operation()
        sync(descriptor)

    os.fsync = synced
    sys.addaudithook(hook)
    train_tiny(run)
    if counted is not None:
        counted.write_text(str(done))


def _concerns(run: Path, arguments: tuple[object, ...]) -> bool:
    """Whether an operation names a path in the run."""
    return bool(arguments) and str(arguments[0]).startswith(str(run))


def _child(work: Callable[[], None]) -> int:
    """Starts the work in a process of its own, and returns the number of that."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        warnings.simplefilter("ignore", Notice)
        work()
        status = 0
    except UserError:
        status = _REFUSED
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


def _finished(process: int) -> int:
    """Waits for a process and returns its status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
