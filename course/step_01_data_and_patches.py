"""Step 1: the data, and how a series becomes tokens.

A language model reads tokens: words, or pieces of words. A time series has no words. We cut it into patches instead:
32 consecutive values are one token. This step makes the series, cuts them, and measures what a guess without any
model costs. Every later step must do better than these guesses.
"""

import math
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Tensor

CONTEXT, PATCH = 512, 32  # time steps that a model sees, and how many of them make one patch
TOKENS = CONTEXT // PATCH  # 16 patches of context; patch 17 is the one to predict
NOISE, SEED = 0.1, 0
PICTURES = Path(__file__).parent / "pictures"
BLUE, GREY, ORANGE, GREEN = "#1f5f8b", "#b5bac2", "#dd7a22", "#3d8b5f"
plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})


# 1. The data. ---------------------------------------------------------------------------------------------------------
# Every series is offset + trend + sine + noise. We make the data, so we know the limit: the noise has a standard
# deviation of 0.1 and cannot be predicted, so no model can reach an error below 0.1.
def make_series(count: int, steps: int, generator: torch.Generator, cycles: Tensor | None = None) -> Tensor:
    """`count` random series (count, steps). `cycles` (count, 1) counts the waves in 512 steps; else 2 to 19, whole."""
    t = torch.arange(steps) / CONTEXT  # 0 to 1 over the context
    ranges = (-5, 5), (-2, 2), (0.5, 2.5), (0, 2 * math.pi)
    offset, trend, amplitude, phase = (a + (b - a) * torch.rand(count, 1, generator=generator) for a, b in ranges)
    if cycles is None:
        cycles = torch.randint(2, 20, (count, 1), generator=generator)  # a period of 27 to 256 steps
    noise = NOISE * torch.randn(count, steps, generator=generator)
    return offset + trend * t + amplitude * torch.sin(2 * math.pi * cycles * t + phase) + noise


# 2. Patches. ----------------------------------------------------------------------------------------------------------
# Cutting loses nothing: the inverse gives back the same numbers. Attention compares every token with every other one,
# so its cost grows with the square of their number. 16 tokens make 256 pairs; 512 single values would make 262,144.
def patchify(series: Tensor) -> Tensor:
    return series.unflatten(-1, (-1, PATCH))  # (B, T * 32) -> (B, T, 32)


def unpatchify(patches: Tensor) -> Tensor:
    return patches.flatten(-2)  # (B, T, 32) -> (B, T * 32)


# 3. The error. --------------------------------------------------------------------------------------------------------
# Every step of the course uses the same figure: the root mean squared error of patch 17, predicted from 16 patches, on
# 500 series that no model has learnt from.
def rmse(prediction: Tensor, truth: Tensor) -> float:
    return (prediction - truth).square().mean().sqrt().item()


def make_sets(train: int = 2000, test: int = 500) -> tuple[Tensor, Tensor]:
    """Training and test series (count, 544): 16 patches of context and the patch after them."""
    generator = torch.Generator().manual_seed(SEED)
    steps = CONTEXT + PATCH
    return make_series(train, steps, generator), make_series(test, steps, generator)


# 4. Pictures. ---------------------------------------------------------------------------------------------------------
def save(figure: plt.Figure, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    figure.savefig(PICTURES / f"{name}.png", dpi=100)
    plt.close(figure)
    print(f"\nPicture: course/pictures/{name}.png")


def draw(series: Tensor) -> None:
    figure, grid = plt.subplots(2, 2, figsize=(10, 5), sharex=True, layout="constrained")
    for axes, values in zip(grid.flat, series, strict=True):
        axes.plot(values[:CONTEXT], color=BLUE, lw=1, label="16 patches of context")
        axes.plot(range(CONTEXT, CONTEXT + PATCH), values[CONTEXT:], color=ORANGE, lw=1.5, label="patch 17, to predict")
        for edge in range(0, CONTEXT + PATCH + 1, PATCH):
            axes.axvline(edge, color=GREY, lw=0.6)
    for axes in grid[1]:
        axes.set_xlabel("time step")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle("Four series, cut into patches of 32 steps (grey lines)")
    save(figure, "step_01_patches")


def main() -> None:
    train, test = make_sets()
    patches = patchify(test)
    print(f"{len(train):,} training series and {len(test)} test series of {CONTEXT + PATCH} steps.")
    print(f"One series of shape {tuple(test[0].shape)} becomes patches of shape {tuple(patches[0].shape)}.")
    print(f"The inverse gives the same numbers: {torch.equal(unpatchify(patches), test)}.")
    print(f"Attention over {TOKENS} patches compares {TOKENS**2} pairs; over {CONTEXT} values {CONTEXT**2:,}.\n")

    truth, last = patches[:, -1], patches[:, -2]
    guesses = {
        "the mean of the context": test[:, :CONTEXT].mean(dim=1, keepdim=True),
        "the last value": last[:, -1:],
        "the last patch once more": last,
        "the values 512 steps ago": patches[:, 0],
    }
    print("RMSE of patch 17, guessed without a model:")
    for name, guess in guesses.items():
        print(f"  {name:26} {rmse(guess, truth):.3f}")
    print(f"  {'the noise alone':26} {NOISE:.3f}   (the limit: nobody can do better)")
    copy = rmse(patches[:, 0], truth)
    print("\nNotice: copying the values 512 steps ago is the best of these guesses, because every series makes a whole")
    print(
        f"number of waves in 512 steps. Its error is still {copy / NOISE:.0f} times the limit: the trend has moved on."
    )
    draw(test[:4])
    print("\nQuestion: the copy uses one fixed rule for all series. How far does the best fixed linear rule get?")


if __name__ == "__main__":
    main()
