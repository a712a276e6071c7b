"""Step 6: the Gaussian head, its loss, and calibration.

A forecast that does not say how sure it is cannot be used to decide anything. So the head gives two numbers for each
value: a mean and a standard deviation. The loss is the negative log-likelihood (NLL): an error costs less to a model
that said beforehand that it was unsure. Calibration is the check: does the 80 % band hold 80 % of the values?
In nano_tst.py it holds 71.3 % at 128 steps. This step and step 8 show where the rest goes.
"""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from step_01_data_and_patches import BLUE, GREY, ORANGE, PATCH, SEED, make_sets, save
from step_03_normalisation_and_embedding import BATCH, LEARNING_RATE, normalise
from step_05_transformer import Transformer

LEVELS = torch.arange(0.1, 1.0, 0.1)  # bands of 10 % to 90 %
FEW, MANY, STEPS = 200, 20_000, 2500  # 2,500 steps of 32 series: each of the few is read 400 times, of the many 4 times


# 1. The head and the loss. --------------------------------------------------------------------------------------------
def gaussian(model: nn.Module, patches: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every value of every next patch; the model has two outputs for each value."""
    mu, raw = model(patches).chunk(2, dim=-1)
    return mu, nn.functional.softplus(raw) + 1e-3  # softplus makes it positive; 1e-3 bounds the cost of a surprise


def gaussian_nll(mu: Tensor, sigma: Tensor, target: Tensor) -> Tensor:
    """-log N(target; mu, sigma), averaged over all values."""
    return (0.5 * ((target - mu) / sigma) ** 2 + sigma.log() + 0.5 * math.log(2 * math.pi)).mean()


def train_gaussian(
    patches: Tensor, steps: int, seed: int = SEED, look: Callable[[nn.Module, int], None] = lambda model, step: None
) -> nn.Module:
    """A transformer trained by the NLL of the next patch; `look(model, step)` is called before every step and after."""
    torch.manual_seed(seed)
    model, generator = Transformer(outputs=2 * PATCH), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    for step in range(steps):
        look(model, step)
        rows = torch.randint(len(patches), (BATCH,), generator=generator)
        loss = gaussian_nll(*gaussian(model, patches[rows, :-1]), patches[rows, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    look(model, steps)
    return model


# 2. Calibration. ------------------------------------------------------------------------------------------------------
@torch.no_grad()
def calibration(model: nn.Module, patches: Tensor) -> Tensor:
    """The share of the values of patch 17 inside the band of each level: (9,)."""
    mu, sigma = (part[:, -1] for part in gaussian(model, patches[:, :-1]))
    distance = ((patches[:, -1] - mu) / sigma).abs()
    reach = math.sqrt(2) * torch.erfinv(LEVELS)  # 1.28 standard deviations to each side hold 80 % of a Gaussian
    return (distance <= reach[:, None, None]).float().mean(dim=(1, 2))


def nano_tst_coverage() -> tuple[float, float]:
    """Of nano_tst.py, one patch ahead, on training and test series, as `python -m course.nano_tst_coverage` measured."""
    with (Path(__file__).parent / "results" / "nano_tst_coverage.csv").open(encoding="utf-8") as file:
        seen, unseen = (float(row["coverage"]) for row in csv.DictReader(file) if row["band"] == "mean and sigma")
    return seen, unseen


def draw(history: dict[int, tuple[float, float]], curves: dict[str, Tensor]) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for index, (name, colour) in enumerate((("series it learns from", GREY), ("test series", BLUE))):
        left.plot(list(history), [pair[index] for pair in history.values()], "o-", color=colour, label=name)
    left.axhline(0.8, color="black", lw=0.8, ls=":")
    left.set(title=f"Coverage of the 80 % band, {FEW} training series", xlabel="step of training", ylim=(0.4, 1))
    left.legend()
    right.plot([0, 1], [0, 1], color="black", lw=0.8, ls=":", label="honest")
    for (name, curve), colour in zip(curves.items(), (ORANGE, BLUE), strict=True):
        right.plot(LEVELS, curve, "o-", color=colour, label=name)
    right.set(title="Test series, after training", xlabel="level of the band", ylabel="share of values inside")
    right.legend()
    save(figure, "step_06_calibration")


def main() -> None:
    few, test = make_sets(FEW)
    few, test = normalise(few), normalise(test)
    history: dict[int, tuple[float, float]] = {}

    def look(model: nn.Module, step: int) -> None:
        if step in (100, 250, 500, 1000, 1500, 2000, STEPS):
            losses = [gaussian_nll(*gaussian(model, p[:, :-1]), p[:, 1:]).item() for p in (few, test)]
            covered = [calibration(model, patches)[7].item() for patches in (few, test)]  # LEVELS[7] is 80 %
            history[step] = covered[0], covered[1]
            print(f"  {step:5d} {losses[0]:10.3f} {losses[1]:8.3f} {covered[0]:12.1%} {covered[1]:8.1%}", flush=True)

    print(f"A model that learns from {FEW} series only")
    print("   step   NLL: seen     test   80 % band: seen   test")
    overfitted = train_gaussian(few, STEPS, look=look)
    many = train_gaussian(normalise(make_sets(MANY)[0]), STEPS)
    curves = {f"{FEW} training series": calibration(overfitted, test), f"{MANY:,} series": calibration(many, test)}
    early, late, better = history[250], history[STEPS], curves[f"{MANY:,} series"][7].item()
    print(
        f"\nAnswer to step 5: on the series that it learns from, the 80 % band holds {late[0]:.0%}: the head can be right."
    )
    print(
        f"On test series the same model holds {early[1]:.0%} after 250 steps and {late[1]:.0%} at the end. Sigma shrinks to the"
    )
    print("errors on series that it knows by heart, and errors on new series stay larger: overfitting, seen in sigma.")
    print(f"Notice: with {MANY:,} training series, each read four times, the band of test series holds {better:.0%}.")
    seen, unseen = nano_tst_coverage()
    print(f"Notice: nano_tst.py reads 2,000 series 100 times. One patch ahead its band holds {seen:.1%} on them, and")
    print(f"{unseen:.1%} on test series. So overfitting is a small part of why it holds 71.3 % over four patches.")
    print("Step 8 shows the larger part.")
    draw(history, curves)
    print(
        "\nQuestion: the model knows how sure to be of series like those it has learnt from. What does it say of others,"
    )
    print("which a child continues at once: a flat line, a rising line, a sine without noise?")


if __name__ == "__main__":
    main()
