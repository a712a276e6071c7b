"""Some 40 plain tables of text, from which hostile ones are made: a header and rows of cells."""

from collections.abc import Callable

import numpy as np
import pandas as pd

Table = list[list[str]]
"""The header, then the rows."""

_STAMPS: dict[str, Callable[[pd.DatetimeIndex], list[str]]] = {
    "iso": lambda t: [str(x.date()) for x in t],
    "clock": lambda t: [str(x) for x in t],
    "zoned": lambda t: [f"{x.isoformat()}+02:00" for x in t],
    "postgres": lambda t: [f"{x}+00" for x in t],
    "german": lambda t: list(t.strftime("%d.%m.%Y %H:%M")),
    "american": lambda t: list(t.strftime("%m/%d/%Y")),
    "short": lambda t: list(t.strftime("%d.%m.%y")),
    "text": lambda t: list(t.strftime("%d %b %Y")),
    "month": lambda t: list(t.strftime("%b-%y")),
    "compact": lambda t: list(t.strftime("%Y%m%d")),
    "ten": lambda t: list(t.strftime("%Y%m%d%H")),
    "fourteen": lambda t: list(t.strftime("%Y%m%d%H%M%S")),
    "week": lambda t: list(t.strftime("%G-W%V")),
    "quarter": lambda t: [f"Q{x.quarter} {x.year}" for x in t],
    "imf": lambda t: list(t.strftime("%YM%m")),
    "range": lambda t: [f"{x.date()}/{(x + pd.Timedelta(days=6)).date()}" for x in t],
    "fiscal": lambda t: [f"{x.year}/{(x.year + 1) % 100:02d}" for x in t],
    "year": lambda t: [str(x.year) for x in t],
    "epoch": lambda t: [str(int(x.timestamp())) for x in t],
    "milliseconds": lambda t: [str(int(x.timestamp() * 1000)) for x in t],
    "excel": lambda t: [str((x - pd.Timestamp("1899-12-30")).days) for x in t],
    "counter": lambda t: [str(i) for i in range(len(t))],
}

_NUMBERS: dict[str, Callable[[float], str]] = {
    "plain": lambda x: f"{x:.2f}",
    "whole": lambda x: f"{x:.0f}",
    "comma": lambda x: f"{x:.1f}".replace(".", ","),
    "thousands": lambda x: f"{1000 * x:,.2f}",
    "currency": lambda x: f"${10 * x:,.0f}",
    "percent": lambda x: f"{x:.0f}%",
}

# form of times, step, form of numbers, series, names of further columns
_KINDS: list[tuple[str, str, str, int, str]] = [
    ("iso", "D", "plain", 1, ""), ("iso", "D", "whole", 2, ""), ("iso", "W", "comma", 1, ""),
    ("iso", "MS", "thousands", 3, ""), ("iso", "B", "plain", 1, "note"), ("clock", "h", "plain", 1, ""),
    ("clock", "15min", "whole", 2, ""), ("clock", "h", "percent", 1, ""), ("zoned", "h", "plain", 1, ""),
    ("zoned", "D", "whole", 2, "note"), ("postgres", "h", "plain", 1, ""), ("postgres", "D", "currency", 1, ""),
    ("german", "h", "comma", 1, ""), ("german", "D", "comma", 2, ""), ("american", "D", "plain", 1, ""),
    ("american", "W", "currency", 2, "note"), ("short", "D", "whole", 1, ""), ("short", "MS", "comma", 1, ""),
    ("text", "D", "plain", 1, ""), ("text", "W", "whole", 2, ""), ("month", "MS", "plain", 1, ""),
    ("month", "MS", "thousands", 2, ""), ("compact", "D", "whole", 1, ""), ("compact", "D", "plain", 3, ""),
    ("ten", "h", "plain", 1, ""), ("fourteen", "h", "whole", 1, ""), ("week", "W-MON", "plain", 1, ""),
    ("week", "W-MON", "whole", 2, ""), ("quarter", "QS", "plain", 1, ""), ("imf", "MS", "comma", 1, ""),
    ("range", "W-MON", "plain", 1, ""), ("fiscal", "YS", "whole", 1, ""), ("year", "YS", "plain", 2, ""),
    ("epoch", "h", "plain", 1, ""), ("epoch", "D", "whole", 2, ""), ("milliseconds", "min", "plain", 1, ""),
    ("excel", "D", "whole", 1, ""), ("counter", "D", "plain", 2, ""), ("iso", "SMS", "plain", 1, ""),
    ("clock", "7h", "plain", 1, "note"),
]  # fmt: skip

COUNT = len(_KINDS)


def base(number: int, random: np.random.Generator) -> Table:
    """Makes a base table of 1 to some 60 rows for each series; one in 50 has 2,000."""
    form, step, numbers, series, further = _KINDS[number % COUNT]
    rows = (
        2000 if random.random() < 0.02 and step not in ("YS", "QS") else int(random.choice([1, 2, 3, *range(10, 60)]))
    )
    start = pd.Timestamp(str(random.choice(["2024-01-01", "1996-03-05", "1965-12-31", "2020-02-29"])))
    start = start if rows < 2000 else pd.Timestamp("1996-03-05")
    if rows == 2000 and step in ("MS", "SMS", "W", "W-MON"):
        step = "D"
    stamps = _STAMPS[form](pd.date_range(start, periods=rows, freq=step))
    names = ["ds", "y"] if random.random() < 0.5 else [str(random.choice(["date", "time", "Datum"])), "sales"]
    identity = [str(random.choice(["unique_id", "store", "Größe"]))] if series > 1 else []
    table = [[*identity, *names, *([further] if further else [])]]
    for index in range(series):
        values = 50 + 10 * index + 20 * np.sin(np.arange(rows) * 2 * np.pi / 7) + random.normal(size=rows)
        for stamp, value in zip(stamps, values, strict=True):
            extra = [str(random.choice(["ok", "late", "München"]))] if further else []
            table.append([*([f"shop {index}"] if identity else []), stamp, _NUMBERS[numbers](float(value)), *extra])
    return table
