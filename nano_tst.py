"""NanoTST: a causal patch transformer for time series, whole, in one file. Read it from top to bottom.

A language model reads tokens and predicts the next one. Here the "token" is a patch, 32 consecutive values of a series;
the model says after each of up to 16 patches what the next one will be, by a Gaussian for each of its 32 values.

    512 steps -> normalise -> 16 patches of 32 -> embed (16 x 128) -> 4 x [attention, FFN] -> mu, sigma (16 x 32)

`python nano_tst.py` trains it in about five minutes on two CPU cores, prints what it has learnt on the way, and draws
into pictures/; `--csv FILE` then forecasts a column of yours. Its parts: GPT-2 (pre-norm blocks, learned positions,
GELU), PatchTST (patches; Nie 2023), RevIN (instance norm; Kim 2022), DeepAR (sampled paths; Salinas 2020).
"""

import argparse
import csv
import math
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

CONTEXT, PATCH = 512, 32  # time steps that the model sees, and how many of them make one patch
TOKENS, HORIZON = CONTEXT // PATCH, 128  # 16 patches of context; forecasts reach 4 patches ahead
WIDTH, HEADS, LAYERS = 128, 4, 4  # 0.8 million parameters
SERIES, BATCH, LEARNING_RATE, CLIP, NOISE, SEED = 2000, 32, 3e-4, 1.0, 0.1, 0
PICTURES = Path(__file__).parent / "pictures"


# 1. The data. ---------------------------------------------------------------------------------------------------------
# Every series is offset + trend + sine + noise. We know the truth exactly: nobody can predict better than to 0.1.
def make_series(count: int, steps: int, generator: torch.Generator) -> Tensor:
    """`count` random series (count, steps); trend and cycles are counted over 512 steps and go on after them."""
    t = torch.arange(steps) / CONTEXT  # 0 to 1 over the context
    ranges = (-5, 5), (-2, 2), (0.5, 2.5), (0, 2 * math.pi)
    offset, trend, amplitude, phase = (a + (b - a) * torch.rand(count, 1, generator=generator) for a, b in ranges)
    cycles = torch.randint(2, 20, (count, 1), generator=generator)  # 2 to 19: a period of 27 to 256 steps
    noise = NOISE * torch.randn(count, steps, generator=generator)
    return offset + trend * t + amplitude * torch.sin(2 * math.pi * cycles * t + phase) + noise


def patchify(series: Tensor) -> Tensor:  # 2. Patches: 512 steps become 16 tokens
    return series.unflatten(-1, (-1, PATCH))  # (B, T * 32) -> (B, T, 32)


# 3. A linear baseline. ------------------------------------------------------------------------------------------------
# How far does one matrix get? Least squares from the `past` latest of 17 patches to the next: (B, 17 - past, 32).
def linear_baseline(train: Tensor, test: Tensor, past: int) -> Tensor:
    def inputs(patches: Tensor) -> Tensor:
        windows = patches[:, :-1].unfold(1, past, 1).transpose(-2, -1).flatten(-2)  # (B, 17 - past, past * 32)
        return torch.cat([windows, torch.ones_like(windows[..., :1])], dim=-1)  # the ones carry the bias

    weights = torch.linalg.lstsq(inputs(train).flatten(0, 1), train[:, past:].flatten(0, 1)).solution
    return inputs(test) @ weights


# 4. Instance normalisation. -------------------------------------------------------------------------------------------
# Each series is brought to mean 0 and standard deviation 1, and every prediction is brought back by the same two
# numbers. In training they are those of the whole context of 512, as in the classics: the first prediction has been
# scaled by values that come later, so the future leaks. Only the last prediction, of the patch after the context, is
# clean, and that is the one forecasting uses. tests/test_nano_tst.py shows the leak.
def statistics(context: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each series over what it is given: (B, steps) -> (B, 1), (B, 1)."""
    variance, mean = torch.var_mean(context, dim=-1, keepdim=True, correction=0)
    return mean, (variance + 1e-5).sqrt()  # 1e-5: a flat line has no deviation to divide by


def normalise(values: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    return (values - mean) / scale


# 5. The model. --------------------------------------------------------------------------------------------------------
class CausalSelfAttention(nn.Module):
    """Every patch looks back: it asks (query), earlier patches offer (key), and what matches is averaged (value)."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)  # queries, keys and values in one product
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        heads = self.qkv(x).unflatten(-1, (3, HEADS, WIDTH // HEADS))  # (B, T, 3 * 128) -> (B, T, 3, 4, 32)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # -> three of (B, 4, T, 32): each head attends on its own
        scores = query @ key.transpose(-2, -1) / math.sqrt(WIDTH // HEADS)  # (B, 4, T, T): row i asks, column j answers
        future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(diagonal=1)  # j > i
        weights = scores.masked_fill(future, -math.inf).softmax(dim=-1)  # nothing from the future; each row sums to one
        mixed = weights @ value  # these four lines are what F.scaled_dot_product_attention(..., is_causal=True) does
        return self.out(mixed.transpose(1, 2).flatten(-2))  # (B, 4, T, 32) -> (B, T, 128)


class Block(nn.Module):
    """Attention moves information between patches, the FFN works on each patch alone; both only add to the stream x."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = CausalSelfAttention()
        self.ffn = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class NanoTST(nn.Module):
    """Patches (B, T, 32), T <= 16, to mean and standard deviation of each value of each next patch, (B, T, 32) both."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(PATCH, WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(TOKENS, WIDTH))  # attention has no order of its own
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 2 * PATCH)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        x = self.embed(patches) + self.positions[: patches.shape[1]]  # (B, T, 32) -> (B, T, 128)
        for block in self.blocks:
            x = block(x)
        mu, raw = self.head(self.norm(x)).chunk(2, dim=-1)  # (B, T, 64) -> two of (B, T, 32)
        return mu, nn.functional.softplus(raw) + 1e-3  # positive, and never so sure that one surprise costs everything


def gaussian_nll(mu: Tensor, sigma: Tensor, target: Tensor) -> Tensor:
    """-log N(target; mu, sigma), averaged: an error costs less to whoever said beforehand that it was unsure."""
    return (0.5 * ((target - mu) / sigma) ** 2 + sigma.log() + 0.5 * math.log(2 * math.pi)).mean()


# 6. Predicting, and the grammar evaluation. ---------------------------------------------------------------------------
# Four sentences that a child reads at once; the first three never occur in training, where all is sine and noise. The
# flat line is right before any training: the normaliser alone answers it. Both sines come within ten epochs. The pure
# line is never quite learnt, yet sigma shrinks: on what it never saw, a model can be far too sure of itself.
def grammar() -> dict[str, Tensor]:
    t = torch.arange(CONTEXT + PATCH) / CONTEXT
    sine = torch.sin(2 * math.pi * 4 * t)
    noise = NOISE * torch.randn(len(t), generator=torch.Generator().manual_seed(SEED))
    return {"flat": torch.full_like(t, 3.0), "line": 5 * t, "sine": sine, "noisy sine": sine + noise}


@torch.no_grad()
def predict(model: nn.Module, series: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of patches 2 to 17 of (B, 17 * 32), each from those before it, in the series' own units."""
    mean, scale = statistics(series[:, :CONTEXT])
    mu, sigma = model(patchify(normalise(series, mean, scale))[:, :-1])
    return mu.flatten(1) * scale + mean, sigma.flatten(1) * scale  # (B, 16, 32) -> (B, 512)


# 7. Forecasting. ------------------------------------------------------------------------------------------------------
# As a language model writes: draw the next patch, append it, read on. Many such paths together are the distribution.
# Each window is normalised anew: the model has only ever seen windows of mean 0 (under a trend an old mean is stale).
@torch.no_grad()
def forecast(model: nn.Module, context: Tensor, horizon: int, generator: torch.Generator, paths: int = 100) -> Tensor:
    """The 10 %, 50 % and 90 % quantiles (3, B, horizon) of what follows a context (B, T * 32)."""
    series, length = context.repeat_interleave(paths, dim=0), context.shape[1]  # (B * paths, T * 32)
    while series.shape[1] < length + horizon:
        window = series[:, -CONTEXT:]
        mean, scale = statistics(window)  # of what lies behind only: here nothing can leak
        mu, sigma = model(patchify(normalise(window, mean, scale)))
        drawn = torch.normal(mu[:, -1], sigma[:, -1], generator=generator)  # one draw of the next patch
        series = torch.cat([series, drawn * scale + mean], dim=1)
    drawn = series[:, length : length + horizon].unflatten(0, (-1, paths))  # (B * paths, h) -> (B, paths, h)
    return drawn.quantile(torch.tensor([0.1, 0.5, 0.9]), dim=1)


# 8. Training. ---------------------------------------------------------------------------------------------------------
@torch.no_grad()
def evaluate(model: nn.Module, epoch: int, train: Tensor, held_out: Tensor) -> dict:
    """One row of the table: the NLL on series it learns from and on others, and how it reads the four sentences."""
    losses = [gaussian_nll(*model(patches[:, :-1]), patches[:, 1:]).item() for patches in (train, held_out)]
    truth = torch.stack(list(grammar().values()))
    mu, sigma = predict(model, truth)
    errors = (mu - truth[:, PATCH:]).square().mean(dim=-1).sqrt().tolist()
    cells = [f"{error:6.3f} {spread:6.3f}" for error, spread in zip(errors, sigma.mean(dim=-1), strict=True)]
    print(f"{epoch:5d}  {losses[0]:7.3f}  {losses[1]:8.3f} | " + " | ".join(cells), flush=True)
    return {"epoch": epoch, "losses": losses, "mu": mu, "sigma": sigma, "errors": errors}


def train(model: nn.Module, series: Tensor, held_out: Tensor, epochs: int, generator: torch.Generator) -> list[dict]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    patches, unseen = (patchify(normalise(s, *statistics(s[:, :CONTEXT]))) for s in (series, held_out))
    print("NLL: the loss per value; lower is better, and a guess of N(0, 1) costs 1.42. RMSE: the error of the mean.")
    print("sigma: the error that the model expects. The same as the RMSE is honest; below it, the model is too sure.\n")
    print("epoch      NLL  held out | " + " | ".join(f"{name:^13}" for name in grammar()))
    print(" " * 25 + "| " + " | ".join("  RMSE  sigma" for _ in grammar()))
    history = [evaluate(model, 0, patches, unseen)]
    for epoch in range(1, epochs + 1):
        for rows in torch.randperm(len(patches), generator=generator).split(BATCH):
            mu, sigma = model(patches[rows, :-1])  # patches 1 to 16 in, 16 predictions out ...
            loss = gaussian_nll(mu, sigma, patches[rows, 1:])  # ... of patches 2 to 17: every position is a lesson
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
        if epoch in (1, 2, 5, epochs) or epoch % 10 == 0:
            history.append(evaluate(model, epoch, patches, unseen))
    return history


def compare(model: nn.Module, series: Tensor, held_out: Tensor) -> None:
    """RMSE on the same held-out patches: one matrix that sees `past` patches against the model that sees all so far."""
    mu, _ = predict(model, held_out)
    print(f"\nRMSE, held out    linear  NanoTST  (of the next patch; the noise lets nobody below {NOISE:.3f})")
    for past in (1, 4, 8, 16):  # 16 patches hold whole cycles: there a matrix can simply copy the value 512 steps ago
        linear = linear_baseline(patchify(series), patchify(held_out), past).flatten()
        ours, truth = mu[:, (past - 1) * PATCH :].flatten(), held_out[:, past * PATCH :].flatten()
        errors = [(guess - truth).square().mean().sqrt() for guess in (linear, ours)]
        print(f"{past:2d} patches seen  {errors[0]:7.3f} {errors[1]:8.3f}")


# 9. Pictures. ---------------------------------------------------------------------------------------------------------
BLUE, GREY = "#1f5f8b", "#b5bac2"
plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})


def draw_fan(axes: plt.Axes, truth: Tensor, low: Tensor, middle: Tensor, high: Tensor) -> None:
    steps = range(len(truth) - len(middle), len(truth))
    axes.plot(truth, color=GREY, lw=2, label="truth")
    axes.fill_between(steps, low, high, color=BLUE, alpha=0.3, lw=0, label="80 % band")
    axes.plot(steps, middle, color=BLUE, lw=1, label="prediction")


def draw_training(history: list[dict], path: Path) -> None:
    shown, epochs = [r for r in history if r["epoch"] in (1, 10, history[-1]["epoch"])], [r["epoch"] for r in history]
    figure = plt.figure(figsize=(12, 9.5), layout="constrained")
    grid = figure.add_gridspec(1 + len(shown), 4, height_ratios=[1.5] + [1] * len(shown))
    loss, error = (figure.add_subplot(grid[0, half]) for half in (slice(2), slice(2, 4)))
    top = (loss, "losses", "linear", ["training", "held out"]), (error, "errors", "log", [*grammar()])
    for axes, key, scale, names in top:
        axes.plot(epochs, [r[key] for r in history], "o-", ms=3, label=names)
        axes.set_xscale("symlog", linthresh=1)
        axes.set(xlabel="epoch", ylabel=key, yscale=scale)
        axes.legend()
    for i, (name, truth) in enumerate(grammar().items()):
        for row, record in enumerate(shown, start=1):
            axes, mu, spread = figure.add_subplot(grid[row, i]), record["mu"][i], 1.2816 * record["sigma"][i]
            draw_fan(axes, truth, mu - spread, mu, mu + spread)
            margin = 0.6 * truth.std().item() + 0.01  # the flat line is seen through a microscope
            axes.set(title=f"{name}, epoch {record['epoch']}", ylim=(truth.min() - margin, truth.max() + margin))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(path, dpi=100)


def draw_forecasts(quantiles: Tensor, series: Tensor, path: Path) -> None:
    shape, start = (2, 3) if len(series) > 1 else (1, 1), series.shape[1] - HORIZON
    figure, grid = plt.subplots(*shape, figsize=(12, 5), sharex=True, squeeze=False, layout="constrained")
    for i, axes in enumerate(grid.flat):
        draw_fan(axes, series[i], *quantiles[:, i])
        axes.axvline(start, color="black", lw=0.8, ls=":")
        axes.set_xlim(max(0, start - 2 * HORIZON), start + HORIZON)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(path, dpi=100)


def read_column(path: str, name: str | None) -> Tensor:
    """The last whole patches, at most 16, of a column of a CSV file (1, T * 32). Without a name: the last column."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        values = torch.tensor([float(row[name or [*row][-1]]) for row in csv.DictReader(file)])
    if len(values) < PATCH or not values.isfinite().all():
        raise ValueError(f"{len(values)} values; at least {PATCH}, all finite, are needed")
    return values[len(values) % PATCH :][None, -CONTEXT:]


def main() -> None:
    parser = argparse.ArgumentParser(description="Train NanoTST on synthetic series, then look at what it has learnt.")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--csv", metavar="FILE", help="forecast a column of this file, too: --column, or the last one")
    parser.add_argument("--column", metavar="NAME")
    arguments, start = parser.parse_args(), time.perf_counter()
    try:
        own = read_column(arguments.csv, arguments.column) if arguments.csv else None
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as mistake:
        parser.error(f"--csv {arguments.csv}: give a file and a --column with a number in every row ({mistake})")
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    series = make_series(SERIES, CONTEXT + PATCH, generator)
    unseen = make_series(500, CONTEXT + HORIZON, generator)  # the same grammar, other sentences
    held_out, model = unseen[:, : CONTEXT + PATCH], NanoTST()
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {SERIES:,} series, {arguments.epochs} epochs\n")
    history = train(model, series, held_out, arguments.epochs, generator)
    compare(model, series, held_out)
    low, median, high = quantiles = forecast(model, unseen[:50, :CONTEXT], HORIZON, generator)
    truth = unseen[:50, CONTEXT:]
    error, covered = (median - truth).square().mean().sqrt(), ((low <= truth) & (truth <= high)).float().mean()
    print(
        f"\n{HORIZON} steps ahead: RMSE of the median {error:.3f}, the 80 % band covers {covered:.1%} (less: too sure)"
    )
    PICTURES.mkdir(exist_ok=True)
    draw_training(history, PICTURES / "nano_tst_training.png")
    draw_forecasts(quantiles, unseen, PICTURES / "nano_tst_forecasts.png")
    if own is not None:
        quantiles = forecast(model, own, HORIZON, generator)
        print(f"{arguments.csv}, next patch, 10, 50 and 90 % of each value:\n{quantiles[:, 0, :PATCH].T.numpy()}")
        own = torch.cat([own, torch.full((1, HORIZON), math.nan)], dim=1)  # nobody knows the truth yet
        draw_forecasts(quantiles, own, PICTURES / "nano_tst_column.png")
    print(f"{time.perf_counter() - start:.0f} seconds; pictures in {PICTURES}")


if __name__ == "__main__":
    main()
