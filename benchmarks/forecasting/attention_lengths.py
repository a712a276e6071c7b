"""From which length on the plain form of attention trains as fast as the short one: both, forward and backward.

    python -m benchmarks.forecasting.attention_lengths

Each row is a length of windows, with the processor time of both forms for the same 4,096 vectors of width 192 and six
heads. The forms alternate, and the least time of each counts, so that other work on the machine matters little.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.backbones.attention import attend, rotate
from segue.backbones.short_attention import LONGEST, short_attention

LENGTHS = (8, 16, 32, 48, 64, 96, 128, 192, 256)
VECTORS, WIDTH, HEADS = 4096, 192, 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=default_output("attention-lengths"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for length in LENGTHS:
        qkv = torch.randn(VECTORS // length, length, 3 * WIDTH, requires_grad=True)
        forms = {"short": short, "plain": plain}
        seconds = {name: [timed(form, qkv) for _ in range(1)] for name, form in forms.items()}  # the first ones warm up
        for _ in range(options.repeats):
            for name, form in forms.items():
                seconds[name].append(timed(form, qkv))
        least = {f"{name}_ms": 1000 * min(found[1:]) for name, found in seconds.items()}
        rows.append({"length": length, "vectors": qkv.shape[0] * length, "width": WIDTH, "heads": HEADS, **least})
        rows[-1] |= {"plain_over_short": least["plain_ms"] / least["short_ms"], "used": length <= LONGEST}
        print({key: round(x, 3) if isinstance(x, float) else x for key, x in rows[-1].items()}, flush=True)
    write_figures(rows, options.output, machine(1))


def short(qkv: Tensor) -> Tensor:
    """The form of `segue.backbones.short_attention`."""
    return short_attention(qkv, None, HEADS, rotary=True)


def plain(qkv: Tensor) -> Tensor:
    """The form of `segue.backbones.attention`, as it is used over longer windows."""
    query, key, value = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in qkv.chunk(3, dim=-1))
    position = torch.arange(qkv.shape[1])
    return attend(rotate(query, position), rotate(key, position), value, None).transpose(1, 2).flatten(2)


def timed(form: Callable[[Tensor], Tensor], qkv: Tensor) -> float:
    """Seconds of the processor for a forward and a backward pass."""
    begun = time.process_time()
    form(qkv).sum().backward()
    qkv.grad = None
    return time.process_time() - begun


if __name__ == "__main__":
    main()
