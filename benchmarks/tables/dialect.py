"""A dialect: every choice that people make when they write a table of series to a file."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.tables.forms import TIME_FORMS

Random = np.random.Generator


@dataclass(frozen=True)
class Dialect:
    """One choice of each kind. Each attribute is a feature of the report.

    Attributes:
        separator: The mark between cells.
        decimal, thousands: The marks in numbers; thousands may be none.
        digits: The decimals of all numbers.
        size: The size of values.
        time: The form of times, a key of `TIME_FORMS`.
        step: The step between rows.
        clock: Whether dates and clock times are in two columns.
        encoding: The encoding of the file.
        words: The language of names and ids.
        names: Whether the columns have customary names.
        ids: How series are named.
        wide: Whether each series has a column of its own.
        columns, rows: The order of columns and rows.
        unit: What stands before or behind numbers.
        missing: The word for a missing value.
        gaps: Whether some rows are left out.
        index: Whether a first column without a name numbers the rows.
        extra: A column that is neither time, series nor value.
        above, below: Lines above the header and below the rows.
        end: The end of lines.
        quoting: Which cells have quotes.
        packing: The end of the file's name.
        given: The options that the user gives: all that help, or none.
    """

    separator: str
    decimal: str
    thousands: str
    digits: int
    size: str
    time: str
    step: str
    clock: bool
    encoding: str
    words: str
    names: str
    ids: str
    wide: bool
    columns: str
    rows: str
    unit: str
    missing: str
    gaps: bool
    index: bool
    extra: str
    above: str
    below: str
    end: str
    quoting: str
    packing: str
    given: str


NONE = "none"


def draw_dialect(random: Random) -> Dialect:
    """Draws each choice; the usual ones more often."""

    def pick(*choices: Any) -> Any:
        return choices[int(random.integers(len(choices)))]

    def seldom(usual: Any, *others: Any, chance: float = 0.15) -> Any:
        return pick(*others) if random.random() < chance else usual

    time = pick(*TIME_FORMS)
    form = TIME_FORMS[time]
    step = pick(*form.steps)
    clock = time in ("2024-03-13 10:00", "13.03.2024 10:00") and random.random() < 0.5
    separator, decimal = pick(",.", ",.", ";,", ";.", "\t.", "\t,", "|.", ",,")
    thousands = seldom(NONE, ",", ".", " ", "'", "\u00a0", chance=0.35)
    words = seldom("english", "german", "french", "japanese", "russian", chance=0.35)
    encodings = {"japanese": ("utf-8", "shift_jis"), "russian": ("utf-8", "cp1251")}
    encoding = pick(*encodings.get(words, ("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252")))
    if thousands == decimal or (thousands == "\u00a0" and encoding == "shift_jis"):  # which has no such blank
        thousands = NONE
    wide = random.random() < 0.12
    return Dialect(
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        digits=pick(0, 0, 1, 2, 2, 3),
        size=pick("ones", "hundreds", "thousands", "millions"),
        time=time,
        step=step,
        clock=clock,
        encoding=encoding,
        words=words,
        names=pick("customary", "own"),
        ids=NONE if wide else pick(NONE, NONE, "text", "zeros", "whole", "two"),
        wide=wide,
        columns=seldom("usual", "shuffled", chance=0.4),
        rows=seldom("sorted", "by time", "shuffled", "descending", chance=0.4),
        unit=seldom(NONE, "$", "%", " kr", chance=0.12),
        missing=seldom(NONE, "(empty)", "NA", "N/A", "-", "?", ".", "NULL", "nan", "None", "#N/A", chance=0.3),
        gaps=step in ("D", "h", "15min") and random.random() < 0.2,
        index=random.random() < 0.08,
        extra=seldom(NONE, "unique text", "constant text", "repeated text", "number", chance=0.25),
        above=seldom(NONE, "comment", "title", "sep", chance=0.12),
        below=seldom(NONE, "total", "count", chance=0.06),
        end=seldom("LF", "CRLF", "CR", chance=0.3),
        quoting=seldom("needed", "all", "text", chance=0.3),
        packing=seldom(".csv", ".csv.gz", ".csv.zst", ".tsv", ".txt", chance=0.12),
        given=pick("options", "options", NONE),
    )  # fmt: skip
