"""What memory is worth, and what it costs: recall and gradients over a distance, attention, one step at a time.

    OMP_NUM_THREADS=1 python -m benchmarks.language.memory --seconds 25 --seeds 3

**Recall.** One of eight values, then noise, then a question: which value was it? Each backbone is trained for the same
processor time on distances from 2 to 500, drawn log-uniformly, and asked at some of them, ten times on the way.
**Gradient.** How much the hidden vector at the end depends on the input so many steps before, in float64, over what it
depends on the one just before; before and after that training. **Attention.** A causal transformer over 512 values one
by one, and over as many in 16 patches of 32. **Throughput.** 512 tokens in one call and in 512, the state carried. A
CSV and two pictures.

`--models rnn` measures some anew and keeps the rows of the others; times, which are compared, are taken of all or none.
"""

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.charts import COLOURS, IMAGES, INK, canvas, save, title
from benchmarks.machine import default_output, machine
from segue.backbones.transformer import Transformer
from segue.language.model import LanguageModel, LanguageModelConfig
from segue.text.characters import CharacterTokenizer
from segue.training.schedule import TrainingConfig
from segue.training.trainer import Trainer

NAMES = ("rnn", "lstm", "nested", "transformer")
VALUES, NOISE, QUESTION = 8, 8, 17  # tokens 1 to 8, 9 to 16, and 17
TOKENS = CharacterTokenizer("ABCDEFGHabcdefgh?")
LAGS = (10, 20, 50, 100, 200, 350, 500)
LANES, ASKED = 32, 256
LENGTH, PATCH = 512, 32
LOOKS = 10  # at what can be recalled, during training
TINY = 1e-300  # what is below is drawn as this
HUGE = 1e250  # gradients are taken this much larger, lest they fall below what float64 holds
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30, help="processor time of each training")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--models", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if torch.get_num_threads() != 1:
        parser.error("set OMP_NUM_THREADS=1: equal compute is counted on one thread")
    output = options.output or default_output("memory")
    output.parent.mkdir(parents=True, exist_ok=True)
    every = set(options.models) == set(NAMES)
    rows = attention_rows(options.width) if every else []
    for seed in range(options.seeds):
        for name in options.models:
            torch.manual_seed(seed)
            model = LanguageModel(LanguageModelConfig(name, width=options.width, layers=1, window=LENGTH), TOKENS)
            made = throughput_rows(model) if seed == 0 and every else []
            made += gradient_rows(model, "fresh")
            trainer = trainer_of(model, seed)
            for look in range(1, LOOKS + 1):
                train(trainer, options.seconds / LOOKS)
                made += recall_rows(model, options.seconds * look / LOOKS)
            made += gradient_rows(model, "trained")
            size = sum(parameter.numel() for parameter in model.backbone.parameters())
            rows += [row | {"model": name, "seed": seed, "steps": trainer.step, "of_backbone": size} for row in made]
            learnt = [f"{row['value']:.2f}" for row in made if row["figure"] == "recall" and row["x"] == LAGS[-1]]
            print(name, seed, trainer.step, f"{LAGS[-1]} steps back:", *learnt)
    result = pd.DataFrame(rows).assign(seconds=options.seconds, width=options.width, **machine(1))
    if not every:
        before = pd.read_csv(output)
        replaced = before["model"].isin(options.models) & before["figure"].isin(result["figure"])
        result = pd.concat([before[~replaced], result], ignore_index=True)
    result.to_csv(output, index=False, float_format="%.6g")
    print(output)
    draw_memory(result, IMAGES / "memory_recall.png")
    draw_cost(result, IMAGES / "memory_cost.png")


def sequences(lanes: int, lag: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A value, noise, and a question `lag` steps after the value; and which value it was."""
    tokens = random.integers(1 + VALUES, 1 + VALUES + NOISE, (lanes, lag + 1))
    tokens[:, 0], tokens[:, -1] = random.integers(1, 1 + VALUES, lanes), QUESTION
    return torch.from_numpy(tokens), torch.from_numpy(tokens[:, 0].copy())


def trainer_of(model: LanguageModel, seed: int) -> Trainer:
    config = TrainingConfig(
        10**6, 5e-3, weight_decay=0.0, warmup_steps=50, decay_share=0.0, betas=(0.9, 0.99), seed=seed
    )

    def loss(step: int) -> Tensor:
        random = np.random.default_rng([seed, step])
        tokens, answer = sequences(LANES, round(math.exp(random.uniform(math.log(2), math.log(500)))), random)
        distribution, _ = model(tokens)
        return distribution.loss(torch.cat([tokens[:, 1:], answer[:, None]], dim=1))[:, -1].mean()

    return Trainer(model, loss, config)


def train(trainer: Trainer, seconds: float) -> None:
    """Trains for so much more processor time."""
    trainer.model.train()
    start = time.process_time()
    while time.process_time() - start < seconds:
        trainer.apply(trainer.compute())
    trainer.model.eval()


@torch.no_grad()
def recall_rows(model: LanguageModel, after: float) -> list[Row]:
    """The share of right answers by distance, `after` so many seconds of training; chance is one in eight."""
    rows: list[Row] = []
    for lag in LAGS:
        tokens, answer = sequences(ASKED, lag, np.random.default_rng(lag))
        right = model(tokens)[0].logits[:, -1].argmax(-1) == answer
        rows.append({"figure": "recall", "x": lag, "after": after, "value": float(right.double().mean())})
    return rows


def gradient_rows(model: LanguageModel, when: str) -> list[Row]:
    """Norms of the gradient of the last hidden vector, along random directions, by how far back the input lies."""
    double = LanguageModel(model.config, TOKENS).double().eval()
    double.load_state_dict(model.state_dict())
    tokens, _ = sequences(8, LAGS[-1], np.random.default_rng(0))
    x = double.embed(tokens).detach().requires_grad_()
    hidden = double.backbone(x)[0][:, -1]
    direction = torch.randn(hidden.shape, dtype=hidden.dtype, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad((hidden * direction).sum() * HUGE, x)
    largest = gradient.abs().amax(dim=-1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    norms = (gradient / largest).norm(dim=-1).log() + largest[..., 0].log()  # squares of such numbers are zero
    norms = norms.mean(0).flip(0)  # by distance
    return [
        {"figure": f"gradient, {when}", "x": lag, "value": float((norms[lag] - norms[1]).exp())}
        for lag in (1, 5, *LAGS)
    ]


def attention_rows(width: int) -> list[Row]:
    """Scores that a layer computes for a lane and head, and the time of a whole layer, by what a token is."""
    rows: list[Row] = []
    torch.manual_seed(0)
    layer = Transformer(width, heads=4, layers=1, window=LENGTH).eval()
    for what, tokens in ((f"{LENGTH} values", LENGTH), (f"{LENGTH // PATCH} patches", LENGTH // PATCH)):
        x = torch.randn(LANES, tokens, width)
        rows.append({"figure": "scores", "model": what, "value": tokens**2})
        rows.append({"figure": "milliseconds a lane", "model": what, "value": 1e3 * best(lambda x=x: layer(x)) / LANES})
    return rows


def throughput_rows(model: LanguageModel) -> list[Row]:
    """Tokens a second of 32 lanes, all at once and one by one."""
    tokens, _ = sequences(LANES, LENGTH - 1, np.random.default_rng(0))

    def whole() -> None:
        model(tokens)

    def one_by_one() -> None:
        state = model.initial_state(LANES)
        for at in range(LENGTH):
            _, state = model(tokens[:, at : at + 1], state)

    return [
        {"figure": figure, "value": tokens.numel() / best(read, repeats)}
        for figure, read, repeats in (("parallel", whole, 3), ("sequential", one_by_one, 1))
    ]


@torch.inference_mode()
def best(work: Callable[[], object], repeats: int = 10) -> float:
    """Processor time of the fastest of some runs, after one that warms up."""
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times[1:])


def draw_memory(result: pd.DataFrame, path: Path) -> None:
    figure, ((recall, fresh, trained),) = canvas(1, 3, (12, 3.6))
    farthest = result[(result["figure"] == "recall") & (result["x"] == LAGS[-1])]
    for name, colour in zip(NAMES, COLOURS, strict=False):
        shares = farthest[farthest["model"] == name].groupby("after")["value"]
        recall.plot(shares.mean(), color=colour, label=name, linewidth=1.4)
        recall.fill_between(shares.min().index, shares.min(), shares.max(), color=colour, alpha=0.15, linewidth=0)
        for ax, kind in ((fresh, "gradient, fresh"), (trained, "gradient, trained")):
            norms = result[(result["model"] == name) & (result["figure"] == kind)].groupby("x")["value"]
            ax.plot(norms.agg(lambda each: geometric_mean(each.clip(lower=TINY))), color=colour, linewidth=1.4)
            ax.fill_between(norms.min().index, norms.min(), norms.max(), color=colour, alpha=0.15, linewidth=0)
    recall.axhline(1 / VALUES, color=INK, linewidth=0.8, linestyle=":")
    recall.legend(frameon=False, fontsize=8)
    recall.set_xlabel("seconds of training")
    title(recall, f"Right answers {LAGS[-1]} steps later")
    title(fresh, "Gradient by distance, untrained")
    title(trained, "Gradient by distance, trained")
    for ax in (fresh, trained):
        ax.set_yscale("log")
        ax.set_ylim(1e-12, 1e5)
        ax.set_xscale("log")
        ax.set_xlabel("steps back")
    save(figure, path)


def geometric_mean(values: pd.Series) -> float:
    return float(np.exp(np.log(values).mean()))


def draw_cost(result: pd.DataFrame, path: Path) -> None:
    from matplotlib.ticker import NullFormatter

    figure, ((scores, times, speed),) = canvas(1, 3, (12, 3.2))
    for ax, kind, label in (
        (scores, "scores", "Attention scores"),
        (times, "milliseconds a lane", "Milliseconds a lane"),
    ):
        mine = result[result["figure"] == kind]
        bars = ax.bar(mine["model"], mine["value"], color=COLOURS[:2], width=0.5)
        ax.bar_label(
            bars, [f"{value:,.0f}" if kind == "scores" else f"{value:.3f}" for value in mine["value"]], fontsize=8
        )
        ax.set_yscale("log")
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.margins(y=0.1)
        title(ax, label)
    for offset, (kind, colour) in enumerate((("parallel", COLOURS[0]), ("sequential", COLOURS[1]))):
        mine = result[result["figure"] == kind].set_index("model")["value"].reindex(NAMES)
        speed.bar(np.arange(len(NAMES)) + 0.36 * offset - 0.18, mine, width=0.34, color=colour, label=kind)
    speed.set_xticks(range(len(NAMES)), NAMES)
    speed.set_yscale("log")
    speed.legend(frameon=False, fontsize=8)
    title(speed, "Tokens a second, 32 lanes")
    save(figure, path)


if __name__ == "__main__":
    main()
