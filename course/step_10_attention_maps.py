"""Step 10: attention maps. Does a patch look one period back?

It is a tempting story: on a sine whose period is a whole number of patches, the best witness of the next patch is the
patch one period before it, so attention will look there. We measure it instead of believing it: three periods, three
seeds, all eight heads. The mean over the heads and the single heads answer differently.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from step_01_data_and_patches import BLUE, CONTEXT, ORANGE, PATCH, TOKENS, make_sets, save
from step_03_normalisation_and_embedding import normalise
from step_05_transformer import HEADS, LAYERS, Transformer
from step_06_gaussian_head import train_gaussian

SEEDS, STEPS, SHOWN = (0, 1, 2), 2500, 1
COUNTED = len(SEEDS) * LAYERS * HEADS  # heads that are counted for each period: 24
PERIODS = (2, 4, 8)  # in patches; all make a whole number of waves in 512 steps
PHASES = 16  # one map is the mean over sines that begin at 16 different phases


# 1. The maps. ---------------------------------------------------------------------------------------------------------
def sines(period: int) -> Tensor:
    """Clean sines (16, 544) with a period of so many patches, normalised, as the 16 patches of context."""
    t = torch.arange(CONTEXT + PATCH) / (period * PATCH)
    phase = torch.arange(PHASES)[:, None] / PHASES
    return normalise(torch.sin(2 * math.pi * (t + phase)))[:, :-1]


@torch.no_grad()
def maps(model: Transformer, patches: Tensor) -> Tensor:
    """The weights of all layers and heads, averaged over the series: (layers * heads, 16, 16)."""
    x, found = model.embed(patches) + model.positions, []
    for block in model.blocks:
        found.append(block.attention.weights(block.norm1(x)).mean(dim=0))
        x = block(x)
    return torch.cat(found)


# 2. The measurement. --------------------------------------------------------------------------------------------------
# Patch i predicts patch i + 1. Its twin one period before is patch i + 1 - period, which is `period - 1` patches back
# from i. On a clean sine all patches a whole period apart are equal, so only positions tell the twin from the patch one
# period before it. We therefore add up whole periods: the share of attention by place in the period, 0 to period - 1.
def by_offset(weights: Tensor) -> Tensor:
    """The mean weights that the last four patches give to the patches 0 to 11 before them: (12,)."""
    return torch.stack([weights[row, row - 11 : row + 1].flip(0) for row in range(TOKENS - 4, TOKENS)]).mean(dim=0)


def by_place(profile: Tensor, period: int) -> Tensor:
    """The share of each place in the period, (period,); the twin has the last place. Even attention gives 1 / period."""
    whole = 12 // period * period
    places = profile[:whole].unflatten(0, (-1, period)).sum(dim=0)
    return places / places.sum()


def answer(shares: dict[int, list[Tensor]]) -> None:
    print(
        "\nAnswer to step 9: does a patch look one period back? Heads of all seeds whose favourite place is the twin:"
    )
    yes = 0
    for period, runs in shares.items():
        heads, chance = torch.cat(runs), COUNTED / period
        first = (heads.argmax(dim=1) == period - 1).sum().item()
        yes += first >= 1.5 * chance
        print(f"  period of {period} patches: {first:2d} of {COUNTED}; by chance {chance:.0f}")
    print("No: the heads do not prefer the patch one period back to other patches." if yes == 0 else "Yes, for some.")
    least, most = (torch.cat(shares[2])[:, -1].sort().values[i].item() for i in (0, -1))
    print(
        "Notice: single heads do choose. With a period of 2 patches one head gives the twin and the patches whole periods"
    )
    print(
        f"before it {most:.0%}. Another gives them {least:.0%}: it reads the patches half a period away, where the wave is its own"
    )
    print("mirror image. They are as good a witness.")
    print(
        "Notice: whoever shows the right head tells the tempting story. All heads together do not tell it. A map shows"
    )
    print("where a head reads, not what the network makes of it.")


def draw(profiles: dict[int, Tensor], heads: Tensor) -> None:
    figure, (above, below) = plt.subplots(2, len(PERIODS), figsize=(12, 6.5), layout="constrained")
    for axes, (period, profile) in zip(above, profiles.items(), strict=True):
        axes.plot(profile.T, "o-", ms=3, lw=1, color=BLUE, alpha=0.5)
        axes.plot(profile.mean(dim=0), color=ORANGE, lw=2, label="mean of the eight heads")
        axes.axvline(period - 1, color="black", lw=0.8, ls=":", label="one period before the next patch")
        axes.set(title=f"period of {period} patches, seed {SHOWN}", xlabel="patches back", ylabel="share of attention")
    figure.legend(*above[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    for axes, weights, name in zip(below, heads, ("weakest", "middle", "strongest"), strict=True):
        axes.imshow(weights, cmap="Blues", vmin=0, vmax=0.6, extent=(0.5, 16.5, 16.5, 0.5))
        axes.set(title=f"period of 4: head with the {name} twin", xlabel="patch that answers", ylabel="patch that asks")
    save(figure, "step_10_attention_maps")


def main() -> None:
    train = normalise(make_sets(20_000)[0])
    shares: dict[int, list[Tensor]] = {period: [] for period in PERIODS}
    profiles: dict[int, Tensor] = {}
    print("Share of attention at the place of the twin, summed over whole periods")
    print("  seed  period   even   mean of heads   each head, layer 1 | layer 2")
    for seed in SEEDS:
        model = train_gaussian(train, STEPS, seed=seed)
        for period in PERIODS:
            heads = maps(model, sines(period))
            profile = torch.stack([by_offset(head) for head in heads])
            places = torch.stack([by_place(head, period) for head in profile])  # (8, period)
            shares[period].append(places)
            together = by_place(profile.mean(dim=0), period)[-1].item()
            cells = [f"{share:4.0%}" for share in places[:, -1].tolist()]
            print(
                f"  {seed:4d} {period:7d} {1 / period:6.0%} {together:15.0%}  ", *cells[:4], "|", *cells[4:], flush=True
            )
            if seed == SHOWN:
                profiles[period] = profile
                if period == 4:
                    shown = heads[places[:, -1].argsort()[[0, 4, 7]]]
    answer(shares)
    draw(profiles, shown)
    print("\nThis was the last step. docs/learn/bridge.md goes from here to the model that segue forecasts with.")


if __name__ == "__main__":
    main()
