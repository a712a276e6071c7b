"""Step 2: the linear baseline, autoregression and the chain rule.

Before any deep model: how far does one matrix get? It maps the latest patches to the next one, and least squares finds
the best such matrix in one call. To predict the next values from the values before is called autoregression. The chain
rule of probability says why it is enough: whoever can predict each next value can predict whole series.
"""

import matplotlib.pyplot as plt
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal

from step_01_data_and_patches import BLUE, GREY, NOISE, ORANGE, TOKENS, make_sets, patchify, rmse, save


# 1. The chain rule. ---------------------------------------------------------------------------------------------------
# p(x1, x2, x3) = p(x1) p(x2 | x1) p(x3 | x1, x2). No assumption is made: any distribution over whole series is a product
# of predictions of the next value. So a model of the next patch is a model of everything that follows.
# Here x[t] = 0.9 x[t-1] + noise, five values long. We know both sides in closed form and compare them.
def chain_rule() -> tuple[float, float]:
    """The log density of five values, at once and as a sum of five predictions."""
    memory, steps = 0.9, torch.arange(5)
    covariance = memory ** (steps[:, None] - steps).abs() / (1 - memory**2)  # of this series, in the long run
    joint = MultivariateNormal(torch.zeros(5), covariance)
    values = torch.tensor([1.0, 0.5, 1.5, 0.0, -1.0])
    first = Normal(0.0, (1 / (1 - memory**2)) ** 0.5).log_prob(values[0])
    others = Normal(memory * values[:-1], 1.0).log_prob(values[1:])  # each one given the value before it
    return joint.log_prob(values).item(), (first + others.sum()).item()


# 2. One matrix. -------------------------------------------------------------------------------------------------------
# The inputs are the `past` latest patches and a one, which carries the bias. Training windows slide over the series.
def inputs(patches: Tensor, past: int) -> Tensor:
    windows = patches[:, :-1].unfold(1, past, 1).transpose(-2, -1).flatten(-2)  # (B, 17 - past, past * 32)
    return torch.cat([windows, torch.ones_like(windows[..., :1])], dim=-1)


def fit(patches: Tensor, past: int) -> Tensor:
    """The weights (past * 32 + 1, 32) that predict the next patch best, by least squares over all windows."""
    return torch.linalg.lstsq(inputs(patches, past).flatten(0, 1), patches[:, past:].flatten(0, 1)).solution


def predict_last(weights: Tensor, patches: Tensor, past: int) -> Tensor:
    """Patch 17 (B, 32) of patches (B, 17, 32), from the `past` patches before it."""
    return inputs(patches, past)[:, -1] @ weights


def draw(errors: dict[int, tuple[float, float]], weights: Tensor) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", width_ratios=[1, 1.4])
    for index, (name, colour) in enumerate((("training series", GREY), ("test series", BLUE))):
        left.plot(list(errors), [pair[index] for pair in errors.values()], "o-", color=colour, label=name)
    left.axhline(NOISE, color="black", lw=0.8, ls=":", label="noise alone")
    left.set(title="RMSE of the next patch", xlabel="patches seen", xscale="log", yscale="log")
    left.set_xticks(list(errors), list(errors))
    left.minorticks_off()
    left.set_yticks([0.1, 0.2, 0.5, 1.0], [0.1, 0.2, 0.5, 1.0])
    left.legend()
    right.stem(range(-len(weights), 0), weights, linefmt=ORANGE, markerfmt=" ", basefmt=" ")
    right.set(title="What the first value of patch 17 is made of", xlabel="time step before it", ylabel="weight")
    save(figure, "step_02_linear_baseline")


def main() -> None:
    joint, chained = chain_rule()
    print(
        f"Chain rule: the log density of five values is {joint:.4f} at once, and {chained:.4f} as five predictions.\n"
    )

    train, test = (patchify(series) for series in make_sets())
    print(f"RMSE of the next patch by one matrix (noise alone: {NOISE:.3f})")
    print("  patches seen   weights   training      test")
    errors = {}
    for past in (1, 2, 4, 8, TOKENS):
        weights = fit(train, past)
        errors[past] = [rmse(predict_last(weights, patches, past), patches[:, -1]) for patches in (train, test)]
        print(f"  {past:12d} {weights.numel():9,} {errors[past][0]:10.3f} {errors[past][1]:9.3f}")
    print(
        "\nAnswer to step 1: the copy of 512 steps ago had a fixed rule; the best linear rule over the same 16 patches"
    )
    print(
        f"reaches {errors[TOKENS][1]:.3f} on test series. It is close to the limit of {NOISE}, with no deep model at all."
    )
    print(f"Notice: with 1 patch the error is {errors[1][1]:.2f}. One patch does not show the period; 16 patches do.")
    print(
        f"Notice: it does not copy one value: its largest weight is {weights[:-1, 0].abs().max():.2f}. Offset, trend and the"
    )
    print(
        "sines and cosines of 18 possible periods are 38 directions, and the matrix adds up all 512 values to find them."
    )
    print("So it averages the noise, which a copy cannot do. It needs the list of possible periods to be short.")
    draw(errors, weights[:-1, 0])
    print("\nQuestion: all these series lie between about -10 and 10. What does the matrix say of the same series at a")
    print("level of 1,000, or at a thousandth of their size?")


if __name__ == "__main__":
    main()
