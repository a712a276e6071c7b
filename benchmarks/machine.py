"""What a result was measured on: every row of every result file says so. The standard library only."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def machine(threads: int) -> dict[str, str | int]:
    """Machine, threads, date and versions, as columns."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count() or 0,
        "threads": threads,
        "date": today(),
        "python": platform.python_version(),
        "torch": version("torch"),
    }


def today() -> str:
    """The date in UTC."""
    return datetime.now(UTC).date().isoformat()


def cpu_name() -> str:
    """The processor as the system names it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def default_output(kind: str) -> Path:
    """benchmarks/results/<kind>-<cpu>-<date>.csv."""
    cpu = "-".join("".join(c if c.isalnum() else " " for c in cpu_name().lower()).split())
    return Path(__file__).parent / "results" / f"{kind}-{cpu}-{today()}.csv"
