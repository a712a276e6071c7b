"""`segue forecast`, and the table that its tests begin from: a daily wave over four days."""

import numpy as np
import pandas as pd
from typer.testing import CliRunner

from segue.cli import app

HOURS = pd.date_range("2024-10-25", periods=96, freq="h")
"""Four days, of which the third is the last Sunday of October."""


def daily_wave(times):
    return np.round(50 + 20 * np.sin(2 * np.pi * times.hour / 24), 3)


def run(*arguments):
    result = CliRunner().invoke(app, ["forecast", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def csv(times, **columns):
    return pd.DataFrame({"ds": times, **columns}).to_csv(index=False)
