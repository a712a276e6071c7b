"""The quantile loss of a series in units of its own seasonal naive error. Every series counts once, by its logarithm.

WQL is a ratio of sums, so few large series decide it. The scaled loss of a point forecast is its MASE. A set has the
geometric mean over series. Two rules keep that mean defined. A series without a unit has no scaled loss: its past is
constant or repeats itself. A loss of zero has no logarithm, so the series is left out of a mean, and of a comparison
if either model's loss is zero. `left_out` counts both.
"""

import numpy as np
import pandas as pd


def scaled_loss(series: pd.DataFrame) -> pd.Series:
    """Of each series: the quantile loss a value, over the mean of its seasonal naive errors; NaN without a unit.

    Args:
        series: `loss`, a sum over `values` observed values of all windows; `unit`, a mean over windows.
    """
    return series["loss"] / (series["values"] * series["unit"])


def geometric_mean(scaled: pd.Series) -> float:
    """Over the series that have a scaled loss above zero; NaN if none has."""
    return float(np.exp(np.log(scaled[scaled > 0]).mean()))


def log_ratios(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The logarithm of the loss of the first over that of the second, for each series that both have.

    The unit cancels, so the second needs only its loss.

    Args:
        first: `series` or, of several tasks, `set`, `horizon` and `series`; `loss`; `unit`.
        second: The same keys and `loss`.

    Returns:
        The keys and `log_ratio`, NaN where it is left out.
    """
    keys = [key for key in ("set", "horizon", "series") if key in first]
    both = first[[*keys, "loss", "unit"]].merge(second[[*keys, "loss"]], on=keys, suffixes=("", "_second"))
    defined = both["unit"].notna() & (both["loss"] > 0) & (both["loss_second"] > 0)
    ratio = (both["loss"] / both["loss_second"]).where(defined)
    return both[keys].assign(log_ratio=np.log(ratio))


def scaled_ratio(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """The geometric mean of the ratios of one set."""
    return float(np.exp(log_ratios(first, second)["log_ratio"].mean()))
