"""Step 3: instance normalisation and the embedding.

A level of 1,000 and a level of 0.01 should look the same to a model. So every series is brought to mean 0 and standard
deviation 1 by its own statistics, and each prediction is brought back by the same two numbers. Then the patch, 32
values, goes through one linear layer and becomes a vector of 64: the embedding, on which all later layers work.
"""

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from step_01_data_and_patches import BLUE, CONTEXT, ORANGE, PATCH, SEED, TOKENS, make_sets, patchify, rmse, save
from step_02_linear_baseline import fit, predict_last

WIDTH, BATCH, LEARNING_RATE = 64, 32, 1e-3


# 1. Normalisation. ----------------------------------------------------------------------------------------------------
# The statistics are those of the 512 steps of context, never of patch 17: what we predict must not help us predict it.
def statistics(context: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each series: (B, steps) -> (B, 1), (B, 1)."""
    variance, mean = torch.var_mean(context, dim=-1, keepdim=True, correction=0)
    return mean, (variance + 1e-5).sqrt()  # 1e-5: a flat line has no deviation to divide by


def normalise(series: Tensor) -> Tensor:
    """Series (B, 544) by the statistics of their first 512 steps, as patches (B, 17, 32)."""
    mean, scale = statistics(series[:, :CONTEXT])
    return patchify((series - mean) / scale)


def last_rmse(prediction: Tensor, series: Tensor) -> float:
    """RMSE of patch 17 in the units of the series, of a normalised prediction (B, 32)."""
    mean, scale = statistics(series[:, :CONTEXT])
    return rmse(prediction * scale + mean, series[:, CONTEXT:])


# 2. The embedding, and a network that sees one patch. -----------------------------------------------------------------
class OnePatch(nn.Module):
    """Patches (B, T, 32) to predictions of the next ones (B, T, 32); each patch is read alone."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(PATCH, WIDTH)  # the embedding: 64 numbers, each a weighted sum of the 32 values
        self.ffn = nn.Sequential(nn.GELU(), nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
        self.head = nn.Linear(WIDTH, PATCH)

    def forward(self, patches: Tensor) -> Tensor:
        x = self.embed(patches)  # (B, T, 32) -> (B, T, 64)
        return self.head(x + self.ffn(x))


def train_mean(model: nn.Module, patches: Tensor, steps: int) -> None:
    """Trains by the squared error of the next patch: patches 1 to 16 go in, patches 2 to 17 are the targets."""
    generator = torch.Generator().manual_seed(SEED)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    for _ in range(steps):
        rows = torch.randint(len(patches), (BATCH,), generator=generator)
        loss = nn.functional.mse_loss(model(patches[rows, :-1]), patches[rows, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@torch.no_grad()
def test_rmse(model: nn.Module, series: Tensor) -> float:
    """RMSE of patch 17 by a trained model, in the units of the series."""
    return last_rmse(model(normalise(series)[:, :-1])[:, -1], series)


def draw(model: OnePatch, test: Tensor) -> None:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    left.plot(test[:6].T, lw=0.8)
    left.set(title="Six series as they come", xlabel="time step")
    middle.plot(normalise(test[:6]).flatten(1).T, lw=0.8)
    middle.set(title="The same six, normalised", xlabel="time step")
    filters = model.embed.weight.detach()
    strongest = filters.norm(dim=1).argsort(descending=True)[:3]
    for row, colour in zip(filters[strongest], (BLUE, ORANGE, "black"), strict=True):
        right.plot(row, color=colour, lw=1.2)
    right.axhline(0, color="black", lw=0.5)
    right.set(title="Three of 64 rows of the trained embedding", xlabel="step inside the patch", ylabel="weight")
    save(figure, "step_03_normalisation_and_embedding")


def main() -> None:
    torch.manual_seed(SEED)
    train, test = make_sets()
    raw, scaled = fit(patchify(train), TOKENS), fit(normalise(train), TOKENS)
    changes = {"as they are": (1.0, 0.0), "1,000 higher": (1.0, 1000.0), "a thousandth": (0.001, 0.0)}
    print("RMSE of patch 17 by a matrix of 16 patches, in units of the test series before the change")
    print("  test series      plain  normalised")
    errors = {}
    for name, (factor, level) in changes.items():
        series = test * factor + level
        plain = rmse(predict_last(raw, patchify(series), TOKENS), series[:, CONTEXT:])
        clean = last_rmse(predict_last(scaled, normalise(series), TOKENS), series)
        errors[name] = plain / factor, clean / factor
        print(f"  {name:14} {errors[name][0]:7.3f} {errors[name][1]:11.3f}")
    print(
        f"\nAnswer to step 2: at a level of 1,000 the plain matrix errs by {errors['1,000 higher'][0]:.2f} instead of"
    )
    print(
        f"{errors['as they are'][0]:.2f}, and at a thousandth by {errors['a thousandth'][0]:.2f}: its bias and its rounding belong to one level and"
    )
    print(
        f"one size. The normalised one errs by {errors['1,000 higher'][1]:.3f} and {errors['a thousandth'][1]:.3f}.\n"
    )

    one = fit(normalise(train), 1)
    model = OnePatch()
    train_mean(model, normalise(train), steps=1000)
    linear, network = last_rmse(predict_last(one, normalise(test), 1), test), test_rmse(model, test)
    print(f"From one patch alone: the matrix reaches {linear:.3f}, the network with its embedding {network:.3f}.")
    print(f"Notice: one patch is not enough for either; the matrix of 16 patches has {errors['as they are'][1]:.3f}.")
    draw(model, test)
    print("\nQuestion: the network reads each patch alone. How can a patch ask the earlier ones for what it lacks?")


if __name__ == "__main__":
    main()
