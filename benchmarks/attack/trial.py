"""One attempt in a process of its own: what came of it, in how many seconds and megabytes.

The process is a fork of this one, so that what it needs is imported already. It may die, hang or fill the memory; none
of these stops the others.
"""

import os
import resource
import select
import shutil
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import peak_megabytes, reset_peak

SECONDS, MEGABYTES = 2.0, 500.0
"""What an attempt may take: seconds of the processor, and the peak of the whole process, torch included."""
_RIGHT = ("refused", "exact", "another")
_HANGS = 30.0  # seconds of the clock, after which an attempt is killed; the machine may be busy with others
_SPARE = 4 * 2**30  # bytes beyond those of the parent: an attempt must not take the machine down

Read = Callable[[Path], str]
"""Reads a copy of what was tampered with, and returns a hash of the result."""


@dataclass(frozen=True)
class Attempt:
    """One thing to try.

    Attributes:
        kind: What is tampered with, and how; attempts of a kind are counted together.
        source: A whole folder or file, which is copied first.
        tamper: Changes the copy.
        read: Reads the copy.
        forged: Whether the checksums are made anew after tampering, as a stranger can do. Then what is read may be
            another model, which is whole.
    """

    kind: str
    source: Path
    tamper: Callable[[Path], None]
    read: Read
    forged: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt.

    Attributes:
        result: `refused`, `exact` and `another` (a forged model) are right; `wrong`, `exception`, `lines`, `slow`,
            `large`, `hung` and `died` are faults.
        detail: The message.
        seconds: Seconds of the processor.
        megabytes: The peak of the process.
    """

    result: str
    detail: str
    seconds: float
    megabytes: float

    @property
    def fault(self) -> bool:
        """Whether this must not happen."""
        return self.result not in _RIGHT


def expected_of(source: Path, read: Read) -> str:
    """The result of what nobody tampered with.

    Raises:
        RuntimeError: It cannot be read.
    """
    outcome = run(Attempt("whole", source, lambda _: None, read), "")
    if outcome.result != "wrong":
        raise RuntimeError(f"{source}: {outcome.result} {outcome.detail}")
    return outcome.detail


def run(attempt: Attempt, expected: str) -> Outcome:
    """Makes one attempt in a fork of this process."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / attempt.source.name
        if attempt.source.is_dir():
            shutil.copytree(attempt.source, copy)
        else:
            shutil.copy(attempt.source, copy)
        attempt.tamper(copy)
        receiver, sender = os.pipe()
        child = os.fork()
        if not child:
            os.close(receiver)
            _child(attempt, copy, expected, sender)
        os.close(sender)
        return _outcome(child, receiver)


def _child(attempt: Attempt, copy: Path, expected: str, sender: int) -> None:
    """Reads, reports and ends; it never returns."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # panics of libraries print
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + _SPARE, used + _SPARE))
        reset_peak()
        held, began = peak_megabytes(), time.process_time()
        result, detail = _result(attempt, copy, expected)
        seconds, megabytes = time.process_time() - began, peak_megabytes()
        if result in _RIGHT and megabytes > max(MEGABYTES, held + MEGABYTES / 2):  # a test's process may be larger
            result = "large"
        os.write(sender, f"{result}\0{seconds}\0{megabytes}\0{detail[:900]}".encode(errors="replace"))
    finally:
        os._exit(0)


def _result(attempt: Attempt, copy: Path, expected: str) -> tuple[str, str]:
    from segue.errors import UserError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = attempt.read(copy)
    except UserError as error:
        message = str(error)
        return ("lines" if "\n" in message or not message.isprintable() else "refused"), message
    except BaseException as error:  # panics of Rust are no Exception
        where = " > ".join(
            f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[-3:]
        )
        return "exception", f"{type(error).__name__}: {str(error)[:200]} in {where}"
    if found == expected:
        return "exact", ""
    return ("another" if attempt.forged else "wrong"), found


def _outcome(child: int, receiver: int) -> Outcome:
    ready, _, _ = select.select([receiver], [], [], _HANGS)
    if not ready:
        os.kill(child, signal.SIGKILL)
    told = os.read(receiver, 4096).decode()
    os.close(receiver)
    _, status = os.waitpid(child, 0)
    if not told:
        return Outcome("died" if ready else "hung", f"status {status}", 0.0, 0.0)
    result, seconds, megabytes, detail = told.split("\0", 3)
    outcome = Outcome(result, detail, float(seconds), float(megabytes))
    if not outcome.fault and outcome.seconds > SECONDS:
        return Outcome("slow", detail, outcome.seconds, outcome.megabytes)
    return outcome


def run_all(attempts: Iterable[Attempt], home: Path) -> tuple[list[dict[str, object]], int]:
    """Makes all attempts, and counts what came of those of each kind.

    Args:
        attempts: What to try.
        home: The folder of the sources, which is left out of messages.

    Returns:
        A row for each kind, and the number of faults.
    """
    expected: dict[tuple[Path, Read], str] = {}
    outcomes: dict[str, list[Outcome]] = {}
    for attempt in attempts:
        whole = (attempt.source, attempt.read)
        if whole not in expected:
            expected[whole] = expected_of(*whole)
        outcome = run(attempt, expected[whole])
        outcomes.setdefault(attempt.kind, []).append(outcome)
        if outcome.fault:
            print(f"FAULT {attempt.kind} of {attempt.source.name}: {outcome.result}: {outcome.detail}", flush=True)
    rows = [_row(kind, found) for kind, found in sorted(outcomes.items())]
    return rows, sum(one.fault for found in outcomes.values() for one in found)


def _row(kind: str, outcomes: list[Outcome]) -> dict[str, object]:
    counts = Counter("fault" if one.fault else one.result for one in outcomes)
    shown = next((one.detail for one in outcomes if one.result == "refused"), "")
    return {
        "attempt": kind,
        "attempts": len(outcomes),
        **{name: counts[name] for name in ("refused", "exact", "another", "fault")},
        "most_seconds": max(one.seconds for one in outcomes),
        "most_megabytes": round(max(one.megabytes for one in outcomes)),
        "one_refusal": shown.partition(": ")[2][:120],
    }
