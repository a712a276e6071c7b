"""Ctrl-C and SIGTERM at random moments of whole commands that train, most of them in their first half second.

Four trainings are started as a user does, and each process gets one signal. Its status must be 130 or 143, or 0 where
it was done, with at most one line of `segue:` and no traceback. Where the run had begun, `--resume` must then give the
checkpoint of an unbroken run. A signal before Segue's first line ends the process by itself, without a line. For some
Ctrl-C of these milliseconds Python prints a traceback of its own start; no program can change that, so these are
counted apart.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

from segue.manifest import SUMS

SOON, SOON_SHARE = 0.5, 0.75  # seconds after the start, and the share of signals that come within them
ROOT = Path(__file__).resolve().parents[2]
_STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
_SMALL = 'validate_every = 6\nprecision = "float32"\ndevice = "cpu"\n'
_TRAINING = "[training]\nsteps = 12\nwarmup_steps = 2\ncheckpoint_every = 5\nlog_every = 3\n"
_NESTED = "".join(f"[[levels]]\nperiod = {period}\n" for period in (1, 3, 50))


def attack(count: int, seed: int) -> tuple[list[dict[str, object]], int]:
    """Sends so many signals to each training; returns a row a training and signal, and the number of faults."""
    rows, draw = [], random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        for name, command in commands(Path(place)).items():
            begin = time.monotonic()
            failed = _finished(command, Path(place) / f"{name}-whole")
            if failed:
                raise RuntimeError(f"{name}: {failed}")
            seconds, expected = time.monotonic() - begin, _digest(Path(place) / f"{name}-whole")
            for number in _STATUS:
                moments = [draw.uniform(0, SOON if draw.random() < SOON_SHARE else seconds) for _ in range(count // 2)]
                outcomes = Counter(
                    _sent(command, Path(place) / f"{name}-{number}-{index}", number, moment, expected)
                    for index, moment in enumerate(moments)
                )
                rows.append(_row(name, number, outcomes))
                print(rows[-1], flush=True)
    return rows, sum(int(str(row["fault"])) for row in rows)


def _row(name: str, number: signal.Signals, outcomes: Counter[str]) -> dict[str, object]:
    kinds = ("one line", "before Segue", "traceback of Python", "done", "fault")
    return {"training": name, "signal": number.name, "attempts": outcomes.total(), **{k: outcomes[k] for k in kinds}}


def commands(place: Path) -> dict[str, list[str]]:
    """The arguments of four trainings, which end in `--output`."""
    text, pairs = place / "text.txt", place / "pairs.tsv"
    text.write_text("the cat sat on the mat. the dog sat on the log.\n" * 40)
    pairs.write_text("".join(f"{a}{b}{c}\t{c}{b}{a}\n" for a in "abcde" for b in "fghij" for c in "klmno"))
    tiny = (ROOT / "configs" / "tiny.toml").read_text()
    configs = {
        "pretrain": 'precision = "float32"\ndevice = "cpu"\n' + tiny.replace("[model]", '[model]\nbackbone = "lstm"'),
        "language": _SMALL + '[model]\nbackbone = "lstm"\nwidth = 16\n[text]\nlanes = 3\nwindow = 10\n' + _TRAINING,
        "nested": _SMALL + '[model]\nbackbone = "nested"\nwidth = 16\n[text]\nlanes = 3\nwindow = 10\n' + _TRAINING,
        "translate": _SMALL + "[model]\nwidth = 16\n[pairs]\ntokens = 60\ndev = 10\n" + _TRAINING,
    }
    configs["nested"] += _NESTED
    for name, config in configs.items():
        (place / f"{name}.toml").write_text(config)
    return {
        "pretrain": ["pretrain", f"{place}/pretrain.toml", "--output"],
        "language": ["language", "train", f"{text}", "--config", f"{place}/language.toml", "--output"],
        "nested": ["language", "train", f"{text}", "--config", f"{place}/nested.toml", "--output"],
        "translate": ["translate", "train", f"{pairs}", "--config", f"{place}/translate.toml", "--output"],
    }


def started(command: list[str], run: Path, *more: str) -> subprocess.Popen[str]:
    """Starts `segue` with these arguments, in a process that takes signals as one in a terminal does."""

    def as_in_a_terminal() -> None:  # a process that was started with `nohup` or `&` ignores Ctrl-C
        for number in _STATUS:
            signal.signal(number, signal.SIG_DFL)

    arguments = [sys.executable, "-m", "segue", *command, str(run), *more]
    quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
    return subprocess.Popen(arguments, stdout=quiet, stderr=pipe, text=True, preexec_fn=as_in_a_terminal)


def _finished(command: list[str], run: Path, *more: str) -> str:
    """Runs a command to its end, and returns what it wrote about its end where that is none."""
    process = started(command, run, *more)
    error = process.communicate()[1]
    return "" if process.returncode == 0 else f"status {process.returncode}: {error.strip()[-300:]}"


def _sent(command: list[str], run: Path, number: signal.Signals, moment: float, expected: str) -> str:
    """Starts a training, sends it the signal, and names what came of it; a fault is printed."""
    process = started(command, run)
    time.sleep(moment)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
    error = process.communicate()[1]
    outcome = _outcome(process.returncode, error, number)
    if not run.exists() and process.returncode:  # the signal came before the run began, so there is nothing to resume
        return _shown(outcome, moment, error)
    failed = "" if process.returncode == 0 else _finished(command, run, "--resume")
    if failed or _digest(run) != expected:
        outcome = "fault"
    return _shown(outcome, moment, f"{error} status {process.returncode}, {failed or _digest(run)}")


def _shown(outcome: str, moment: float, error: str) -> str:
    if outcome in ("fault", "traceback of Python"):
        print(f"{outcome} after {moment:.3f} s: {error[-900:]}", flush=True)
    return outcome


def _outcome(status: int, error: str, number: signal.Signals) -> str:
    """What came of a signal, by the status of the process and what it wrote."""
    lines = [line for line in error.splitlines() if line.startswith("segue: ")]
    if status == 0:
        return "done"
    if "Traceback" in error:
        early = not any(part in error for part in ("segue/cli", "torch", "site-packages"))
        return "traceback of Python" if early and not lines else "fault"
    by_itself = status == -number and not lines
    return "before Segue" if by_itself else "one line" if status == _STATUS[number] and len(lines) == 1 else "fault"


def _digest(run: Path) -> str:
    """A hash of the newest checkpoint and of the model, but for the card, which has the name of the run."""
    newest = max((run / "checkpoints").glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))
    sums = sha256()
    model = [path for path in (run / "model").iterdir() if path.name not in ("MODEL_CARD.md", SUMS)]
    for path in [*sorted(newest.iterdir()), *sorted(model)]:
        sums.update(f"{path.name}\0".encode() + path.read_bytes())
    return sums.hexdigest()
