"""What others have published on the same windows: facts with their source, never run here.

    python -m benchmarks.forecasting.published

Ratios are to the published seasonal naive row of the set, which our own agrees with (see README.md). Bolt was trained
on M4 hourly and weekly. Everybody's M4 rows come from other tables than the rest, and some of them from another than
its seasonal naive row, as `published.csv` says.
"""

from pathlib import Path

import pandas as pd

from benchmarks.forecasting.groups import RATIOS, SIZES, summaries
from benchmarks.forecasting.sets import SETS

TABLE = Path(__file__).parent / "published.csv"


def published() -> pd.DataFrame:
    """Rows like those of `rows.row`, with the model named `published <model>`; what was not published is missing."""
    table = pd.read_csv(TABLE)
    naive = table[table["model"] == "seasonal-naive"].set_index("set")
    for score in ("mase", "wql"):
        table[f"{score}_ratio"] = table[score] / table["set"].map(naive[score])
    asked = pd.DataFrame([vars(dataset) for dataset in SETS]).rename(columns={"name": "set"})
    table = table.merge(asked[["set", "horizon", "frequency", "season", "comparable"]])
    return table[table["model"] != "seasonal-naive"].assign(model="published " + table["model"])


def main() -> None:
    rows = published()
    lacking = [*RATIOS[2:], "series", "windows", "ms_per_series", "peak_mb"]
    means = summaries(
        rows.reindex(columns=[*rows.columns, *lacking]), pd.DataFrame(columns=["set", "horizon", "model"])
    )
    found = pd.concat([rows, means[means["set"].isin(SIZES)]])
    for score in ("mase_ratio", "wql_ratio"):
        print(score, found.pivot_table(score, "set", "model", sort=False).round(3).to_string(), sep="\n")


if __name__ == "__main__":
    main()
