"""What reading a source costs, by its length: an LSTM goes step by step, a transformer sees all tokens at once.

    OMP_NUM_THREADS=1 python -m benchmarks.translation.encoders

The encoders of `segue.translate` on sources of 16 to 1,024 tokens, alone and 16 side by side, forward and with the
backward pass; and one LSTM of torch, the whole source in one call of its fused kernel and token by token. Times are of
the processor, which other programs do not lengthen; each is repeated for --seconds, at least three times, and the least
and the median are reported. A CSV and a picture.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd
import torch
from torch import Tensor, nn

from benchmarks.charts import COLOURS, IMAGES, canvas, save, title
from benchmarks.machine import default_output, machine
from segue.backbones.recurrent import LSTM
from segue.translate.model.encoder import RecurrentEncoder, TransformerEncoder

LENGTHS = (16, 64, 256, 1024)
LANES = (1, 16)
FEWEST, MOST = 3, 50
PASSES = ("forward", "forward and backward")
Read = Callable[[Tensor], Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1, help="blocks of the transformer; one is about as large")
    parser.add_argument("--seconds", type=float, default=1.0, help="processor time of the repeats of each figure")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--picture", type=Path, default=IMAGES / "encoders.png")
    options = parser.parse_args()
    output = options.output or default_output("encoders")
    output.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    for name, (module, read) in readers(options.width, options.layers).items():
        size = sum(parameter.numel() for parameter in module.parameters())
        for length in options.lengths:
            for lanes in LANES:
                x = torch.randn(lanes, length, options.width)
                rows += [
                    {"encoder": name, "parameters": size, "tokens": length, "lanes": lanes, "pass": kind, **row}
                    for kind, row in timed(read, module, x, options.seconds).items()
                ]
        print(pd.DataFrame(rows).tail(len(options.lengths) * 4).to_string(), flush=True)
    result = pd.DataFrame(rows).assign(width=options.width, **machine(torch.get_num_threads()))
    result.to_csv(output, index=False, float_format="%.6g")
    print(output)
    draw(result, options.picture)


def readers(width: int, layers: int) -> dict[str, tuple[nn.Module, Read]]:
    """What reads, by name: vectors in, vectors out."""
    torch.manual_seed(0)
    recurrent = RecurrentEncoder(LSTM(width // 2, 1), LSTM(width // 2, 1))
    parallel = TransformerEncoder(width, heads=4, layers=layers, dropout=0.0)
    alone = nn.LSTM(width, width, batch_first=True)

    def step_by_step(x: Tensor) -> Tensor:
        state, seen = None, []
        for index in range(x.shape[1]):
            h, state = alone(x[:, index : index + 1], state)
            seen.append(h)
        return torch.cat(seen, dim=1)

    return {
        "LSTM encoder, both ways": (recurrent, lambda x: recurrent(x, whole(x)).states),
        f"transformer encoder, {layers} block{'s' * (layers > 1)}": (parallel, lambda x: parallel(x, whole(x)).states),
        "one LSTM, one call": (alone, lambda x: alone(x)[0]),
        "one LSTM, step by step": (alone, step_by_step),
    }


def whole(x: Tensor) -> Tensor:
    """Lengths without padding."""
    return torch.full((len(x),), x.shape[1])


def timed(read: Read, module: nn.Module, x: Tensor, seconds: float) -> dict[str, dict[str, object]]:
    """Least and median time of each pass."""

    def forward() -> None:
        with torch.inference_mode():
            read(x)

    def both() -> None:
        module.zero_grad()
        read(x).square().mean().backward()

    found: dict[str, dict[str, object]] = {}
    for kind, work in zip(PASSES, (forward, both), strict=True):
        times = repeated(work, seconds)
        found[kind] = {
            "milliseconds": 1e3 * min(times),
            "milliseconds_median": 1e3 * median(times),
            "tokens_per_second": x.shape[0] * x.shape[1] / min(times),
            "repeats": len(times),
        }
    return found


def repeated(work: Callable[[], None], seconds: float) -> list[float]:
    """Processor times of some runs, after one that warms up."""
    work()
    times: list[float] = []
    while len(times) < FEWEST or (sum(times) < seconds and len(times) < MOST):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return times


def draw(result: pd.DataFrame, path: Path) -> None:
    """Tokens a second by the length of the source: a panel for each pass and number of lanes."""
    figure, (axes,) = canvas(1, 4, (13.0, 3.4), sharey=True)
    panels = [(lanes, kind) for lanes in LANES for kind in PASSES]
    for ax, (lanes, kind) in zip(axes, panels, strict=True):
        part = result[(result["lanes"] == lanes) & (result["pass"] == kind)]
        for (name, line), colour in zip(part.groupby("encoder", sort=False), COLOURS, strict=False):
            ax.plot(line["tokens"], line["tokens_per_second"], marker="o", markersize=4, color=colour, label=name)
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xticks(sorted(part["tokens"].unique()), [f"{n:,}" for n in sorted(part["tokens"].unique())])
        ax.set_xlabel("tokens of the source")
        title(ax, f"{lanes} at a time, {kind}")
    axes[0].set_ylabel("tokens a second")
    axes[0].legend(frameon=False, fontsize=7)
    save(figure, path)


if __name__ == "__main__":
    main()
