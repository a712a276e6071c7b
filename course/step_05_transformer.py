"""Step 5: the transformer: several heads, a feed-forward network, the residual stream; the block and the stack.

Step 4 had one attention. A transformer block has several at once (heads), so that a patch can ask several questions,
and a feed-forward network (FFN), so that it can compute with the answers. Both only add to a stream x that runs through
all blocks. A stack of blocks is the whole transformer. The classes are those of nano_tst.py, with their sizes as
arguments. At the end stands the comparison that step 2 asked for: when does one matrix lose?
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from step_01_data_and_patches import BLUE, CONTEXT, GREY, PATCH, SEED, TOKENS, make_series, make_sets, rmse, save
from step_02_linear_baseline import fit, inputs
from step_03_normalisation_and_embedding import WIDTH, normalise, train_mean

HEADS, LAYERS = 4, 2  # with a width of 64: 0.1 million parameters; nano_tst.py has 0.8 million


# 1. Several heads. ----------------------------------------------------------------------------------------------------
class CausalSelfAttention(nn.Module):
    """Each head attends on its own, in its own slice of the width; `out` mixes what the heads bring."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)  # queries, keys and values in one product
        self.out = nn.Linear(width, width)

    def hidden(self, length: int) -> Tensor:
        """What each patch must not see, (T, T): the columns after its own."""
        return torch.ones(length, length, dtype=torch.bool).triu(diagonal=1)

    def split(self, x: Tensor) -> Tensor:
        return self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # three of (B, heads, T, size)

    def attend(self, query: Tensor, key: Tensor) -> Tensor:
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        return scores.masked_fill(self.hidden(query.shape[-2]), -math.inf).softmax(dim=-1)

    def weights(self, x: Tensor) -> Tensor:
        """Who looks at whom, for each head: (B, heads, T, T)."""
        query, key, _ = self.split(x)
        return self.attend(query, key)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.split(x)
        return self.out((self.attend(query, key) @ value).transpose(1, 2).flatten(-2))


# 2. The block. --------------------------------------------------------------------------------------------------------
class Block(nn.Module):
    """Attention moves information between patches, the FFN works on each patch alone; both only add to x."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)  # keep the inputs of each part of one size
        self.attention = CausalSelfAttention(width, heads)
        self.ffn = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.ffn(self.norm2(x))


# 3. The stack. --------------------------------------------------------------------------------------------------------
class Transformer(nn.Module):
    """Patches (B, T, patch) to `outputs` numbers for each of them (B, T, outputs), from it and those before it."""

    def __init__(
        self, outputs: int = PATCH, patch: int = PATCH, width: int = WIDTH, heads: int = HEADS, layers: int = LAYERS
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(patch, width)
        self.positions = nn.Parameter(0.02 * torch.randn(CONTEXT // patch, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)

    def forward(self, patches: Tensor) -> Tensor:
        x = self.embed(patches) + self.positions[: patches.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


# 4. When does one matrix lose? ----------------------------------------------------------------------------------------
# Both see the first `past` patches and predict the next, in normalised units. Two kinds of series: those of the course,
# with 18 possible periods, and series whose number of waves in 512 steps is any real number from 2 to 19.
@torch.no_grad()
def compare(model: nn.Module, train: Tensor, test: Tensor) -> dict[int, tuple[float, float]]:
    """RMSE of the matrix and of the transformer, by the number of patches that they see."""
    predicted, errors = model(test[:, :-1]), {}
    for past in (1, 2, 4, 8, TOKENS):
        linear = inputs(test[:, : past + 1], past)[:, 0] @ fit(train, past)
        errors[past] = rmse(linear, test[:, past]), rmse(predicted[:, past - 1], test[:, past])
    return errors


def draw(results: dict[str, dict[int, tuple[float, float]]]) -> None:
    figure, grid = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for axes, (name, errors) in zip(grid, results.items(), strict=True):
        for index, (label, colour) in enumerate((("matrix", GREY), ("transformer", BLUE))):
            axes.plot(list(errors), [pair[index] for pair in errors.values()], "o-", color=colour, label=label)
        axes.set(title=name, xlabel="patches seen", xscale="log", yscale="log", ylabel="RMSE, normalised")
        axes.set_xticks(list(errors), list(errors))
        axes.minorticks_off()
        axes.set_yticks([0.1, 0.2, 0.5, 1.0], [0.1, 0.2, 0.5, 1.0])
    grid[0].legend()
    save(figure, "step_05_matrix_and_transformer")


def main() -> None:
    generator = torch.Generator().manual_seed(SEED)
    cycles = 2 + 17 * torch.rand(2500, 1, generator=generator)
    free = make_series(2500, CONTEXT + PATCH, generator, cycles)
    results = {}
    for name, sets in {"18 possible periods": make_sets(), "any period": (free[:2000], free[2000:])}.items():
        torch.manual_seed(SEED)
        model, (train, test) = Transformer(), (normalise(series) for series in sets)
        train_mean(model, train, steps=2000)
        results[name] = compare(model, train, test)
        print(f"{name}: RMSE of the next patch, normalised")
        print("  patches seen   matrix  transformer")
        for past, (linear, ours) in results[name].items():
            print(f"  {past:12d} {linear:8.3f} {ours:12.3f}")
        print()
    known, any_period = results.values()
    print(
        f"Answer to step 4: with 16 patches, whole waves and few periods, the matrix has {known[16][0]:.3f} and the transformer"
    )
    print(
        f"{known[16][1]:.3f}: there one matrix nearly equals the transformer. It loses wherever the list of patterns is longer than"
    )
    print(
        f"it can hold. With 8 patches it has {known[8][0]:.2f} against {known[8][1]:.2f}. With any period it has {any_period[16][0]:.2f} against {any_period[16][1]:.2f} even"
    )
    print("with 16 patches. One matrix is one rule for all series; attention and the FFN make a rule for each series.")
    print("Notice: one transformer serves every length. The matrix needs one for each number of patches.")
    draw(results)
    print(
        "\nQuestion: every prediction so far is one number per value. How sure is the model of it, and is it right to be?"
    )


if __name__ == "__main__":
    main()
