"""Files that the browser's page and the library both forecast: ordinary series and odd ones."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "air_passengers.csv"


@dataclass(frozen=True)
class Case:
    """A file and what is asked of it.

    Attributes:
        csv: The text of the file.
        horizon: Steps ahead.
        chosen: The roles of columns that the user chooses: `id`, `time` and `target`.
        percent: The interval.
    """

    csv: str
    horizon: int = 24
    chosen: dict[str, str] = field(default_factory=dict)
    percent: int = 80


def cases() -> dict[str, Case]:
    """The cases by name; the same in every call."""
    generator = np.random.default_rng(24)
    steps = np.arange(8_000)
    day = 20 + 6 * np.sin(2 * np.pi * steps / 24) + 2 * np.sin(2 * np.pi * steps / 168)
    noisy = day + generator.normal(0, 1, len(steps))
    counts = generator.poisson(np.where(steps % 7 < 5, 1.2, 0.2))
    holes = noisy[:900].copy()
    holes[generator.random(900) < 0.2] = np.nan
    holes[-3:] = np.nan
    holes[-40] = 30.0
    walk = 1_000 + np.cumsum(generator.normal(0, 1, 1_000))
    year = 100 + 20 * np.cos(2 * np.pi * steps / 365.25) + 5 * (steps % 7 < 5) + generator.normal(0, 3, len(steps))
    gaps = np.where(generator.random(len(steps)) < 0.1, np.nan, year)
    return {
        "months": Case(EXAMPLE.read_text(encoding="utf-8")),
        "months with a far horizon": Case(EXAMPLE.read_text(encoding="utf-8"), 240),
        "hours of a day and a week": Case(table(noisy[:1_000], "h"), 168),
        "8,000 hours": Case(table(noisy, "h"), 48),
        "3,000 days of weeks and years": Case(table(year[:3_000], "D"), 30),
        "1,500 days with gaps, beyond one pass": Case(_dropped(table(gaps[:1_500], "D"), 200, 290), 200),
        "quarters of an hour, beyond one pass": Case(table(noisy[:700], "15min"), 500),
        "business days": Case(table(walk[:400], "B"), 30),
        "weeks, with semicolons": Case(table(noisy[:150], "W").replace(",", ";"), 26),
        "quarters at their end": Case(table(walk[:60], "QE"), 8),
        "years": Case(table(walk[:40], "YS"), 10),
        "counts with zeros": Case(table(counts[:500], "D"), 28),
        "prices on a lattice of cents": Case(table(np.round(5 + counts[:300] * 0.05, 2), "D"), 14),
        "missing values": Case(_dropped(table(holes, "h"), 300, 350), 48),
        "rows without a value at the end": Case(table(holes[:600], "h") + "2026-01-26 00:00:00,\n", 24),
        "constant": Case(table(np.full(100, 7.25), "D"), 14),
        "constant whole numbers": Case(table(np.full(50, 3), "D"), 14),
        "one value": Case("t,y\n5,3.5\n", 5),
        "two values": Case("ds,y\n2026-01-01,1\n2026-01-02,2\n", 5),
        "five values": Case(table(walk[:5], "D"), 10),
        "large offset": Case(table(1e9 + noisy[:600], "h"), 48),
        "huge and tiny": Case(table(1e12 * noisy[:200], "D") + _rest(1e-9 * noisy[:200]), 14),
        "negative": Case(table(-noisy[:300], "h"), 24),
        "counted steps with a season": Case(_counted(day[:600] + generator.normal(0, 0.5, 600)), 48),
        "counted steps without a season": Case(_counted(walk[:300]), 24),
        "several series": Case(_several(noisy, counts), 24),
        "several series, chosen columns": Case(
            _several(noisy, counts, ("shop", "day", "sold")), 24, {"id": "shop"}, 95
        ),
        "a band of 37 %": Case(table(noisy[:500], "h"), 24, percent=37),
    }


def table(values: np.ndarray, freq: str) -> str:
    """A file of one series."""
    times = pd.date_range("2026-01-01", periods=len(values), freq=freq)
    return pd.DataFrame({"ds": times, "y": values}).to_csv(index=False)


def _rest(values: np.ndarray) -> str:
    """More rows, after the 200 days of `table`."""
    times = pd.date_range("2026-01-01", periods=200 + len(values), freq="D")[200:]
    return pd.DataFrame({"ds": times, "y": values}).to_csv(index=False, header=False)


def _dropped(text: str, first: int, end: int) -> str:
    """A file without some of its rows."""
    lines = text.splitlines(keepends=True)
    return "".join(lines[:first] + lines[end:])


def _counted(values: np.ndarray) -> str:
    return pd.DataFrame({"t": np.arange(len(values)), "y": values}).to_csv(index=False)


def _several(noisy: np.ndarray, counts: np.ndarray, names: tuple[str, str, str] = ("unique_id", "ds", "y")) -> str:
    """Series of different lengths and ends, whose rows are not in order."""
    parts = []
    for name, values in (("b", noisy[:300]), ("a", counts[:120]), ("c", noisy[200:260]), ("late", noisy[:40])):
        times = pd.date_range("2026-01-01", periods=len(values), freq="D")
        parts.append(pd.DataFrame({names[0]: name, names[1]: times, names[2]: values}))
    frame = pd.concat(parts).sample(frac=1.0, random_state=1)
    return str(frame.to_csv(index=False))
