"""Whether minutes are kept: four kinds of training side by side, half a minute each, while the machine's load changes.

Every training is a process of its own, a copy of this one with torch loaded; its models are small. A fault is a run
that takes more than 15 % longer or shorter, from the start of its process up to the end of its training. The export of
a pretrained model and the card of a translator come after that, and are left out. A run that is killed goes on in a
new process, whose time counts.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.attack.tiny import train_tiny
from segue.config import read_config
from segue.errors import Notice
from segue.forecasting.pretraining.pretrain import PretrainConfig, pretrain
from segue.language.config import LanguageConfig, TextConfig
from segue.language.model import LanguageModelConfig
from segue.language.train import train_language
from segue.training.clocks import NESTED
from segue.translate.model.seq2seq import Seq2SeqConfig
from segue.translate.training import train as translating
from segue.translate.training.config import TranslationConfig

SECONDS, TOLERANCE = 30.0, 0.15
ROOT = Path(__file__).resolve().parents[2]
Train = Callable[[Path], object]


@dataclass(frozen=True)
class Pattern:
    """What else happens in this time.

    Attributes:
        busy: Spans of seconds in which two endless loops run.
        killed: The second of a kill -9, after which the run is resumed.
        stopped: A span of seconds in which the training itself is stopped, as a suspended job is.
    """

    busy: tuple[tuple[float, float], ...] = ()
    killed: float | None = None
    stopped: tuple[float, float] | None = None


PATTERNS = {
    "no other load": Pattern(),
    "two loops, first 10 s": Pattern(busy=((0, 10),)),
    "two loops, from 10 s on": Pattern(busy=((10, 99),)),
    "two loops, last third": Pattern(busy=((20, 99),)),
    "two loops, every other 5 s": Pattern(busy=((5, 10), (15, 20), (25, 30))),
    "two loops, first half": Pattern(busy=((0, 15),)),
    "suspended for 5 s": Pattern(stopped=(12, 17)),
    "killed at 15 s": Pattern(killed=15),
    "killed at 20 s, then two loops": Pattern(busy=((20, 99),), killed=20),
}


def attack(count: int) -> tuple[list[dict[str, object]], int]:
    """Runs the first `count` patterns, and returns a row for each training and the number of faults."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        train_tiny(Path(folder) / "warm")  # torch loads parts of itself at its first training
        trainings = _trainings(Path(folder))
        for name, pattern in list(PATTERNS.items())[:count]:
            rows += _tried(name, pattern, trainings, Path(folder))
            print(*rows[-len(trainings) :], sep="\n", flush=True)
    return rows, sum(int(str(row["fault"])) for row in rows)


def _tried(name: str, pattern: Pattern, trainings: dict[str, Train], home: Path) -> list[dict[str, object]]:
    """One pattern: all kinds of training at once."""
    slug = "".join(c if c.isalnum() else "-" for c in name)
    runs = {kind: home / f"{kind}-{slug}".replace(" ", "-") for kind in trainings}
    begin = time.monotonic()
    running = {kind: _start(train, runs[kind]) for kind, train in trainings.items()}
    ended: dict[str, tuple[float, int]] = {}
    killed, stopped = pattern.killed, pattern.stopped
    with loops() as busy:
        while len(ended) < len(trainings):
            time.sleep(0.05)
            now = time.monotonic() - begin
            busy(any(since <= now < until for since, until in pattern.busy))
            if killed is not None and now >= killed:
                for kind in set(trainings) - set(ended):
                    os.kill(running[kind], signal.SIGKILL)
                    os.waitpid(running[kind], 0)
                    running[kind] = _start(trainings[kind], runs[kind])
                killed = None
            if stopped is not None and now >= stopped[0]:
                number = signal.SIGSTOP if now < stopped[1] else signal.SIGCONT
                for kind in set(trainings) - set(ended):
                    os.kill(running[kind], number)
                stopped = stopped if number == signal.SIGSTOP else None
            for kind in set(trainings) - set(ended):
                process, status = os.waitpid(running[kind], os.WNOHANG)
                if process:
                    ended[kind] = now, os.waitstatus_to_exitcode(status)
    return [_row(name, kind, runs[kind], *ended[kind]) for kind in trainings]


def _row(name: str, kind: str, run: Path, seconds: float, status: int) -> dict[str, object]:
    steps = [int(path.name.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*")]
    return {
        "pattern": name,
        "training": kind,
        "attempts": 1,
        "steps": max(steps, default=0),
        "seconds": round(seconds, 1),
        "share": round(seconds / SECONDS, 3),
        "load_average": round(os.getloadavg()[0], 1),
        "fault": int(status != 0 or abs(seconds / SECONDS - 1) > TOLERANCE),
    }


def _trainings(home: Path) -> dict[str, Train]:
    """The four kinds of training; each begins a run, or goes on with it."""
    text, pairs = home / "text.txt", home / "pairs.tsv"
    text.write_text((ROOT / "docs" / "forecasting.md").read_text(encoding="utf-8"), encoding="utf-8")
    words = [word for word in dict.fromkeys(text.read_text(encoding="utf-8").split()) if '"' not in word]
    pairs.write_text("".join(f"{word}\t{word[::-1]}\n" for word in words), encoding="utf-8")
    language = LanguageConfig(
        LanguageModelConfig(width=32), TextConfig(lanes=8, window=32), device="cpu", precision="float32"
    )
    nested = replace(language, model=replace(language.model, backbone="nested"), levels=NESTED)
    translation = replace(TranslationConfig(), model=Seq2SeqConfig(width=32), device="cpu", precision="float32")
    config = replace(read_config(PretrainConfig, ROOT / "configs" / "tiny.toml"), device="cpu", precision="float32")
    minutes = SECONDS / 60
    return {
        "pretrain": lambda run: pretrain(config, run, resume=True, minutes=minutes, exporting=lambda: os._exit(0)),
        "language": lambda run: train_language(text, language, run, resume=True, minutes=minutes),
        "language nested": lambda run: train_language(text, nested, run, resume=True, minutes=minutes),
        "translate": lambda run: translating.train_translation(pairs, translation, run, resume=True, minutes=minutes),
    }


def _start(train: Train, run: Path) -> int:
    """Starts a training in a process of its own, and returns the number of that."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        warnings.simplefilter("ignore", Notice)
        translating.model_card = lambda *about: os._exit(0)  # the end of the training
        train(run)
        status = 0
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


class _Loops:
    """Two endless loops that can be switched on and off."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def __call__(self, on: bool) -> None:
        if on and not self._running:
            self._running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        if not on:
            for process in self._running:
                process.kill()
                process.wait()
            self._running = []


@contextmanager
def loops() -> Iterator[_Loops]:
    loops = _Loops()
    try:
        yield loops
    finally:
        loops(False)
