"""What memory, clocks and surprise are worth in text, as a picture of the rows of `language.py`.

    python -m benchmarks.language.chart benchmarks/results/language-<cpu>-<date>.csv

Every point is a mean over seeds, its bar reaches from the best of them to the worst. Of each arm there must be
one budget in the file.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.charts import COLOURS, IMAGES, SOFT, canvas, save, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WINDOWS = (64, 128, 256, 1024)
STATES = {"carry": "carried lanes", "reset": "random blocks"}
BASE = "window 128, carry"
CHANGES = {
    "as it is: carried lanes": BASE,
    "state emptied in training": "window 128, emptied",
    "random blocks": "window 128, reset",
    "clocks 1/1/1": "clocks 1/1/1",
    "surprise as printed": "surprise, printed",
    "surprise, descent": "surprise, descent",
    "level 1 transformer*": "level 1 transformer",  # level 1 feed-forward lies far off the picture
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path, help="CSV of language.py")
    parser.add_argument("--picture", type=Path, default=IMAGES / "memory_text.png")
    options = parser.parse_args()
    rows = chosen(pd.read_csv(options.rows))
    figure, ((evaluation, training, changes),) = canvas(1, 3, (12, 3.6))
    draw_evaluation(evaluation, rows)
    draw_training(training, rows)
    draw_changes(changes, rows)
    evaluation.set_ylabel("bits a character, test")
    save(figure, options.picture)


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that the picture shows."""
    arms = {"corrected", *CHANGES.values(), *(f"window {window}, {state}" for window in WINDOWS for state in STATES)}
    rows = rows[rows["arm"].isin(arms)]
    budgets = rows.groupby("arm")["minutes"].nunique()
    if (budgets > 1).any():
        raise SystemExit(f"of several budgets: {', '.join(budgets.index[budgets > 1])}; keep one of each in the file")
    return rows


def draw_evaluation(ax: "Axes", rows: pd.DataFrame) -> None:
    """One model, read with shorter and longer memory, and learning."""
    mine = rows[rows["arm"] == "corrected"]
    columns = {"64": "test_bits_fresh64", "256": "test_bits_fresh256", "1,024": "test_bits_fresh1024"}
    columns |= {"carried": "test_bits", "learning": "online_bits"}
    for at, column in enumerate(columns.values()):
        point(ax, at, mine[column], COLOURS[column == "online_bits"])
    point(ax, len(columns) - 1, mine["online_static_bits"], COLOURS[1], label="that part,\nnot learning", hollow=True)
    ax.legend(frameon=False, fontsize=7)
    ax.set_xticks(range(len(columns)), list(columns))
    ax.set_xlabel("memory emptied every so many characters")
    title(ax, "Read with more and more memory")


def draw_training(ax: "Axes", rows: pd.DataFrame) -> None:
    """Windows of training, with and without the state before them."""
    for (state, label), colour in zip(STATES.items(), COLOURS, strict=False):
        for at, window in enumerate(WINDOWS):
            mine = rows[rows["arm"] == f"window {window}, {state}"]
            shift = at + (0.08 if state == "reset" else -0.08)
            point(ax, shift, mine["test_bits"], colour, label=f"{label}, read carried" if at == 0 else None)
            point(
                ax, shift, mine[f"test_bits_fresh{window}"], colour, label="emptied" if at == 0 else None, hollow=True
            )
    ax.set_xticks(range(len(WINDOWS)), [f"{window:,}" for window in WINDOWS])
    ax.set_xlabel("characters of a window")
    ax.legend(frameon=False, fontsize=7)
    ax.margins(x=0.1)
    title(ax, "Trained in windows")


def draw_changes(ax: "Axes", rows: pd.DataFrame) -> None:
    """One change each to one way of training."""
    there = {label: arm for label, arm in CHANGES.items() if (rows["arm"] == arm).any()}
    for at, arm in enumerate(there.values()):
        bits = rows.loc[rows["arm"] == arm, "test_bits"]
        colour = SOFT if arm == BASE else COLOURS[0]
        ax.plot([bits.min(), bits.max()], [at, at], color=colour, linewidth=1.4)
        ax.scatter(bits.mean(), at, s=26, color=colour, zorder=3)
    ax.set_yticks(range(len(there)), list(there))
    ax.invert_yaxis()
    ax.set_xlabel("bits a character, state carried (*: random blocks)")
    title(ax, "Windows of 128, one change each")


def point(
    ax: "Axes", at: float, bits: pd.Series, colour: str, *, label: str | None = None, hollow: bool = False
) -> None:
    ax.plot([at, at], [bits.min(), bits.max()], color=colour, linewidth=1.4)
    face = "white" if hollow else colour
    ax.scatter(at, bits.mean(), s=26, facecolor=face, edgecolor=colour, label=label, zorder=3)


if __name__ == "__main__":
    main()
