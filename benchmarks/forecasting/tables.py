"""The tables of docs/accuracy.md, from result files.

    python -m benchmarks.forecasting.tables --official FILE --validation FILE --horizons FILE --histories FILE \\
        --known-distributions FILE

The file of scores of series that `zeroshot.py` wrote lies beside that of the validation view.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.against import against, beaten, overall
from benchmarks.forecasting.competitors import RESULTS
from benchmarks.forecasting.groups import GROUPS
from benchmarks.forecasting.published import published

BY_SET = (
    "nanotst", "nanotst-small", "published tirex", "published chronos-bolt-small", "published auto-arima",
    "published auto-theta", "seasonal-naive-point",
)  # fmt: skip
BESIDE = ("nanotst", "nanotst-small", "fracast", "flair", "ar", "dynamic-optimized-theta", "auto-ets")
CLASSICAL = BESIDE[4:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in ("official", "validation", "horizons", "histories", "known-distributions"):
        parser.add_argument(f"--{kind}", type=Path, required=True)
    options = parser.parse_args()
    validation, official = pd.read_csv(options.validation), pd.read_csv(options.official)
    losses = scaled_losses(options.validation.with_suffix(".parquet"))
    competitors = pd.read_csv(RESULTS / "validation.csv")
    tables = {
        "Set by set, official": by_set(official),
        "Intervals over series, official": bounded(official),
        "Development sets": beside(validation, competitors),
        "Quantile loss of series beside others": beside_each(losses),
        "Tasks behind the best of all": behind(losses),
        "Coverage": coverage(validation),
        "Coverage by kind of numbers": kinds(validation),
        "Far horizons": far(pd.read_csv(options.horizons)),
        "Histories": histories(pd.read_csv(options.histories)),
        "Known distributions": known(pd.read_csv(options.known_distributions)),
    }
    for title, table in tables.items():
        print(f"\n## {title}\n\n{markdown(table)}")


def by_set(rows: pd.DataFrame) -> pd.DataFrame:
    """MASE and WQL of the comparable sets; then geometric means of their ratios to seasonal naive."""
    sets = pd.concat([rows[rows["sets"].isna() & rows["comparable"].eq(True)], published()])
    sets = sets[sets["model"].isin(BY_SET)].drop_duplicates(["set", "model"])
    scores = cells(sets, "set", "mase", "wql", 4)
    named = [name for name in GROUPS if name != "development sets"]
    means = rows[rows["set"].isin(named) & rows["model"].isin(BY_SET)]
    return pd.concat([scores, cells(means, "set", "mase_ratio", "wql_ratio", 3)]).reindex(columns=list(BY_SET))


def beside(validation: pd.DataFrame, competitors: pd.DataFrame) -> pd.DataFrame:
    """Geometric means over the development tasks that every one of `BESIDE` has a score on."""
    rows = pd.concat([validation[validation["sets"].isna()], competitors])
    rows = rows[rows["model"].isin(BESIDE) & rows["comparable"].eq(False)].drop_duplicates(["set", "horizon", "model"])
    ratios = [rows.pivot(index=["set", "horizon"], columns="model", values=f"{s}_ratio") for s in ("mase", "wql")]
    common = ratios[0].notna().all(axis=1)
    table = pd.DataFrame({s: np.exp(np.log(r[common]).mean()) for s, r in zip(("MASE", "WQL"), ratios, strict=True)})
    table.index.name = f"{int(common.sum())} tasks"
    return table.reindex(list(BESIDE)).map("{:.3f}".format)


def bounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the default model on the comparable sets, with 95 % bootstrap intervals over series."""
    rows = rows[rows["sets"].isna() & rows["comparable"].eq(True) & (rows["model"] == "nanotst")].set_index("set")
    titles = {"mase": "MASE", "wql": "WQL", "wql_nd": "WQL / ND"}
    return pd.DataFrame({title: with_interval(rows, score, f"{score}_") for score, title in titles.items()})


def scaled_losses(run: Path) -> pd.DataFrame:
    """Of the default model beside each competitor: one row a validation task and competitor, by `against.against`."""
    series = pd.read_parquet(run)
    files = [pd.read_parquet(file) for file in sorted(RESULTS.glob("validation-*.parquet"))]
    return against(series[series["model"] == "nanotst"], files)


def beside_each(losses: pd.DataFrame) -> pd.DataFrame:
    """The geometric mean of ratios over tasks, and on how many the default model is better."""
    rows = overall(losses)
    better = rows["better"].astype(int).astype(str) + " of " + rows["tasks"].astype(int).astype(str)
    return pd.DataFrame({"ratio": with_interval(rows, "ratio", ""), "better": better})


def behind(losses: pd.DataFrame) -> pd.DataFrame:
    """The tasks where the best competitor is ahead by more than a tenth, the worst first."""
    rows = beaten(losses)
    rows = rows.set_index(rows["set"] + ", " + rows["horizon"].astype(str))
    series = rows["series"].astype(str)
    return pd.DataFrame({"best": rows["best"], "series": series, "ratio": with_interval(rows, "ratio", "")})


def with_interval(rows: pd.DataFrame, score: str, prefix: str) -> pd.Series:
    """The score with its interval; without one, as of a set of one series, the score alone."""
    number = "{:.3f}".format
    bounds = " (" + rows[f"{prefix}low"].map(number) + " to " + rows[f"{prefix}high"].map(number) + ")"
    return rows[score].map(number) + bounds.where(rows[f"{prefix}low"].notna(), "")


def kinds(validation: pd.DataFrame) -> pd.DataFrame:
    """Of the default model, whole numbers apart, in every frequency with at least 150 series of the kind."""
    rows = validation[validation["strictly80"].notna() & validation["sets"].isna() & validation["horizon"].isna()]
    rows = rows[rows["model"] == "nanotst"].set_index("set")
    columns = {"coverage80": "80 %, bounds included", "strictly80": "80 %, strictly inside", "coverage95": "95 %"}
    shares = {
        title: (100 * rows[name]).map("{:.1f}".format) + " (" + (100 * rows[f"{name}_se"]).map("{:.1f}".format) + ")"
        for name, title in columns.items()
    }
    return pd.DataFrame({"series": rows["series"].astype(int).astype(str)} | shares)


def coverage(validation: pd.DataFrame) -> pd.DataFrame:
    """Of the default model, in every bucket of frequency and horizon with at least 150 series."""
    rows = validation[validation["sets"].notna() & (validation["model"] == "nanotst") & (validation["series"] >= 150)]
    rows = rows[rows["set"].str.contains(", horizon ")].set_index("set")
    found = {"series": rows["series"].astype(int).astype(str)}
    for level in (80, 95):
        share, error = (100 * rows[f"coverage{level}{what}"] for what in ("", "_se"))
        found[f"{level} %"] = share.map("{:.1f}".format) + " (" + error.map("{:.1f}".format) + ")"
    return pd.DataFrame(found)


def far(rows: pd.DataFrame) -> pd.DataFrame:
    """One pass of many patches against one patch after another."""
    rows = rows.assign(
        ms=rows["ms_per_window"].map("{:.0f} ms".format), task=rows["set"] + ", " + rows["horizon"].astype(str)
    )
    rows = rows.assign(way=rows["span"].map("{} at a time".format))
    scores = cells(rows, "task", "mase_ratio", "wql_ratio", 3, "way")
    covered = rows.pivot(index="task", columns="way", values="coverage80").map("{:.0%}".format)
    return pd.concat({"MASE / WQL": scores, "80 % covers": covered}, axis=1).pipe(flat)


def histories(rows: pd.DataFrame) -> pd.DataFrame:
    """Geometric means of the ratio to seasonal naive with the whole past, by frequency and values seen."""
    rows = rows[rows["model"] == "nanotst"]
    means = rows.groupby(["frequency", "history"])[["mase_ratio_whole", "wql_ratio_whole"]].agg(
        lambda r: np.exp(np.log(r).mean())
    )
    return cells(means.reset_index(), "history", "mase_ratio_whole", "wql_ratio_whole", 2, "frequency")


def known(rows: pd.DataFrame) -> pd.DataFrame:
    """The quantile loss over that of the best forecast, for each length of the history; and of the history itself."""
    own = rows.drop_duplicates(["distribution", "length"]).assign(
        model="the history", ratio=lambda part: part["history_ratio"]
    )
    rows = pd.concat([rows, own])
    joined = rows.groupby(["distribution", "model"], sort=False)["ratio"].agg(
        lambda part: " / ".join(f"{x:.2f}" for x in part)
    )
    return joined.unstack("model").reindex(index=rows["distribution"].unique(), columns=rows["model"].unique())


def cells(rows: pd.DataFrame, index: str, first: str, second: str, digits: int, columns: str = "model") -> pd.DataFrame:
    text = rows[first].map("{:.3f}".format) + " / " + rows[second].map(f"{{:.{digits}f}}".format)
    return rows.assign(text=text).pivot(index=index, columns=columns, values="text").reindex(rows[index].unique())


def flat(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_axis([f"{way}: {what}" for what, way in table.columns], axis=1)


def markdown(table: pd.DataFrame) -> str:
    """The table as Markdown has it."""
    lines = [[table.index.name or "", *map(str, table.columns)], ["---"] * (len(table.columns) + 1)]
    lines += [[str(name), *row] for name, row in zip(table.index, table.fillna("").to_numpy(), strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
