"""Is one model better than another, or was it the sets? A paired bootstrap, clustered by set.

    python -m benchmarks.forecasting.bootstrap --models nanotst auto-theta RUN.parquet \\
        benchmarks/results/competitors/*.parquet

Files hold the scores of series, as `zeroshot.py` and `competitors.py` write them; sets that both models have count.
Each draw takes sets with all their horizons, with replacement, and within each set series, the same for both models.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.groups import SEVEN

DRAWS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--models", nargs=2, required=True, metavar=("A", "B"))
    parser.add_argument(
        "--group", choices=["all", "seven", "others"], default="all", help="the seven sets, or not them"
    )
    options = parser.parse_args()
    series = pd.concat([pd.read_parquet(file) for file in options.files], ignore_index=True)
    series = series.drop_duplicates(["set", "horizon", "series", "model"], keep="first")
    if options.group != "all":
        series = series[series["set"].isin(SEVEN) == (options.group == "seven")]
    first, second = options.models
    found = compare(series[series["model"] == first], series[series["model"] == second])
    print(f"geometric mean of {first} / {second}, 95 % interval\n{found.round(3).to_string()}")


def compare(first: pd.DataFrame, second: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Ratios of MASE and WQL, first to second: geometric means over sets and horizons, with 95 % intervals.

    Args:
        first: Scores of series of one model: set, horizon, series, mase, loss, size.
        second: Those of the other; series that only one of them has are left out.
        draws: Of the bootstrap.
        seed: Of the draws.

    Returns:
        Rows `mase` and `wql`, columns `ratio`, `low`, `high` and `sets`.
    """
    both = first.merge(second, on=["set", "horizon", "series"], suffixes=("", "_second"))
    if both.empty:
        raise SystemExit("no series that both models have")
    random = np.random.default_rng(seed)
    sets = [drawn(part, draws, random) for _, part in both.groupby("set", sort=False)]
    exact = np.concatenate([ratios[:, :1] for ratios in sets])
    # (2, cells, draws): a cell is a set at a horizon; its weight in a draw is how often its set was drawn
    picks = random.multinomial(len(sets), np.full(len(sets), 1 / len(sets)), size=draws).T
    weights = np.concatenate([np.repeat(pick[None], len(part), 0) for pick, part in zip(picks, sets, strict=True)])
    values = np.concatenate([part[:, 1:] for part in sets])
    means = (values * weights[..., None]).sum(axis=0) / weights.sum(axis=0)[:, None]
    low, high = np.exp(np.quantile(means, [0.025, 0.975], axis=0))
    table = {"ratio": np.exp(exact.mean(axis=(0, 1))), "low": low, "high": high, "sets": len(sets)}
    return pd.DataFrame(table, index=["mase", "wql"])


def drawn(scores: pd.DataFrame, draws: int, random: np.random.Generator) -> np.ndarray:
    """Logarithmic ratios (horizons, 1 + draws, 2) of one set: as it is, then with its series drawn anew."""
    names = scores["series"].unique()
    counts = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    counts = pd.DataFrame(np.concatenate([np.ones((1, len(names)), dtype=int), counts]).T, index=names)
    ratios = []
    for _, part in scores.groupby("horizon", sort=False):
        times = counts.loc[part["series"]].to_numpy()
        mase = part[["mase", "mase_second"]].to_numpy()
        mase = np.where(np.isnan(mase).any(axis=1, keepdims=True), 0, mase).T @ times  # undefined for both alike
        loss = part[["loss", "loss_second"]].to_numpy().T @ times
        ratios.append(np.log(np.stack([mase[0] / mase[1], loss[0] / loss[1]], axis=-1)))
    return np.stack(ratios)


def intervals(scores: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> dict[str, float]:
    """95 % intervals of MASE, WQL and WQL / ND of one set, over draws of its series; NaN for a set of one series.

    Args:
        scores: Of the series of one model: mase, loss, error, size.
        draws: Of the bootstrap.
        seed: Of the draws; two models of one set have the same.

    Returns:
        `<score>_low` and `<score>_high`.
    """
    count = len(scores)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    defined = scores["mase"].notna().to_numpy()
    loss, error, size = (times @ scores[name].to_numpy() for name in ("loss", "error", "size"))
    with np.errstate(divide="ignore", invalid="ignore"):  # a draw without any error, or any defined MASE
        mase = times @ scores["mase"].fillna(0).to_numpy() / (times @ defined)
        drawn_scores = {"mase": mase, "wql": loss / size, "wql_nd": loss / error}
    found = {}
    for name, values in drawn_scores.items():
        bounds = np.quantile(values, [0.025, 0.975]) if count > 1 else (np.nan, np.nan)
        found |= {f"{name}_low": float(bounds[0]), f"{name}_high": float(bounds[1])}
    return found


if __name__ == "__main__":
    main()
