"""Where and how to compute: the device, the threads and the precision, decided once, each with its reason."""

import contextlib
import time
from dataclasses import dataclass

import torch

from segue.errors import UserError

_WORTH_IT = 1.5  # bfloat16 costs accuracy, so it must be at least this many times faster than float32
_HOPELESS = 0.25  # a middling product this slow means that bfloat16 is emulated: do not time the large one


@dataclass(frozen=True)
class Precision:
    """The number format of matrix products, and why."""

    dtype: torch.dtype
    """`torch.bfloat16` or `torch.float32`."""
    reason: str
    """One clause, for people."""


@dataclass(frozen=True)
class Device:
    """Where and how to compute, and why."""

    device: torch.device
    """The device that holds weights and batches."""
    threads: int
    """CPU threads of one operation."""
    autocast_dtype: torch.dtype | None
    """The number format of matrix products under `autocast`; `None` where that is not worth it."""
    reason: str
    """One line, for people."""

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Within this context, matrix products run in `autocast_dtype`, if there is one."""
        if self.autocast_dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_dtype)


def decide_device(device: str = "auto", threads: int | None = None, precision: str = "auto") -> Device:
    """Decides once; nothing in the process is changed.

    Args:
        device: `"auto"` (CUDA where there is any, else the CPU) or a name that torch knows.
        threads: CPU threads; `None` for torch's own choice, which heeds OMP_NUM_THREADS.
        precision: `"auto"` (by `probe_bf16`), `"float32"` or `"bfloat16"`.

    Raises:
        UserError: The device is not there, or an argument is out of its range.
    """
    if threads is not None and threads < 1:
        raise UserError("threads", threads, "give a whole number of at least 1")
    if precision not in ("auto", "float32", "bfloat16"):
        raise UserError("precision", precision, "give auto, float32 or bfloat16")
    place, why_place = _place(device)
    chosen = probe_bf16(place) if precision == "auto" else Precision(getattr(torch, precision), "as asked")
    count = torch.get_num_threads() if threads is None else threads
    return Device(
        device=place,
        threads=count,
        autocast_dtype=None if chosen.dtype is torch.float32 else chosen.dtype,
        reason=(
            f"{place} ({why_place}), {count} thread{'s' if count > 1 else ''} "
            f"({'torch default' if threads is None else 'as asked'}), "
            f"{str(chosen.dtype).removeprefix('torch.')} ({chosen.reason})"
        ),
    )


def probe_bf16(device: torch.device | None = None) -> Precision:
    """Is a bfloat16 matrix product really faster here than a float32 one?

    Many CPUs accept bfloat16 and emulate it, tens of times slower; what a library says it supports tells nothing
    about speed. So both are timed, for some milliseconds.

    Args:
        device: Where to try; `None` for the CPU.
    """
    device = device or torch.device("cpu")
    try:
        # Smaller ones take microseconds, most of them the call's: fast tiles were once found slow by them.
        middling = _speedup(device, rows=256, inner=256, repeats=3)
        speedup = middling if middling < _HOPELESS else _speedup(device, rows=1024, inner=256, repeats=5)
    except RuntimeError:
        return Precision(torch.float32, "no bfloat16 on this device")
    dtype = torch.bfloat16 if speedup >= _WORTH_IT else torch.float32
    return Precision(dtype, f"bfloat16 products run at {speedup:.2g} times the speed of float32")


def _place(name: str) -> tuple[torch.device, str]:
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
    """The fastest of some runs, after one that warms up."""
    left = torch.ones(rows, inner, device=device, dtype=dtype)
    right = torch.ones(inner, rows, device=device, dtype=dtype)
    best = float("inf")
    for attempt in range(repeats + 1):
        begin = time.perf_counter()
        (left @ right)[0, 0].item()  # reading one number waits for the device
        if attempt > 0:
            best = min(best, time.perf_counter() - begin)
    return best
