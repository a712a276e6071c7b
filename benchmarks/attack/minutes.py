"""Whether `--minutes 1.5` is kept: four kinds of training side by side, while the load of the machine changes.

A fault is a command that takes more than 15 % longer or shorter, from the start of its process up to the
end of its training. The export of a pretrained model comes after that; this program ends it.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS, TOLERANCE = 90.0, 0.15
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Pattern:
    """What else happens in these minutes.

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
    "two loops, from 10 s on": Pattern(busy=((10, 999),)),
    "two loops, last third": Pattern(busy=((60, 999),)),
    "two loops, every other 15 s": Pattern(busy=((15, 30), (45, 60), (75, 90))),
    "two loops, first half": Pattern(busy=((0, 45),)),
    "suspended for 10 s": Pattern(stopped=(45, 55)),
    "killed at 45 s": Pattern(killed=45),
    "killed at 60 s, then two loops": Pattern(busy=((60, 999),), killed=60),
}


def attack(count: int) -> tuple[list[dict[str, object]], int]:
    """Runs the first `count` patterns, and returns a row for each command and the number of faults."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder))
        for name, pattern in list(PATTERNS.items())[:count]:
            rows += _tried(name, pattern, commands, Path(folder))
            print(*rows[-len(commands) :], sep="\n", flush=True)
    return rows, sum(int(str(row["fault"])) for row in rows)


def _tried(name: str, pattern: Pattern, commands: dict[str, list[str]], home: Path) -> list[dict[str, object]]:
    """One pattern: all kinds of training at once."""
    slug = "".join(c if c.isalnum() else "-" for c in name)
    begin = time.monotonic()
    runs = {kind: home / f"{kind}-{slug}".replace(" ", "-") for kind in commands}
    running = {kind: _start(commands[kind], runs[kind]) for kind in commands}
    ended: dict[str, float] = {}
    killed, stopped = pattern.killed, pattern.stopped
    with _loops() as loops:
        while len(ended) < len(commands):
            time.sleep(0.1)
            now = time.monotonic() - begin
            loops(any(since <= now < until for since, until in pattern.busy))
            if killed is not None and now >= killed:
                running = {kind: _again(process, commands[kind], runs[kind]) for kind, process in running.items()}
                killed = None
            if stopped is not None and now >= stopped[0]:
                number = signal.SIGSTOP if now < stopped[1] else signal.SIGCONT
                for kind in set(commands) - set(ended):
                    running[kind].send_signal(number)
                stopped = stopped if number == signal.SIGSTOP else None
            for kind in commands:
                if kind not in ended and _is_over(running[kind], runs[kind]):
                    ended[kind] = now
    origin = time.time() - (time.monotonic() - begin)
    return [_row(name, kind, runs[kind], origin, ended[kind], running[kind].returncode) for kind in commands]


def _is_over(process: subprocess.Popen[bytes], run: Path) -> bool:
    """Whether a command has ended, or has nothing left to do but to export its model."""
    if process.poll() is None and b"exporting" in (run.parent / f"{run.name}.err").read_bytes():
        process.kill()
        process.wait()
        process.returncode = 0
    return process.poll() is not None


def _row(name: str, kind: str, run: Path, origin: float, whole: float, status: int) -> dict[str, object]:
    files = [*(run / "checkpoints").glob("step-*/*"), run / "log.jsonl"]
    trained = max(path.stat().st_mtime for path in files) - origin
    steps = max(int(path.name.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*"))
    fault = int(status != 0 or abs(trained / SECONDS - 1) > TOLERANCE)
    return {
        "pattern": name,
        "training": kind,
        "attempts": 1,
        "steps": steps,
        "trained_seconds": round(trained, 1),
        "command_seconds": round(whole, 1),
        "share": round(trained / SECONDS, 3),
        "load_average": round(os.getloadavg()[0], 1),
        "fault": fault,
    }


def _commands(home: Path) -> dict[str, list[str]]:
    """The four kinds of training, without the run folder."""
    text, pairs = home / "text.txt", home / "pairs.tsv"
    pages = sorted((ROOT / "docs").glob("*.md"))
    text.write_text("\n".join(page.read_text(encoding="utf-8") for page in pages), encoding="utf-8")
    words = list(dict.fromkeys(text.read_text(encoding="utf-8").split()))[:6000]
    pairs.write_text("".join(f"{word}\t{word[::-1]}\n" for word in words if '"' not in word), encoding="utf-8")
    return {
        "pretrain": ["pretrain", str(ROOT / "configs" / "tiny.toml")],
        "language": ["language", "train", str(text)],
        "language nested": ["language", "train", str(text), "--backbone", "nested"],
        "translate": ["translate", "train", str(pairs), "--tokenizer", "character"],
    }


def _start(command: list[str], run: Path) -> subprocess.Popen[bytes]:
    """A supervisor's command: it begins the run, or goes on with it."""
    program = [
        sys.executable,
        "-m",
        "segue",
        *command,
        "--output",
        str(run),
        "--minutes",
        str(SECONDS / 60),
        "--resume",
    ]
    with (run.parent / f"{run.name}.err").open("ab") as error:
        return subprocess.Popen(program, cwd=ROOT, env=os.environ, stdout=error, stderr=error)


def _again(process: subprocess.Popen[bytes], command: list[str], run: Path) -> subprocess.Popen[bytes]:
    process.kill()
    process.wait()
    return _start(command, run)


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
def _loops() -> Iterator[_Loops]:
    loops = _Loops()
    try:
        yield loops
    finally:
        loops(False)
