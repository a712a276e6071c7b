"""Ten hours of a watched stream, with kills, full disks, damage and log rotation.

A writer appends rows to a file in pieces that end anywhere in a line. `segue watch` runs again and again, with or
without `--follow`, and is killed at random times. In between the disk is full, or a copy of all files is damaged. A
damaged copy must be refused in one line, or lead to what the undamaged files do. At the end files and tables must be
those of a run without a break. A fault is any other outcome.
"""

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.attack.watched import (
    HEADER,
    Writer,
    begin,
    errors_of,
    filled,
    finished,
    killed,
    left,
    refusal,
    rows,
    small_disk,
)

_TAIL = 1024  # the last bytes of an output, by which a watch knows it
_DISK = 24  # megabytes


def attack(model: str, count: int, seed: int) -> tuple[list[dict[str, object]], int]:
    """Kills the watch `count` times or more, with full disks and damages in between; returns rows, and the faults."""
    import segue.cli.shared.watching  # noqa: F401  the processes are copies of this one, with all modules loaded

    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with small_disk(home / "disk", _DISK) as permitted:
            found = Soak(home, model, seed, permitted).run(count)
    return found, sum(int(str(row["faults"])) for row in found)


class Soak:
    """One stream.

    Args:
        home: A folder, whose `disk` is small if that was permitted; else files have limits of their sizes.
        model: The model.
        seed: The moments, sizes and damages are a function of it.
        small: Whether the disk is small.
    """

    def __init__(self, home: Path, model: str, seed: int, small: bool) -> None:
        self._home, self._model, self._chance, self._small = home, model, random.Random(seed), small
        self._rows = rows(seed)
        self._place = home / "disk" / "live"
        self._place.mkdir()
        self._writer = Writer(self._place / "in.csv", self._rows)
        self._attempts, self._faults, self._refused = Counter[str](), Counter[str](), Counter[str]()
        self._seconds = 1.0  # of a run that is not killed

    def run(self, kills: int) -> list[dict[str, object]]:
        """Writes all rows, with so many kills or some more; returns a row for each kind of attempt."""
        began = time.monotonic()
        expected = self._unbroken()
        rounds = 0
        while self._attempts["kills"] < kills or self._writer.done < len(self._rows):
            rounds += 1
            size = self._chance.randint(0, 2 * len(self._rows) // (kills + kills // 8 + 1))
            self._killed(size)
            if rounds % 3 == 0:
                self._full_disk(size // 4)
            if rounds % 3 == 1:
                self._damage(size // 4)
            if rounds % max(1, kills // 4) == kills // 8:
                self._rotate()
        self._end(expected)
        seconds = round(time.monotonic() - began, 1)
        print(f"{self._model}: {rounds} rounds, {self._writer.rotations} rotations, {seconds} s", flush=True)
        return [
            {
                "model": self._model,
                "attempt": kind,
                "attempts": attempts,
                "refused": self._refused[kind],
                "faults": self._faults[kind],
                "rows": self._rows.count(b"\n"),
                "rotations": self._writer.rotations,
                "seconds": seconds,
            }
            for kind, attempts in sorted(self._attempts.items())
        ]

    def _unbroken(self) -> dict[str, str]:
        whole = self._home / "whole"
        whole.mkdir()
        (whole / "in.csv").write_bytes(HEADER + self._rows)
        self._right("runs to the end", finished(begin(whole, self._model)) == 0, whole)
        scored = [tuple(line.split(",")[:2]) for line in (whole / "out.csv").read_text().splitlines()[1:]]
        self._right("rows of a run without a break", len(set(scored)) == len(scored) == self._rows.count(b"\n"), whole)
        return left(whole)

    def _killed(self, size: int) -> None:
        """Appends a piece before the start and one after it, and kills."""
        follow = self._chance.random() < 0.5
        self._writer.append(size // 2)
        process = begin(self._place, self._model, follow)
        if follow:
            time.sleep(self._seconds * self._chance.random() / 2)
        self._writer.append(size // 4)
        if killed(process, self._seconds * self._chance.uniform(0, 1.2)):
            self._attempts["kills"] += 1

    def _whole(self) -> None:
        """A run to the end of what was written."""
        began = time.monotonic()
        status = finished(begin(self._place, self._model))
        self._seconds = 0.8 * self._seconds + 0.2 * (time.monotonic() - began)
        self._right("runs to the end", status == 0, self._place)

    def _full_disk(self, size: int) -> None:
        """Runs where a few bytes are left; it may say so in one line, and the next run goes on."""
        self._writer.append(size)
        spare = self._chance.randint(0, 64 << 10)
        if self._small:
            with filled(self._place.parent, spare):
                status = finished(begin(self._place, self._model))
        else:
            sizes = [path.stat().st_size for path in self._place.iterdir() if not path.name.startswith("in.csv")]
            largest = 1 + spare // 4 + self._chance.choice([0, *sizes])
            status = finished(begin(self._place, self._model, largest=largest))
        self._judged("full disks", status, status == 0 or (status > 0 and refusal(self._place) is not None))

    def _rotate(self) -> None:
        """Renames the file while it is followed, and kills; all of the file before was read, as log rotation needs."""
        self._whole()
        process = begin(self._place, self._model, follow=True)
        time.sleep(self._seconds * self._chance.random())
        self._writer.rotate()
        self._attempts["kills"] += killed(process, self._seconds * self._chance.uniform(0, 2))

    def _damage(self, size: int) -> None:
        """Damages a copy and runs it and the undamaged files to their end; those must be the same if both run."""
        self._writer.append(size)
        copy = self._home / "copy"
        shutil.copytree(self._place, copy)
        damaged, kind = self._hurt(copy)
        self._whole()
        status = finished(begin(copy, self._model))
        if kind.startswith("lines") and status > 0 and refusal(copy):  # mended, it goes on
            self._refused[kind] += 1
            shutil.copy(self._place / "in.csv", damaged)
            status = finished(begin(copy, self._model))
        self._judged(kind, status, self._same(copy) if status == 0 else status > 0 and refusal(copy) is not None)
        shutil.rmtree(copy)

    def _same(self, copy: Path) -> bool:
        one, other = left(copy), left(self._place)
        if one != other:
            print(f"differ: {[name for name in one if one[name] != other[name]]}", flush=True)
        return one == other

    def _hurt(self, copy: Path) -> tuple[Path, str]:
        """Damages one file of a copy, and returns it with the kind of damage."""
        names = ["live.db", "live.db", "live.db-wal", "out.csv", "alerts.jsonl", "in.csv"]
        path = copy / self._chance.choice(names)
        content = bytearray(path.read_bytes()) if path.exists() else bytearray()
        if not content:
            path = copy / "in.csv"
            content = bytearray(path.read_bytes())
        if path.name == "in.csv":
            path.write_bytes(content[: content.rfind(b"\n") + 1] + b"m3,2025-\n")
            return path, "lines that are cut"
        of = "outputs" if path.suffix in (".csv", ".jsonl") else "store" if path.suffix == ".db" else "write-ahead log"
        if self._chance.random() < 0.3:
            path.write_bytes(content[: self._chance.randrange(len(content))])
            return path, f"{of} cut"
        first = max(0, len(content) - _TAIL) if of == "outputs" else 0
        for _ in range(self._chance.choice([1, 1, 8])):
            content[self._chance.randrange(first, len(content))] ^= 1 << self._chance.randrange(8)
        path.write_bytes(content)
        return path, f"{of} with flipped bits"

    def _judged(self, kind: str, status: int, right: bool) -> None:
        self._refused[kind] += right and status > 0
        self._right(kind, right, self._place)

    def _right(self, kind: str, right: bool, folder: Path) -> None:
        self._attempts[kind] += 1
        self._faults[kind] += not right
        if not right:
            text = errors_of(folder).read_text()[-400:]
            print(f"FAULT {self._model} {kind} after {self._writer.done} bytes: {text}", flush=True)

    def _end(self, expected: dict[str, str]) -> None:
        self._whole()
        found = left(self._place)
        for name, digest in expected.items():
            self._right(f"end: {name}", found[name] == digest, self._place)
        leftovers = [name for name in os.listdir(self._place) if name.startswith(".") or name == "filler"]
        self._right("end: no leftovers", not leftovers, self._place)
