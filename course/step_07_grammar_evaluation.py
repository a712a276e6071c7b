"""Step 7: the grammar evaluation. What does the model say of sentences that it has never read?

A flat line, a rising line, a sine, a noisy sine: a child continues each at once. Training holds none of the first
three, since all of its series are trend and sine and noise together. We look at them all through the training and note
when each comes right. The line comes last and not for every seed; the second part looks for the reason.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from step_01_data_and_patches import BLUE, CONTEXT, GREEN, GREY, NOISE, ORANGE, PATCH, SEED, make_sets, save
from step_03_normalisation_and_embedding import normalise, statistics
from step_06_gaussian_head import gaussian, train_gaussian

SEEDS, STEPS, SERIES = (0, 1, 2), 1500, 20_000
LOOKS = (0, 25, 50, 100, 200, 400, 800, STEPS)
RIGHT = 2 * NOISE  # a sentence counts as read if patch 17 is predicted to within twice the noise of training


# 1. Four sentences. ---------------------------------------------------------------------------------------------------
def grammar() -> dict[str, Tensor]:
    """Series of 544 steps: 16 patches to read, and the one after them."""
    t = torch.arange(CONTEXT + PATCH) / CONTEXT
    sine = torch.sin(2 * math.pi * 4 * t)
    noise = NOISE * torch.randn(len(t), generator=torch.Generator().manual_seed(SEED))
    return {"flat": torch.full_like(t, 3.0), "line": 5 * t, "sine": sine, "noisy sine": sine + noise}


@torch.no_grad()
def read(model: nn.Module, series: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of patches 2 to 17 of series (B, 544), in their own units: (B, 512) both."""
    mean, scale = statistics(series[:, :CONTEXT])
    mu, sigma = (part.flatten(1) for part in gaussian(model, normalise(series)[:, :-1]))
    return mu * scale + mean, sigma * scale


def errors(mu: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """RMSE of patches 9 to 16, when half of the context has been read, and of patch 17, which follows it: (B,) both."""
    square = (mu - truth[:, PATCH:]).square()
    return square[:, -9 * PATCH : -PATCH].mean(dim=1).sqrt(), square[:, -PATCH:].mean(dim=1).sqrt()


# 2. Why the line? -----------------------------------------------------------------------------------------------------
# First guess: normalisation. A normalised line runs from -1.73 to 1.73, and what follows it lies above its context.
# Then the model should err after the context and not within it.
# Second guess: a line is a foreign word. No series of training is without a sine. Then the model should err within the
# context as well, and a few lines among the training series should help.
def with_lines(series: Tensor) -> Tensor:
    """The same series, but every tenth is offset + trend + noise without a sine."""
    generator = torch.Generator().manual_seed(SEED)
    t, mixed = torch.arange(CONTEXT + PATCH) / CONTEXT, series.clone()
    offset, trend = (torch.rand(len(series[::10]), 1, generator=generator) - 0.5 for _ in range(2))
    noise = NOISE * torch.randn(series[::10].shape, generator=generator)
    mixed[::10] = 10 * offset + 4 * trend * t + noise  # the ranges of make_series
    return mixed


def outside(patches: Tensor) -> float:
    """The share of series whose patch 17 leaves the range of their context; a line always does."""
    lowest, highest = patches[:, :-1].amin(dim=(1, 2)), patches[:, :-1].amax(dim=(1, 2))
    left = (patches[:, -1].amin(dim=1) < lowest) | (patches[:, -1].amax(dim=1) > highest)
    return left.float().mean().item()


def report(history: dict[int, Tensor]) -> None:
    print(f"RMSE of patch 17, seed {SEEDS[0]}\n    step " + "".join(f"{name:>12}" for name in grammar()))
    for step, row in history.items():
        print(f"  {step:6d} " + "".join(f"{error:12.3f}" for error in row.tolist()))


def answer(first: dict[str, list], line: dict[str, list], left: float) -> None:
    print("\nAnswer to step 6: from which step on a sentence is read to within twice the noise, one column a seed")
    for name, steps in first.items():
        print(f"  {name:12}" + "".join(f"{'never' if step is None else step:>8}" for step in steps))
    print("The flat line needs no training: normalised it is zero everywhere, and small errors are scaled to nothing.")
    print("Sines come early. The line comes last, if at all.\n")
    print("The line: RMSE of patches 9 to 16, RMSE and sigma of patch 17, mean of the seeds (range)")
    mean = {}
    for kind, rows in line.items():
        columns = list(zip(*rows, strict=True))
        mean[kind] = [sum(column) / len(column) for column in columns]
        cells = [f"{m:.2f} ({min(c):.2f}-{max(c):.2f})" for m, c in zip(mean[kind], columns, strict=True)]
        print(f"  {kind:14} " + "   ".join(cells))
    (inside, after, _), (inside_too, after_too, _) = mean.values()
    _, wrong, sure = max(line["no lines"], key=lambda row: row[1])
    print(f"\nNotice: on the line the model errs by {inside:.2f} within the context and by {after:.2f} after it.")
    print(
        f"So the first guess explains little. {left:.0%} of the training series leave the range of their context, too."
    )
    print("Notice: the second guess holds. With a line for every tenth training series the errors are")
    print(f"{inside_too:.2f} in the context and {after_too:.2f} after it.")
    print(
        f"Notice: one seed errs by {wrong:.2f} and has a sigma of {sure:.2f}. The loss never asked how sure to be of a line."
    )


def draw(history: dict[int, Tensor], mu: Tensor, sigma: Tensor) -> None:
    figure = plt.figure(figsize=(12, 6.5), layout="constrained")
    grid = figure.add_gridspec(2, 4)
    above = figure.add_subplot(grid[0, :])
    for index, colour in enumerate((GREY, GREEN, BLUE, ORANGE)):
        curve = [max(row[index].item(), 1e-4) for row in history.values()]
        above.plot(list(history), curve, "o-", color=colour, label=[*grammar()][index])
    above.axhline(RIGHT, color="black", lw=0.8, ls=":", label="read")
    above.set(yscale="log", xlabel="step of training", ylabel="RMSE of patch 17", title=f"Seed {SEEDS[0]}")
    above.set_xscale("symlog", linthresh=25)
    above.set_xticks(LOOKS, LOOKS)
    above.set_xlim(left=0)
    above.legend(ncols=5)
    steps = range(PATCH, CONTEXT + PATCH)
    for index, (name, series) in enumerate(grammar().items()):
        axes, spread = figure.add_subplot(grid[1, index]), 1.28 * sigma[index]
        axes.plot(series, color=GREY, lw=2)
        axes.fill_between(steps, mu[index] - spread, mu[index] + spread, color=BLUE, alpha=0.3, lw=0)
        axes.plot(steps, mu[index], color=BLUE, lw=1)
        axes.axvline(CONTEXT, color="black", lw=0.8, ls=":")
        axes.set_ylim(series.min() - 0.7, series.max() + 0.7)
        axes.set_title(f"{name}: truth, mean, 80 % band")
    save(figure, "step_07_grammar_evaluation")


def main() -> None:
    truth = torch.stack(list(grammar().values()))
    plain = make_sets(SERIES)[0]
    kinds = {"no lines": normalise(plain), "with lines": normalise(with_lines(plain))}
    first: dict[str, list[int | None]] = {name: [] for name in grammar()}
    line: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in kinds}
    for seed in SEEDS:
        for kind, patches in kinds.items():
            history: dict[int, Tensor] = {}

            def look(model: nn.Module, step: int, history: dict[int, Tensor] = history) -> None:
                if step in LOOKS:
                    history[step] = errors(read(model, truth)[0], truth)[1]

            mu, sigma = read(train_gaussian(patches, STEPS, seed, look), truth)
            inside, after = (part[1].item() for part in errors(mu, truth))
            line[kind].append((inside, after, sigma[1, -PATCH:].mean().item()))
            if kind == "no lines":
                for index, name in enumerate(grammar()):
                    right = [step for step in LOOKS if all(history[s][index] < RIGHT for s in LOOKS if s >= step)]
                    first[name].append(right[0] if right else None)
            if kind == "no lines" and seed == SEEDS[0]:
                shown = history, mu, sigma
                report(history)
    answer(first, line, outside(kinds["no lines"]))
    draw(*shown)
    print("\nQuestion: every prediction was one patch. How far can the model go, and does its band still hold there?")


if __name__ == "__main__":
    main()
