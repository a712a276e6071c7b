"""What a result was measured on, as every row of every result file says. It imports the standard library only."""

import os
import platform
import resource
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def machine(threads: int) -> dict[str, str | int]:
    """Machine, threads, date and versions, as columns."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count() or 0,
        "threads": threads,
        "date": today(),
        "python": platform.python_version(),
        "onnxruntime": installed("onnxruntime"),
        "torch": installed("torch"),
    }


def installed(package: str) -> str:
    """The version of a package; empty where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


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
    """The path benchmarks/results/<kind>-<cpu>-<date>.csv."""
    cpu = "-".join("".join(c if c.isalnum() else " " for c in cpu_name().lower()).split())
    return Path(__file__).parent / "results" / f"{kind}-{cpu}-{today()}.csv"


def reset_peak() -> None:
    """Forgets the peak of this process so far, where the system can."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def peak_megabytes() -> float:
    """The largest resident set of this process since `reset_peak`, or since its start."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if platform.system() == "Darwin" else 2**10)
