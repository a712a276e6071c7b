"""The device, the threads and the precision of a computation, decided once, each with its reason."""

import contextlib
import time
from dataclasses import dataclass

import torch

from segue.errors import UserError

_WORTH_IT = 1.5  # bfloat16 costs accuracy, so it must be at least this many times faster than float32
_HOPELESS = 0.25  # a medium product this slow means that bfloat16 is emulated: do not time the large one


@dataclass(frozen=True)
class Precision:
    """The number format of matrix products, and its reason."""

    dtype: torch.dtype
    """`torch.bfloat16` or `torch.float32`."""
    reason: str
    """One clause, for people."""


@dataclass(frozen=True)
class Device:
    """A device, its threads and its precision, and their reasons."""

    device: torch.device
    """Holds weights and batches."""
    threads: int
    """CPU threads of one operation."""
    autocast_dtype: torch.dtype | None
    """The number format of matrix products under `autocast`; `None` for float32."""
    reason: str
    """One line, for people."""

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Within this context, matrix products run in `autocast_dtype`, if there is one."""
        if self.autocast_dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_dtype)


def decide_device(device: str = "auto", threads: int | None = None, precision: str = "auto") -> Device:
    """Decides device, threads and precision; changes nothing in the process.

    Args:
        device: `"auto"` (CUDA where available, else the CPU) or a name that torch knows.
        threads: CPU threads; `None` for torch's own choice, which respects OMP_NUM_THREADS.
        precision: `"auto"` (by `probe_bf16`), `"float32"` or `"bfloat16"`.

    Raises:
        UserError: The machine has no such device, or an argument is out of range.
    """
    if threads is not None and threads < 1:
        raise UserError("threads", threads, "give a whole number of at least 1")
    if precision not in ("auto", "float32", "bfloat16"):
        raise UserError("precision", precision, "give auto, float32 or bfloat16")
    home, why_home = _resolve(device)
    chosen = probe_bf16(home) if precision == "auto" else Precision(getattr(torch, precision), "as asked")
    count = torch.get_num_threads() if threads is None else threads
    return Device(
        device=home,
        threads=count,
        autocast_dtype=None if chosen.dtype is torch.float32 else chosen.dtype,
        reason=(
            f"{home} ({why_home}), {count} thread{'s' if count > 1 else ''} "
            f"({'torch default' if threads is None else 'as asked'}), "
            f"{str(chosen.dtype).removeprefix('torch.')} ({chosen.reason})"
        ),
    )


def probe_bf16(device: torch.device | None = None) -> Precision:
    """Times whether a bfloat16 matrix product is faster on this machine than a float32 one.

    Many CPUs accept bfloat16 and emulate it, tens of times slower; the support that a library reports does not imply
    speed. So both are timed, for some milliseconds.

    Args:
        device: The device to time; `None` for the CPU.
    """
    device = device or torch.device("cpu")
    try:
        # Smaller products take microseconds, most of them for the call: a fast machine once looked slow by them.
        medium = _speedup(device, rows=256, inner=256, repeats=3)
        speedup = medium if medium < _HOPELESS else _speedup(device, rows=1024, inner=256, repeats=5)
    except RuntimeError:
        return Precision(torch.float32, "no bfloat16 on this device")
    dtype = torch.bfloat16 if speedup >= _WORTH_IT else torch.float32
    return Precision(dtype, f"bfloat16 products run at {speedup:.2g} times the speed of float32")


def _resolve(name: str) -> tuple[torch.device, str]:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda"), torch.cuda.get_device_name()
        return torch.device("cpu"), "no CUDA device"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # an AssertionError where torch was built without CUDA
        raise UserError("device", name, "give auto, cpu, or a CUDA device that this machine has") from error
    return device, "as asked"


def _speedup(device: torch.device, rows: int, inner: int, repeats: int) -> float:
    """The time of a (rows, inner) @ (inner, rows) product in float32 over that in bfloat16."""
    return _seconds(device, torch.float32, rows, inner, repeats) / _seconds(
        device, torch.bfloat16, rows, inner, repeats
    )


def _seconds(device: torch.device, dtype: torch.dtype, rows: int, inner: int, repeats: int) -> float:
    """The time of the fastest of `repeats` runs, after one that warms up."""
    left = torch.ones(rows, inner, device=device, dtype=dtype)
    right = torch.ones(inner, rows, device=device, dtype=dtype)
    best = float("inf")
    for attempt in range(repeats + 1):
        begin = time.perf_counter()
        (left @ right)[0, 0].item()  # reading one number waits for the device
        if attempt > 0:
            best = min(best, time.perf_counter() - begin)
    return best
