"""How people write times and numbers, and whether what they wrote has one possible reading."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

Stamp = pd.Timestamp


@dataclass(frozen=True)
class TimeForm:
    """One way to write times.

    Attributes:
        write: The text of a time.
        steps: The steps between rows that this form can show.
        sure: Whether texts of this form have one possible reading, whatever else is in the file.
        digits: Whether it is digits only, so that a column needs a customary name or the option.
        swaps: Whether day and month can be taken for each other unless a day is beyond 12.
        also: Another format that the texts may fit, which makes them ambiguous.
        earliest, latest: The years that the form can show, of the first row.
    """

    write: Callable[[Stamp], str]
    steps: tuple[str, ...]
    sure: bool = True
    digits: bool = False
    swaps: bool = False
    also: str = ""
    earliest: int = 1990
    latest: int = 2022


def _as(form: str) -> Callable[[Stamp], str]:
    return lambda time: time.strftime(form)


def _bare(form: str) -> Callable[[Stamp], str]:
    """Without leading zeros of days and months."""
    return lambda time: re.sub(r"\b0(\d)(?=\D)", r"\1", time.strftime(form))


_DAYS, _HOURS = ("D", "D", "W", "B"), ("h", "h", "15min")
TIME_FORMS = {
    "2024-03-13": TimeForm(_as("%Y-%m-%d"), (*_DAYS, "MS", "QS", "ME"), earliest=1950),
    "2024-03-13 10:00": TimeForm(_as("%Y-%m-%d %H:%M"), _HOURS),
    "2024-03-13 10:00:00": TimeForm(_as("%Y-%m-%d %H:%M:%S"), (*_HOURS, "D", "10s")),
    "2024-03-13T10:00": TimeForm(_as("%Y-%m-%dT%H:%M"), _HOURS),
    "2024-03-13T10:00:00Z": TimeForm(_as("%Y-%m-%dT%H:%M:%SZ"), (*_HOURS, "D")),
    "2024-03-13T10:00:00+02:00": TimeForm(_as("%Y-%m-%dT%H:%M:%S+02:00"), (*_HOURS, "D")),
    "2024-03-13 10:00:00+00": TimeForm(_as("%Y-%m-%d %H:%M:%S+00"), (*_HOURS, "D")),
    "2024-03-13 10:00:00.25+0530": TimeForm(_as("%Y-%m-%d %H:%M:%S.00+0530"), _HOURS),
    "2024-03-13 10:00 UTC": TimeForm(_as("%Y-%m-%d %H:%M UTC"), _HOURS),
    "2024/03/13": TimeForm(_as("%Y/%m/%d"), _DAYS),
    "2024.03.13": TimeForm(_as("%Y.%m.%d"), _DAYS),
    "13.03.2024": TimeForm(_as("%d.%m.%Y"), (*_DAYS, "MS"), swaps=True),
    "13.3.2024": TimeForm(_bare("%d.%m.%Y"), _DAYS, swaps=True),
    "13.03.2024 10:00": TimeForm(_as("%d.%m.%Y %H:%M"), _HOURS, swaps=True),
    "13.03.24": TimeForm(_as("%d.%m.%y"), _DAYS, swaps=True),
    "13/03/2024": TimeForm(_as("%d/%m/%Y"), _DAYS, swaps=True),
    "13-03-2024": TimeForm(_as("%d-%m-%Y"), _DAYS, swaps=True),
    "03/13/2024": TimeForm(_as("%m/%d/%Y"), (*_DAYS, "MS"), swaps=True),
    "3/13/2024": TimeForm(_bare("%m/%d/%Y"), _DAYS, swaps=True),
    "3/13/24": TimeForm(_bare("%m/%d/%y"), _DAYS, swaps=True),
    "03/13/2024 02:00 PM": TimeForm(_as("%m/%d/%Y %I:%M %p"), _HOURS, swaps=True),
    "24-03-13": TimeForm(_as("%y-%m-%d"), _DAYS, sure=False),
    "13 Mar 2024": TimeForm(_as("%d %b %Y"), _DAYS, earliest=1950),
    "13-Mar-2024": TimeForm(_as("%d-%b-%Y"), _DAYS, earliest=1950),
    "13-Mar-24": TimeForm(_as("%d-%b-%y"), _DAYS, earliest=1950),
    "March 13, 2024": TimeForm(_as("%B %d, %Y"), _DAYS, earliest=1950),
    "Wed, 13 Mar 2024": TimeForm(_as("%a, %d %b %Y"), _DAYS),
    "Mar 2024": TimeForm(_as("%b %Y"), ("MS",), earliest=1950),
    "March 2024": TimeForm(_as("%B %Y"), ("MS", "QS"), earliest=1950),
    "Mar-24": TimeForm(_as("%b-%y"), ("MS",), earliest=1955),
    "2024-03": TimeForm(_as("%Y-%m"), ("MS", "QS"), earliest=1950),
    "03/2024": TimeForm(_as("%m/%Y"), ("MS",)),
    "2024M03": TimeForm(_as("%YM%m"), ("MS",)),
    "20240313": TimeForm(_as("%Y%m%d"), _DAYS, digits=True, earliest=1950),
    "202403": TimeForm(_as("%Y%m"), ("MS",), digits=True),
    "2024031310": TimeForm(_as("%Y%m%d%H"), ("h",), digits=True, also="%y%m%d%H%M"),
    "202403131000": TimeForm(_as("%Y%m%d%H%M"), _HOURS, digits=True, also="%y%m%d%H%M%S"),
    "20240313100000": TimeForm(_as("%Y%m%d%H%M%S"), _HOURS, digits=True),
    "epoch seconds": TimeForm(lambda t: str(int(t.timestamp())), (*_HOURS, "D"), digits=True, earliest=2002),
    "epoch milliseconds": TimeForm(lambda t: str(1000 * int(t.timestamp())), _HOURS, digits=True, earliest=2002),
    "epoch hours": TimeForm(lambda t: str(int(t.timestamp()) // 3600), ("h",), sure=False, digits=True),
    "Excel days": TimeForm(lambda t: str((t - Stamp("1899-12-30")).days), ("D",), sure=False, digits=True),
    "2024-W11": TimeForm(_as("%G-W%V"), ("W-MON",)),
    "2024W11": TimeForm(_as("%GW%V"), ("W-MON",)),
    "2024Q1": TimeForm(lambda t: f"{t.year}Q{t.quarter}", ("QS",), earliest=1950),
    "2024-Q1": TimeForm(lambda t: f"{t.year}-Q{t.quarter}", ("QS",)),
    "Q1 2024": TimeForm(lambda t: f"Q{t.quarter} {t.year}", ("QS",)),
    "2024 Q1": TimeForm(lambda t: f"{t.year} Q{t.quarter}", ("QS",)),
    "2024": TimeForm(_as("%Y"), ("YS",), digits=True, earliest=1900, latest=1990),
    "2024/25": TimeForm(lambda t: f"{t.year}/{(t.year + 1) % 100:02d}", ("YS",), earliest=1950, latest=1990),
    "2024-03-11/2024-03-17": TimeForm(lambda t: f"{t.date()}/{(t + pd.Timedelta(days=6)).date()}", ("W-MON",)),
    "2024-03-11 - 2024-03-17": TimeForm(lambda t: f"{t.date()} - {(t + pd.Timedelta(days=6)).date()}", ("W-MON",)),
}
"""Forms of times by an example."""


def swappable(form: TimeForm, times: Sequence[Stamp]) -> bool:
    """Whether day and month of every time can be taken for each other."""
    return form.swaps and all(time.day <= 12 for time in times)


def fits_another(form: TimeForm, times: Sequence[Stamp]) -> bool:
    """Whether the texts of all times fit another format, too."""
    if not form.also:
        return False
    texts = [form.write(time) for time in times]
    return bool(pd.to_datetime(pd.Series(texts), format=form.also, errors="coerce").notna().all())


def write_number(value: float, digits: int, decimal: str, thousands: str) -> str:
    """The text of a number with a fixed number of decimals."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans({",": thousands, ".": decimal}))


def number_readings(cells: Sequence[str]) -> int:
    """In how many ways all texts of a column read as numbers, each with one decimal and one thousands mark."""
    plain = [re.sub(r"[^\d.,' \u00a0]", "", cell).strip() for cell in cells]
    found = set()
    for decimal in ".,":
        for thousands in ("", ".", ",", " ", "'", "\u00a0"):
            if thousands != decimal:
                found.add(_read(plain, decimal, thousands))
    return len(found - {None})


def _read(cells: Sequence[str], decimal: str, thousands: str) -> tuple[float, ...] | None:
    whole = rf"[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+|\d+" if thousands else r"\d+"
    form = re.compile(rf"(?:{whole})(?:{re.escape(decimal)}\d+)?")
    if not all(form.fullmatch(cell) for cell in cells):
        return None
    bare = (cell.replace(thousands, "") if thousands else cell for cell in cells)
    return tuple(float(cell.replace(decimal, ".")) for cell in bare)
