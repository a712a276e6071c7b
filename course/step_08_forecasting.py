"""Step 8: forecasting far ahead, by sampling one patch after another.

A language model writes a text by drawing the next token, appending it, and reading on. We do the same with patches. One
path is one possible future; the quantiles over many paths are the forecast. The question is what becomes of the band.
"""

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from step_01_data_and_patches import BLUE, CONTEXT, GREY, ORANGE, PATCH, SEED, make_series, make_sets, patchify, save
from step_03_normalisation_and_embedding import normalise, statistics
from step_06_gaussian_head import gaussian, train_gaussian

HORIZON, PATHS, STEPS = 128, 100, 4000
LEVELS = torch.tensor([0.1, 0.5, 0.9])


# 1. Sampling. ---------------------------------------------------------------------------------------------------------
# Each window is normalised anew, by what lies behind only. The values inside a patch are drawn independently. If
# the model has the phase wrong, it has it wrong for the whole patch, and such draws do not show that.
@torch.no_grad()
def sample(model: nn.Module, context: Tensor, horizon: int, generator: torch.Generator, paths: int = PATHS) -> Tensor:
    """The 10 %, 50 % and 90 % quantiles (3, B, horizon) of what follows a context (B, 512)."""
    series = context.repeat_interleave(paths, dim=0)  # (B * paths, 512)
    while series.shape[1] < CONTEXT + horizon:
        window = series[:, -CONTEXT:]
        mean, scale = statistics(window)
        mu, sigma = (part[:, -1] for part in gaussian(model, patchify((window - mean) / scale)))
        drawn = torch.normal(mu, sigma, generator=generator)  # one draw of the next patch
        series = torch.cat([series, drawn * scale + mean], dim=1)
    drawn = series[:, CONTEXT : CONTEXT + horizon].unflatten(0, (-1, paths))  # (B, paths, horizon)
    return drawn.quantile(LEVELS, dim=1)


# 2. The other way: the mean goes on. ----------------------------------------------------------------------------------
@torch.no_grad()
def feed_means(model: nn.Module, context: Tensor, horizon: int) -> Tensor:
    """The same with the mean of each patch appended instead of a draw; the band of each patch is mu +- 1.28 sigma."""
    series, bands = context, []
    while series.shape[1] < CONTEXT + horizon:
        window = series[:, -CONTEXT:]
        mean, scale = statistics(window)
        mu, sigma = (part[:, -1] * scale for part in gaussian(model, patchify((window - mean) / scale)))
        bands.append(torch.stack([mu - 1.2816 * sigma, mu, mu + 1.2816 * sigma]) + mean)
        series = torch.cat([series, mu + mean], dim=1)
    return torch.cat(bands, dim=-1)[..., :horizon]


def measure(bands: Tensor, truth: Tensor) -> tuple[list[float], list[float], list[float]]:
    """For each of the four patches ahead: RMSE of the median, share of values in the band, mean width of the band."""
    parts = [(bands[..., i : i + PATCH], truth[:, i : i + PATCH]) for i in range(0, HORIZON, PATCH)]
    errors = [(b[1] - t).square().mean().sqrt().item() for b, t in parts]
    covered = [((b[0] <= t) & (t <= b[2])).float().mean().item() for b, t in parts]
    return errors, covered, [(b[2] - b[0]).mean().item() for b, _ in parts]


def draw(quantiles: Tensor, series: Tensor) -> None:
    figure, grid = plt.subplots(2, 2, figsize=(11, 5.5), sharex=True, layout="constrained")
    steps = range(CONTEXT, CONTEXT + HORIZON)
    for index, axes in enumerate(grid.flat):
        low, middle, high = quantiles[:, index]
        axes.plot(
            range(CONTEXT - HORIZON, CONTEXT + HORIZON),
            series[index, CONTEXT - HORIZON :],
            color=GREY,
            lw=2,
            label="truth",
        )
        axes.fill_between(steps, low, high, color=BLUE, alpha=0.3, lw=0, label="80 % band")
        axes.plot(steps, middle, color=ORANGE, lw=1.2, label="median")
        for edge in range(CONTEXT, CONTEXT + HORIZON, PATCH):
            axes.axvline(edge, color="black", lw=0.6, ls=":")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(f"{HORIZON} steps ahead, one patch of {PATCH} after another")
    save(figure, "step_08_forecasting")


def main() -> None:
    generator = torch.Generator().manual_seed(SEED)
    model = train_gaussian(normalise(make_sets(20_000)[0]), STEPS)
    test = make_series(200, CONTEXT + HORIZON, torch.Generator().manual_seed(1))
    context, truth = test[:, :CONTEXT], test[:, CONTEXT:]
    sampled = sample(model, context, HORIZON, generator)
    results = {"drawn patches go on": sampled, "means go on": feed_means(model, context, HORIZON)}
    rows = {name: measure(bands, truth) for name, bands in results.items()}
    for name, (errors, covered, widths) in rows.items():
        print(f"{name}:")
        print("  patch ahead        1      2      3      4")
        print("  RMSE        " + " ".join(f"{error:6.3f}" for error in errors))
        print("  in the band " + " ".join(f"{share:6.0%}" for share in covered))
        print("  its width   " + " ".join(f"{width:6.3f}" for width in widths) + "\n")
    errors, covered, widths = rows["drawn patches go on"]
    _, plain, narrow = rows["means go on"]
    print(
        f"Answer to step 7: {HORIZON} steps ahead the error is {errors[-1] / errors[0]:.1f} times that of the first patch, since each patch is read"
    )
    print(
        f"from patches that the model made up. The band holds {covered[0]:.0%} in the first patch and {covered[-1]:.0%} in the fourth."
    )
    print(
        f"Notice: if the means go on instead, the fourth band is {narrow[-1] / narrow[0]:.1f} times as wide as the first, with draws {widths[-1] / widths[0]:.1f} times, and"
    )
    print(f"it holds {plain[-1]:.0%}. Draws carry the doubt of one patch into the next.")
    print(
        "Notice: draws within a patch are independent. A wrong phase would be wrong for the whole patch, and independent"
    )
    print("draws would average that out. This may be why doubt grows too slowly even here; it is not measured.")
    draw(sampled, test)
    print(
        "\nQuestion: the model has 2 layers, a width of 64 and patches of 32. Which of these choices matters, and which does not?"
    )


if __name__ == "__main__":
    main()
