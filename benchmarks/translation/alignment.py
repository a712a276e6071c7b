"""Whether attention points at what is translated: strings turned round, where every truth is known.

    OMP_NUM_THREADS=1 python -m benchmarks.translation.alignment

Random letters become the same letters from the last to the first, so what is written at index t comes from index
n - 1 - t of n: the anti-diagonal. An LSTM with attention and a transformer learn this in the same number of steps.
Then, of unseen strings: the share of letters whose largest weight lies on the true index, by layer and head, of the
heads' mean, and by chance; and the share of strings that come out right. A CSV and a picture.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.charts import COLOURS, IMAGES, INK, canvas, save, title
from benchmarks.machine import default_output, machine
from segue.text.characters import CharacterTokenizer
from segue.training.schedule import TrainingConfig
from segue.training.trainer import Trainer
from segue.translate.data.batches import Batch
from segue.translate.data.vocabulary import Vocabulary
from segue.translate.decode.texts import translate_texts
from segue.translate.model.seq2seq import Seq2Seq, Seq2SeqConfig

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORD = "segue"
SHORTEST, LONGEST = 4, 12
LANES, ASKED = 32, 400
ARMS = {
    "lstm-attention": (Seq2SeqConfig("lstm-attention", width=64, dropout=0.0), 5e-3),
    "transformer": (Seq2SeqConfig("transformer", width=64, layers=2, dropout=0.0), 2e-3),
}
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000, help="of each training: half a minute or so")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--picture", type=Path, default=IMAGES / "alignment.png")
    options = parser.parse_args()
    output = options.output or default_output("alignment")
    output.parent.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    shown: dict[str, Tensor] = {}
    for arm, (config, rate) in ARMS.items():
        torch.manual_seed(options.seed)
        model = Seq2Seq(config, Vocabulary(CharacterTokenizer(LETTERS)))
        seconds = train(model, rate, options.steps, options.seed)
        facts: Row = {"arm": arm, "seed": options.seed, "steps": options.steps, "seconds": seconds}
        facts["right"] = share_right(model)
        rows += [facts | row for row in alignment_rows(model)]
        shown[arm] = weights_of(model, WORD)
        print(pd.DataFrame(rows).query("arm == @arm").to_string(), flush=True)
    result = pd.DataFrame(rows).assign(strings=ASKED, **machine(torch.get_num_threads()))
    result.to_csv(output, index=False, float_format="%.6g")
    print(output)
    draw(result, shown, options.picture)


def strings(count: int, random: np.random.Generator) -> list[str]:
    """Random letters, all strings of one random length, which an encoder reads in one call."""
    length = random.integers(SHORTEST, LONGEST, endpoint=True)
    return ["".join(row) for row in random.choice(list(LETTERS), size=(count, length))]


def train(model: Seq2Seq, rate: float, steps: int, seed: int) -> float:
    """Trains at a falling rate, and returns the processor time that it took."""

    def loss(step: int) -> Tensor:
        texts = strings(LANES, np.random.default_rng([seed, step]))
        found = Batch.of([(model.vocabulary.source(text), model.vocabulary.target(text[::-1])) for text in texts])
        return model.loss(found.source, found.source_length, found.target, found.target_length)

    config = TrainingConfig(steps, rate, weight_decay=0.0, warmup_steps=100, decay_share=1.0, betas=(0.9, 0.98))
    trainer, begin = Trainer(model, loss, config), time.process_time()
    while trainer.step < steps:
        trainer.apply(trainer.compute())
    model.eval()
    return time.process_time() - begin


def unseen() -> list[str]:
    random = np.random.default_rng(10**6)
    return [text for _ in range(ASKED) for text in strings(1, random)]


def share_right(model: Seq2Seq) -> float:
    """Of unseen strings, those that greedy decoding turns round."""
    texts = unseen()
    outputs = [found[0].text for found in translate_texts(model, texts)]
    return sum(output == text[::-1] for output, text in zip(outputs, texts, strict=True)) / len(texts)


@torch.no_grad()
def weights_of(model: Seq2Seq, text: str) -> Tensor:
    """(layers, heads, to, from): the attention with which each letter of the true output is written."""
    batch = Batch.of([(model.vocabulary.source(text), model.vocabulary.target(text[::-1]))])
    return model.attention(batch.source, batch.source_length, batch.target[:, :-2])[0]


def alignment_rows(model: Seq2Seq) -> list[Row]:
    """How often the largest weight lies on the true index: of each head, of each layer's mean, and by chance."""
    hits: dict[tuple[object, object], list[Tensor]] = {}
    chance = []
    for text in unseen():
        weights = weights_of(model, text)
        truth = torch.arange(len(text)).flip(0)
        chance.append(torch.full((len(text),), 1 / (len(text) + 1)))  # the end of the source may be looked at, too
        for layer, heads in enumerate(weights):
            each = dict(enumerate(heads)) if len(heads) > 1 else {}
            for head, matrix in [("mean", heads.mean(dim=0)), *each.items()]:
                hits.setdefault((layer, head), []).append((matrix.argmax(dim=-1) == truth).double())
    rows: list[Row] = [
        {"layer": layer, "head": head, "aligned": float(torch.cat(found).mean())}
        for (layer, head), found in hits.items()
    ]
    return [*rows, {"layer": "", "head": "chance", "aligned": float(torch.cat(chance).mean())}]


def draw(result: pd.DataFrame, shown: dict[str, Tensor], path: Path) -> None:
    """The weights of both on one word, and the share of letters that every head aligns."""
    figure, (axes,) = canvas(1, 3, (12.0, 3.6))
    for ax, (arm, weights) in zip(axes, shown.items(), strict=False):
        best = result[(result["arm"] == arm) & (result["head"] == "mean")].sort_values("aligned").iloc[-1]
        ax.imshow(weights[best["layer"]].mean(dim=0).numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        ax.grid(visible=False)
        ax.set_xticks(range(len(WORD) + 1), [*WORD, "end"])
        ax.set_yticks(range(len(WORD)), [*WORD[::-1]])
        ax.set(xlabel="read", ylabel="written")
        title(ax, arm if arm != "transformer" else f"transformer, block {best['layer'] + 1}, mean of heads")
    bars = result[result["head"] != "chance"]
    names = [
        f"{layer + 1}.{head if head == 'mean' else head + 1}" if arm == "transformer" else "lstm"
        for arm, layer, head in zip(bars["arm"], bars["layer"], bars["head"], strict=True)
    ]
    colours = [COLOURS[0] if arm != "transformer" else COLOURS[1] for arm in bars["arm"]]
    axes[2].bar(range(len(bars)), bars["aligned"], color=colours)
    axes[2].axhline(result[result["head"] == "chance"]["aligned"].mean(), color=INK, linewidth=0.8, linestyle=":")
    axes[2].set_xticks(range(len(bars)), names, rotation=90)
    axes[2].set_ylim(0, 1)
    title(axes[2], "Largest weight on the true letter")
    axes[2].set_xlabel("block.head")
    save(figure, path)


if __name__ == "__main__":
    main()
