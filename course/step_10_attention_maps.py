"""Step 10: attention maps. Does a patch look one period back?

It is a tempting story: on a sine whose period is a whole number of patches, the best witness of the next patch is the
patch one period before it, so attention will look there. We measure it instead of believing it: five periods, three
seeds, every layer and head.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from step_01_data_and_patches import BLUE, CONTEXT, GREY, ORANGE, PATCH, TOKENS, make_sets, save
from step_03_normalisation_and_embedding import normalise
from step_05_transformer import Transformer
from step_06_gaussian_head import train_gaussian

SEEDS, STEPS = (0, 1, 2), 2500
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
# Patch i predicts patch i + 1. Its twin one period before is patch i + 1 - period, `period - 1` patches back from i. The
# last four patches ask. The share of their attention at that offset is compared with the mean of the two next to it.
def share(weights: Tensor, back: int) -> float:
    """The mean weight that the last four patches give to the patch `back` before them."""
    return torch.stack([weights[row, row - back] for row in range(TOKENS - 4, TOKENS)]).mean().item()


def witness(heads: Tensor, period: int) -> tuple[list[float], float, float]:
    """Of all heads together: the profile by offset, the share at the twin, and that of its neighbours."""
    together, back = heads.mean(dim=0), period - 1
    profile = [share(together, offset) for offset in range(12)]
    beside = [profile[offset] for offset in (back - 1, back + 1) if offset >= 0]
    return profile, profile[back], sum(beside) / len(beside)


def draw(heads: Tensor, profiles: dict[int, list[list[float]]]) -> None:
    figure = plt.figure(figsize=(12, 6.5), layout="constrained")
    above, below = figure.subfigures(2, 1)
    for index, (axes, weights) in enumerate(zip(above.subplots(1, len(heads)), heads, strict=True)):
        axes.imshow(weights, cmap="Blues", vmin=0, vmax=0.6, extent=(0.5, 16.5, 16.5, 0.5))
        axes.set(title=f"layer {index // 4 + 1}, head {index % 4 + 1}", xticks=[1, 16], yticks=[1, 16])
    above.suptitle("Who looks at whom on a sine of 4 patches, seed 0: rows ask, columns answer")
    for axes, (period, runs) in zip(below.subplots(1, len(profiles), sharey=True), profiles.items(), strict=True):
        for profile in runs:
            axes.plot(profile, "o-", ms=3, color=BLUE, lw=1)
        axes.axvline(period - 1, color=ORANGE, lw=1.5, label="one period before the next patch")
        axes.axhline(1 / TOKENS, color=GREY, lw=1, ls=":", label="even attention")
        axes.set(title=f"period of {period} patches, three seeds", xlabel="patches back", ylabel="share of attention")
    axes.legend()
    save(figure, "step_10_attention_maps")


def main() -> None:
    train = normalise(make_sets(20_000)[0])
    profiles: dict[int, list[list[float]]] = {period: [] for period in PERIODS}
    ratios: dict[int, list[float]] = {period: [] for period in PERIODS}
    print("share of attention one period before the next patch, its neighbours, and the best single head")
    print("  seed  period     twin  beside   ratio   best head")
    for seed in SEEDS:
        model = train_gaussian(train, STEPS, seed=seed)
        for period in PERIODS:
            heads = maps(model, sines(period))
            profile, twin, beside = witness(heads, period)
            best = max(share(head, period - 1) for head in heads)
            profiles[period].append(profile)
            ratios[period].append(twin / beside)
            print(f"  {seed:4d} {period:7d} {twin:8.1%} {beside:7.1%} {twin / beside:7.2f} {best:11.0%}", flush=True)
            if seed == 0 and period == 4:
                shown = heads
    every = [ratio for runs in ratios.values() for ratio in runs]
    above = sum(ratio > 1.2 for ratio in every)
    print(
        f"\nAnswer: a patch gave its twin at least 1.2 times the attention of the neighbours in {above} of {len(every)} runs."
    )
    for period, runs in ratios.items():
        verdict = "yes" if min(runs) > 1.2 else "no" if max(runs) <= 1.2 else "it depends on the seed"
        print(f"  period of {period} patches: {', '.join(f'{ratio:.2f}' for ratio in runs)}: {verdict}")
    favourites = [max(range(12), key=profile.__getitem__) for profile in profiles[4]]
    print(
        f"Notice: at a period of 4 patches the largest share lies {', '.join(map(str, favourites))} patches back, by seed. One and five patches back"
    )
    print("is half a period from the next patch. There a sine is its own mirror image, which is as good a witness.")
    print(
        "Notice: a forecast can be right without this pattern. On a sine every earlier patch is a witness of amplitude and"
    )
    print("phase, so the network may read any of them, and a map shows where it reads, not what it makes of it.")
    draw(shown, profiles)
    print("\nThis was the last step. docs/learn/bridge.md goes from here to the model that segue forecasts with.")


if __name__ == "__main__":
    main()
