"""Step 4: causal self-attention with a single head.

The network of step 3 reads each patch alone. Attention lets a patch read the ones before it. Each patch makes three
vectors: a query (what it asks), a key (what it offers) and a value (what it gives). A query that matches a key takes
more of that patch's value. The mask hides the future, so that one series of 17 patches is 16 exercises at once.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from step_01_data_and_patches import PATCH, SEED, TOKENS, make_sets, save
from step_02_linear_baseline import fit, predict_last
from step_03_normalisation_and_embedding import WIDTH, OnePatch, last_rmse, normalise, test_rmse, train_mean


# 1. Attention. --------------------------------------------------------------------------------------------------------
class SingleHeadAttention(nn.Module):
    """Patches (B, T, 64) to mixtures of themselves and the patches before them (B, T, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.out = nn.Linear(WIDTH, WIDTH)

    def weights(self, x: Tensor) -> Tensor:
        """Who looks at whom, (B, T, T): row i asks, column j answers, and each row sums to one."""
        scores = self.query(x) @ self.key(x).transpose(-2, -1) / math.sqrt(WIDTH)  # large products would freeze softmax
        length = x.shape[1]
        future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(diagonal=1)  # j > i
        return scores.masked_fill(future, -math.inf).softmax(dim=-1)  # exp(-inf) = 0: nothing comes from the future

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.weights(x) @ self.value(x))


# 2. A model around it. ------------------------------------------------------------------------------------------------
class AttentionModel(nn.Module):
    """Patches (B, T, 32) to predictions of the next ones (B, T, 32): embedding, one attention, head."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(PATCH, WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(TOKENS, WIDTH))  # attention has no order of its own
        self.attention = SingleHeadAttention()
        self.head = nn.Linear(WIDTH, PATCH)

    def embedded(self, patches: Tensor) -> Tensor:
        return self.embed(patches) + self.positions[: patches.shape[1]]

    def forward(self, patches: Tensor) -> Tensor:
        x = self.embedded(patches)
        return self.head(x + self.attention(x))


# 3. Two checks that every attention should pass. ----------------------------------------------------------------------
@torch.no_grad()
def checks(attention: SingleHeadAttention) -> tuple[float, bool]:
    """The largest difference from torch's own attention, and whether a change of patch 9 leaves patches 1 to 8 alone."""
    x = torch.randn(4, TOKENS, WIDTH, generator=torch.Generator().manual_seed(SEED))
    mixed = nn.functional.scaled_dot_product_attention(
        attention.query(x), attention.key(x), attention.value(x), is_causal=True
    )
    other = x.clone()
    other[:, 8] += 1.0
    difference = (attention(x) - attention.out(mixed)).abs().max().item()
    return difference, torch.equal(attention(x)[:, :8], attention(other)[:, :8])


def draw(weights: Tensor) -> None:
    figure, grid = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    for axes, matrix in zip(grid, weights, strict=True):
        image = axes.imshow(matrix, cmap="Blues", vmin=0, vmax=weights.max().item(), extent=(0.5, 16.5, 16.5, 0.5))
        axes.set(xlabel="patch that answers", ylabel="patch that asks")
    figure.colorbar(image, ax=grid, label="weight")
    figure.suptitle("Attention on three test series: white above the diagonal is the mask")
    save(figure, "step_04_self_attention")


def main() -> None:
    torch.manual_seed(SEED)
    train, test = make_sets()
    one, model = OnePatch(), AttentionModel()
    difference, causal = checks(model.attention)
    print(f"Difference from torch's scaled_dot_product_attention with the same weights: {difference:.1e}.")
    print(f"Patch 9 changed, patches 1 to 8 came out the same: {causal}.\n")

    train_mean(one, normalise(train), steps=1000)
    train_mean(model, normalise(train), steps=1000)
    network, together = test_rmse(one, test), test_rmse(model, test)
    single, matrix = (
        last_rmse(predict_last(fit(normalise(train), past), normalise(test), past), test) for past in (1, TOKENS)
    )
    with torch.no_grad():
        weights = model.attention.weights(model.embedded(normalise(test)[:, :-1]))
    own, first = weights[:, -1, -1].mean().item(), weights[:, -1].max(dim=-1).values.mean().item()
    print("RMSE of patch 17")
    print(f"  matrix of one patch               {single:.3f}")
    print(f"  one attention, and no other layer {together:.3f}")
    print(f"  network of one patch (step 3)     {network:.3f}")
    print(f"  matrix of 16 patches              {matrix:.3f}")
    print(
        "\nAnswer to step 3: a patch asks with a query, and takes the values whose keys match. Without any other layer this"
    )
    print(f"brings the error from {single:.2f}, what one patch says linearly, to {together:.2f}.")
    print(
        f"Notice: the network of step 3 reads one patch and still has {network:.2f}. It can compute with what it reads, while one"
    )
    print(
        "attention only averages. Looking back and computing are two different abilities, and this model has only one."
    )
    print(
        f"Notice: patch 16 keeps {own:.0%} of its attention for itself. Its strongest weight is {first:.0%} on average;"
    )
    print(
        f"even attention would be {1 / TOKENS:.0%} everywhere. The weights differ from series to series; a matrix has one set."
    )
    draw(weights[:3])
    print(
        "\nQuestion: the matrix of 16 patches is still the best. What does a model reach that looks back and computes, and is"
    )
    print("there any series on which the matrix loses?")


if __name__ == "__main__":
    main()
