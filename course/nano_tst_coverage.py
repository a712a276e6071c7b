"""Where the 80 % band of nano_tst.py loses its 9 points: trains it as its own main does, and counts at every stage.

`python -m course.nano_tst_coverage` takes some five minutes and writes results/nano_tst_coverage.csv, which steps 6 and
8 quote. The stages: one patch by mean and sigma, on training series and on test series; then the bands of sampled
paths, one to four patches ahead.
"""

import csv
import platform
from pathlib import Path

import torch
from torch import Tensor

import nano_tst as nano

RESULTS = Path(__file__).parent / "results" / "nano_tst_coverage.csv"
EPOCHS, REACH = 100, 1.2816  # 1.2816 deviations to each side hold 80 % of a Gaussian


def one_patch(model: nano.NanoTST, series: Tensor) -> float:
    """The share of the values of patch 17 in the band of mean and sigma, from 16 patches."""
    mu, sigma = (part[:, -nano.PATCH :] for part in nano.predict(model, series))
    return ((series[:, nano.CONTEXT :] - mu).abs() <= REACH * sigma).float().mean().item()


def sampled(model: nano.NanoTST, series: Tensor, generator: torch.Generator) -> list[float]:
    """The share of values in the band of sampled paths: of each patch ahead, and at last of all."""
    low, _, high = nano.forecast(model, series[:, : nano.CONTEXT], nano.HORIZON, generator)
    truth = series[:, nano.CONTEXT :]
    inside = ((low <= truth) & (truth <= high)).float()
    return [*inside.unflatten(1, (-1, nano.PATCH)).mean(dim=(0, 2)).tolist(), inside.mean().item()]


def main() -> None:
    torch.manual_seed(nano.SEED)  # from here on as in nano_tst.main
    generator = torch.Generator().manual_seed(nano.SEED)
    series = nano.make_series(nano.SERIES, nano.CONTEXT + nano.PATCH, generator)
    unseen = nano.make_series(500, nano.CONTEXT + nano.HORIZON, generator)
    held_out, model = unseen[:, : nano.CONTEXT + nano.PATCH], nano.NanoTST()
    nano.train(model, series, held_out, EPOCHS, generator)
    rows = [("mean and sigma", "training", len(series), "1", one_patch(model, series))]
    rows += [("mean and sigma", "test", 500, "1", one_patch(model, held_out))]
    for count in (50, 500):  # 50 as in nano_tst.main, which prints their last row
        covered = sampled(model, unseen[:count], generator)
        rows += [
            ("paths", "test", count, ahead, c) for ahead, c in zip(("1", "2", "3", "4", "all"), covered, strict=True)
        ]
    machine = f"{platform.machine()}, torch {torch.__version__}"
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["band", "kind", "series", "patch_ahead", "coverage", "epochs", "seed", "machine"])
        writer.writerows([*row[:-1], f"{row[-1]:.3f}", EPOCHS, nano.SEED, machine] for row in rows)


if __name__ == "__main__":
    main()
