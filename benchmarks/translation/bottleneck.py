"""What attention is worth: English to Spanish, by how many sentences are joined to one source.

    OMP_NUM_THREADS=1 python -m benchmarks.translation.bottleneck --data DIR --minutes 20

A decoder that has only the last state of the encoder must hold the whole source in one vector (Cho et al. 2014); one
with attention looks back at every token (Bahdanau et al. 2015, figure 2). All arms learn for the same processor time
from the same pairs, of which half are two to four random ones joined, since natural ones are short; and all put the
same sources, of one to eight joined test sentences. Six and eight were never seen in training. Rows are appended run
by run and not made again; `--arms lstm --minutes 60` adds a longer run to the same file. The picture shows BLEU and
chrF.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks.charts import COLOURS, IMAGES, SOFT, canvas, save, title
from benchmarks.machine import default_output
from benchmarks.translation.collections_of_pairs import english_spanish
from benchmarks.translation.translation import append, common_arguments, configured, is_there, scored, trained
from segue.translate.data.join import join_pairs
from segue.translate.data.pairs import Item, Pair

JOINED = (1, 2, 3, 4, 6, 8)
SEEN = 4  # the most sentences that training joins
SHARE = 0.5
SEES = {"lstm": "LSTM, final state alone", "lstm-attention": "LSTM with attention", "transformer": "transformer"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common_arguments(parser)
    parser.add_argument("--items", type=int, default=500, help="sources of each number of sentences")
    parser.add_argument("--picture", type=Path, default=IMAGES / "bottleneck.png")
    options = parser.parse_args()
    output = options.output or default_output("bottleneck")
    output.parent.mkdir(parents=True, exist_ok=True)
    collection = english_spanish(options.data)
    sources = joined(collection.test, options.items)
    for seed in range(options.seeds):
        for arm in options.arms:
            key = {"arm": arm, "minutes": options.minutes, "seed": seed}
            if all(is_there(output, key | {"joined": count}) for count in JOINED):
                continue
            config = configured(arm, seed, options)
            config = replace(config, pairs=replace(config.pairs, joined=SHARE, parts=SEEN))
            run = options.runs / f"bottleneck-{arm}-{options.minutes:g}-{seed}"
            model, facts = trained(collection, config, run, options.minutes)
            for count, items in sources.items():
                row = key | {"joined": count, "words": words(items)} | facts | scored(model, items[: options.test])
                if not is_there(output, key | {"joined": count}):
                    append(output, row)
            print(pd.read_csv(output).tail(len(JOINED)).to_string(), flush=True)
    rows = pd.read_csv(output)
    show(rows)
    draw(rows, options.picture)
    print(output)


def joined(test: list[Item], count: int) -> dict[int, list[Item]]:
    """So many sources of each number of sentences, each with one reference."""
    pairs = [Pair(item.source, item.references[0]) for item in test]
    return {
        parts: [Item(source, (target,)) for source, target in join_pairs(pairs, count, parts, seed=parts)]
        for parts in JOINED
    }


def words(items: list[Item]) -> float:
    return sum(len(item.source.split()) for item in items) / len(items)


def show(rows: pd.DataFrame) -> None:
    """BLEU by number of sentences, and what of it is kept at four."""
    table = rows.pivot_table(index=["arm", "minutes"], columns="joined", values="bleu", sort=False)
    table["kept at 4"] = table[4] / table[1]
    print(table.round(3).to_string())


def draw(rows: pd.DataFrame, path: Path) -> None:
    """A line for each arm and time, over the mean number of words; grey where training joined no so many."""
    figure, ((left, right),) = canvas(1, 2, (10.0, 4.2))
    for ax, name, label in ((left, "bleu", "BLEU"), (right, "chrf", "chrF")):
        for index, ((arm, minutes), part) in enumerate(rows.groupby(["arm", "minutes"], sort=False)):
            means = part.groupby("joined")[["words", name, f"{name}_low", f"{name}_high"]].mean()
            colour = COLOURS[index % len(COLOURS)]
            ax.plot(
                means["words"],
                means[name],
                marker="o",
                markersize=4,
                color=colour,
                label=f"{SEES[arm]}, {minutes:g} min",
            )
            ax.fill_between(means["words"], means[f"{name}_low"], means[f"{name}_high"], color=colour, alpha=0.15, lw=0)
        limits = rows.groupby("joined")["words"].mean()
        if limits.index.max() > SEEN:
            edge = (limits[SEEN] + limits[limits.index > SEEN].min()) / 2
            ax.axvspan(edge, limits.max() * 1.03, color=SOFT, alpha=0.08, lw=0)
        ax.set(xlabel="words of the source; shaded: longer than any in training")
        ax.set_ylim(bottom=0)
        title(ax, label)
    left.legend(frameon=False, fontsize=8)
    save(figure, path)


if __name__ == "__main__":
    main()
