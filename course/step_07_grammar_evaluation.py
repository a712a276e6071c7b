"""Step 7: the grammar evaluation. What does the model say of sentences that it has never read?

A flat line, a rising line, a sine, a noisy sine: a child continues each at once. Training holds none of the first
three, since all of its series are trend and sine and noise together. We look at them all through the training and note
when each comes right. One of them never does, and the last part shows why.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from step_01_data_and_patches import BLUE, CONTEXT, GREEN, GREY, NOISE, ORANGE, PATCH, SEED, make_sets, save
from step_03_normalisation_and_embedding import normalise, statistics
from step_06_gaussian_head import gaussian, train_gaussian

STEPS, SERIES = 6000, 20_000
LOOKS = (0, 50, 100, 200, 400, 800, 1500, 3000, STEPS)
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
    """Mean and standard deviation of patch 17 of series (B, 544), in their own units: (B, 32) both."""
    mean, scale = statistics(series[:, :CONTEXT])
    mu, sigma = (part[:, -1] for part in gaussian(model, normalise(series)[:, :-1]))
    return mu * scale + mean, sigma * scale


# 2. Why the line fails. -----------------------------------------------------------------------------------------------
# A normalised line runs from -1.73 to 1.73, so what follows it lies above everything in its context. How often does
# patch 17 of a training series lie as far out? And does the model know any slope as steep, of whatever sign?
def range_of_training(train: Tensor) -> tuple[float, float]:
    """The height of the end of the normalised line, and the share of training series that end at least as far out."""
    line = normalise(grammar()["line"][None])[0, -1].mean().abs().item()
    return line, (train[:, -1].mean(dim=-1).abs() >= line).float().mean().item()


def draw(history: dict[int, tuple[Tensor, Tensor]], errors: dict[int, Tensor], mu: Tensor, sigma: Tensor) -> None:
    names = [*grammar()]
    figure = plt.figure(figsize=(12, 6.5), layout="constrained")
    grid = figure.add_gridspec(2, 4)
    above = figure.add_subplot(grid[0, :])
    for index, (name, colour) in enumerate(zip(names, (GREY, GREEN, BLUE, ORANGE), strict=True)):
        above.plot(
            list(errors), [max(error[index].item(), 1e-4) for error in errors.values()], "o-", color=colour, label=name
        )
    above.axhline(RIGHT, color="black", lw=0.8, ls=":", label="read")
    above.set(xscale="symlog", yscale="log", xlabel="step of training", ylabel="RMSE of patch 17")
    above.set_xlim(left=0)
    above.legend(ncols=5)
    for index, (name, series) in enumerate(grammar().items()):
        axes, steps = figure.add_subplot(grid[1, index]), range(CONTEXT, CONTEXT + PATCH)
        axes.plot(range(CONTEXT - 4 * PATCH, CONTEXT + PATCH), series[CONTEXT - 4 * PATCH :], color=GREY, lw=2)
        axes.fill_between(
            steps, mu[index] - 1.28 * sigma[index], mu[index] + 1.28 * sigma[index], color=BLUE, alpha=0.3, lw=0
        )
        axes.plot(steps, mu[index], color=BLUE, lw=1.2)
        axes.set_ylim(series[CONTEXT - 4 * PATCH :].min() - 0.7, series.max() + 0.7)
        axes.set_title(f"{name}: truth, mean, 80 % band")
    save(figure, "step_07_grammar_evaluation")


def main() -> None:
    truth = torch.stack(list(grammar().values()))
    train = normalise(make_sets(SERIES)[0])
    errors: dict[int, Tensor] = {}
    history: dict[int, tuple[Tensor, Tensor]] = {}

    def look(model: nn.Module, step: int) -> None:
        if step in LOOKS:
            mu, sigma = history[step] = read(model, truth)
            errors[step] = (mu - truth[:, CONTEXT:]).square().mean(dim=1).sqrt()
            cells = [
                f"{error:8.3f} {spread:6.3f}" for error, spread in zip(errors[step], sigma.mean(dim=1), strict=True)
            ]
            print(f"  {step:5d} |" + " |".join(cells), flush=True)

    print("   step |" + " |".join(f"{name:^15}" for name in grammar()))
    print("        |" + " |".join("    RMSE  sigma" for _ in grammar()))
    train_gaussian(train, STEPS, look=look)
    first = {name: next((step for step, e in errors.items() if e[i] < RIGHT), None) for i, name in enumerate(grammar())}
    order = sorted((step, name) for name, step in first.items() if step is not None)
    print(
        "\nAnswer to step 6: read to within twice the noise, first seen at step "
        + ", ".join(f"{s} ({n})" for s, n in order)
        + "."
    )
    print("Never read: " + (", ".join(name for name, step in first.items() if step is None) or "none") + ".")
    mu, sigma = history[STEPS]
    wrong, sure = errors[STEPS][1].item(), sigma[1].mean().item()
    end, share = range_of_training(train)
    print(
        "Notice: the flat line needs no training. Normalised it is zero everywhere, and so is the prediction, in its units."
    )
    begin, last = mu[1, 0].item(), mu[1, -1].item()
    print(
        f"Notice: the line errs by {wrong:.2f}, and its sigma says {sure:.2f}. The mean goes from {begin:.1f} to {last:.1f} where the line goes from"
    )
    print("5.0 to 5.3: the model bends it back, as every series of its training bends.")
    print(f"Notice: what follows a normalised line has a mean of {end:.2f}, and")
    print(
        f"{share:.1%} of the training series end as far out. The model has to extrapolate, and a network trained to be sure"
    )
    print("elsewhere does not know that it is far from home: nothing in the loss ever asked it about such a place.")
    draw(history, errors, mu, sigma)
    print(
        "\nQuestion: every prediction was one patch. How far ahead can the model go, and does its band still hold there?"
    )


if __name__ == "__main__":
    main()
