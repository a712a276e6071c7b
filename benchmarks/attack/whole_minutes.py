"""Whether whole commands keep `--minutes 2`: `segue pretrain` and `segue translate train` at once, under three loads.

`share` counts from the start of the process to its end, with all imports, the last checkpoint and the picture of the
losses. `trained` ends at the last line of the log or the last checkpoint, so the rest is the model's card, the picture
and the end of the process. The model of `pretrain` has a recurrent backbone, so that no export comes after its
time. A fault is a command that fails, or that trained for more than 15 % longer or shorter than it was given.
"""

import os
import tempfile
import time
from pathlib import Path

from benchmarks.attack.minutes import TOLERANCE, Pattern, loops
from benchmarks.attack.signals import commands, started

MINUTES = 2.0
KINDS = ("pretrain", "translate")
PATTERNS = {
    "two loops, first 10 s": Pattern(busy=((0, 10),)),
    "two loops, from 10 s on": Pattern(busy=((10, 999),)),
    "two loops, last third": Pattern(busy=((80, 999),)),
}


def attack(count: int) -> tuple[list[dict[str, object]], int]:
    """Runs both commands under the first `count` patterns; returns a row for each, and the number of faults."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as place:
        ways = {kind: command for kind, command in commands(Path(place)).items() if kind in KINDS}
        for number, (name, pattern) in enumerate(list(PATTERNS.items())[:count]):
            runs = {kind: Path(place) / f"{kind}-run-{number}" for kind in ways}
            seconds = _timed(ways, runs, pattern)
            rows += [_row(name, kind, *seconds[kind]) for kind in ways]
            print(*rows[-len(ways) :], sep="\n", flush=True)
    return rows, sum(int(str(row["fault"])) for row in rows)


def _timed(ways: dict[str, list[str]], runs: dict[str, Path], pattern: Pattern) -> dict[str, tuple[float, float, int]]:
    """The seconds until each command had trained and had ended, and its status."""
    begin = time.time()  # of files, too
    running = {kind: started(command, runs[kind], "--minutes", str(MINUTES)) for kind, command in ways.items()}
    ended: dict[str, tuple[float, float, int]] = {}
    with loops() as busy:
        while len(ended) < len(running):
            time.sleep(0.1)
            now = time.time() - begin
            busy(any(since <= now < until for since, until in pattern.busy))
            for kind, process in running.items():
                if kind not in ended and process.poll() is not None:
                    files = [runs[kind] / "log.jsonl", *(runs[kind] / "checkpoints").rglob("*")]
                    last = max((path.stat().st_mtime for path in files if path.is_file()), default=begin)
                    ended[kind] = last - begin, now, process.returncode
    return ended


def _row(pattern: str, kind: str, trained: float, seconds: float, status: int) -> dict[str, object]:
    given = 60 * MINUTES
    share = trained / given
    return {
        "pattern": pattern,
        "training": kind,
        "attempts": 1,
        "seconds": round(seconds, 1),
        "trained": round(share, 3),
        "share": round(seconds / given, 3),
        "load_average": round(os.getloadavg()[0], 1),
        "fault": int(status != 0 or abs(share - 1) > TOLERANCE),
    }
