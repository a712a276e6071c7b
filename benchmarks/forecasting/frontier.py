"""Quality against time: the rates of one run of `rates.py` and the official scores of the same models, as a picture.

    python -m benchmarks.forecasting.frontier --rates benchmarks/results/rates-<cpu>-<date>.csv \\
        --scores benchmarks/results/zeroshot-official-<cpu>-<date>.csv

The score is the geometric mean over the seven sets of WQL (or MASE) relative to the point forecast of seasonal naive:
of our own run, of the competitors' cached runs, and of published rows, which are marked hollow: Chronos-Bolt is timed
with random weights.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.charts import IMAGES, INK, OURS, SOFT, THEIRS, canvas, save, title
from benchmarks.forecasting.competitors import RESULTS
from benchmarks.forecasting.groups import SEVEN
from benchmarks.forecasting.published import published

SCORES = {"wql_ratio": "WQL to seasonal naive", "mase_ratio": "MASE to seasonal naive"}
PUBLISHED = "published "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=Path, required=True, help="CSV of rates.py")
    parser.add_argument("--scores", type=Path, required=True, help="CSV of zeroshot.py on the official view")
    parser.add_argument("--picture", type=Path, default=IMAGES / "frontier.png")
    options = parser.parse_args()
    points = joined(pd.read_csv(options.rates), pd.read_csv(options.scores))
    columns = ["model", "series_per_s", "ms_per_series", *SCORES, "published"]
    print(points[columns].to_string(index=False, float_format="{:.3f}".format))
    draw(points, options.picture)


def joined(rates: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """One row a model that has both: of several scores our own run's is taken, then a competitor's, then published."""
    cached = RESULTS / "official.csv"
    rows = pd.concat([scores, *([pd.read_csv(cached)] if cached.exists() else []), published()], ignore_index=True)
    rows = rows[rows["set"].isin(SEVEN)].drop_duplicates(["model", "set"])
    whole = rows.groupby("model", sort=False).filter(lambda part: len(part) == len(SEVEN))
    means = np.exp(np.log(whole.set_index("model")[list(SCORES)]).groupby("model", sort=False).mean()).reset_index()
    means["published"] = means["model"].str.startswith(PUBLISHED)
    means["model"] = means["model"].str.removeprefix(PUBLISHED)
    return rates.merge(means.drop_duplicates("model"), on="model")


def draw(points: pd.DataFrame, path: Path) -> None:
    figure, (axes,) = canvas(1, len(SCORES), (10, 4.2), sharex=True)
    for ax, (name, label) in zip(axes, SCORES.items(), strict=True):
        title(ax, label)
        for _, point in points.iterrows():
            colour = OURS if str(point["package"]).startswith("segue") else THEIRS
            low, high = 1000 / point["max"], 1000 / point["min"]
            ax.plot([low, high], [point[name]] * 2, color=colour, linewidth=1.2, zorder=1)
            face = "white" if point["published"] else colour
            ax.scatter(point["ms_per_series"], point[name], s=46, facecolor=face, edgecolor=colour, zorder=2)
            ax.annotate(
                point["model"],
                (point["ms_per_series"], point[name]),
                (0, 7 if point["published"] else -14),  # ours below, so that neighbours can be read
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=INK if colour == OURS else SOFT,
            )
        ax.set_xscale("log")
        ax.margins(0.14)
        ax.set_xlabel("milliseconds a series (512 values, 24 steps, two cores)")
    axes[0].annotate(
        "hollow: published accuracy; Chronos-Bolt timed with random weights",
        (0, -0.2),
        xycoords="axes fraction",
        fontsize=7,
        color=SOFT,
    )
    save(figure, path)


if __name__ == "__main__":
    main()
