"""Periods that are text: fiscal years such as 2000/01, and ranges such as 2023-01-02/2023-01-08."""

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.times.cells import Cells
from segue.forecasting.table.times.century import CENTURY_REMEDY, full_years
from segue.forecasting.table.times.fields import extract, matches
from segue.forecasting.table.times.text import read_text

_FISCAL = r"(?:fy|sy|ay)? ?'?(?P<Y>\d{4}) ?[-/\x{2013}] ?(?:(?P<G>\d{4})|(?P<y>\d{2}))"
_LONE_FISCAL = r"fy[- ]?'?(?:(?P<Y>\d{4})|(?P<y>\d{2}))"
_BETWEEN = (
    r" ?/ ?",
    r" ?\.\. ?",
    r" (?:-|--|\x{2013}|\x{2014}|to|until|bis) ",
    r"--|\x{2013}|\x{2014}",
    r", ?",
    "-",
    "_",
)
_RANGE = r"[\[(]?(?P<A>[^\[\]()]{{6,}}?){}(?P<B>[^\[\]()]{{6,}}?)[\])]?"
_SAMPLE = 100


def fiscal_years(cells: Cells) -> tuple[NDArray[np.int64], str] | None:
    """Reads 2000/01, 2000-2001 or FY2001; None unless each second part is one more than the first.

    A single row of 2000/01 may as well be a month, so it is no fiscal year.

    Returns:
        The year in which each begins, `(texts,)`, or the year that FY2001 names; and a note.

    Raises:
        UserError: The century of FY01 is ambiguous.
    """
    shown = cells.texts[0].as_py()
    sample = cells.texts.slice(0, _SAMPLE)
    if matches(sample, _LONE_FISCAL).all():
        fields, fits = extract(cells.texts, _LONE_FISCAL)
        if not fits.all():
            return None
        years = full_years(fields["y"], cells)
        if years is None:
            raise cells.refuse(0, CENTURY_REMEDY)
        return np.where(fields["Y"] >= 0, fields["Y"], years), f"fiscal years such as {shown} are read as whole numbers"
    if not matches(sample, _FISCAL).all():
        return None
    fields, fits = extract(cells.texts, _FISCAL)
    first, second = fields["Y"], np.where(fields["y"] >= 0, fields["y"], fields["G"])
    follows = np.where(fields["y"] >= 0, (first + 1) % 100, first + 1) == second
    months = (fields["y"] >= 1) & (fields["y"] <= 12)
    sure = len(first) > 1 or not months.any()
    if not (fits.all() and follows.all() and sure):
        return None
    return first, f"years such as {shown} are read as the year in which they begin"


def first_of_ranges(cells: Cells) -> Times | None:
    """Reads the beginning of ranges of two times; None if the texts are no ranges.

    Returns:
        Times in microseconds, `(texts,)`.

    Raises:
        UserError: A range ends before it begins, or the next one begins before it ends.
    """
    between = next((mark for mark in _BETWEEN if _are_ranges(cells, mark)), None)
    if between is None:
        return None
    parts = pc.extract_regex(cells.texts, f"(?i)^{_RANGE.format(f'(?:{between})')}$")
    if parts.null_count:
        raise cells.refuse(
            int(parts.is_null().to_numpy(zero_copy_only=False).argmax()), "others are ranges; mend the row"
        )
    rows = len(cells.texts)
    ends = [pc.struct_field(parts, [index]) for index in (0, 1)]
    both = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*ends, "\n"))
    texts = [part for pair in both.to_pylist() for part in pair.split("\n")]  # in the order of the rows
    codes = np.repeat(cells.codes[cells.codes >= 0], 2) * 2
    codes[1::2] += 1
    times = read_text(Cells(cells.label, type(cells.texts).from_pandas(texts), codes, cells.today))
    begin, end = times[0 : 2 * rows : 2], times[1 : 2 * rows : 2]
    order = np.argsort(begin, kind="stable")
    bad = end < begin
    bad[order[:-1]] |= (end[order[:-1]] > begin[order[1:]]) & (begin[order[1:]] > begin[order[:-1]])
    if bad.any():
        raise cells.refuse(int(bad.argmax()), "the range overlaps the next one or ends before it begins; mend the row")
    return begin


def _are_ranges(cells: Cells, between: str) -> bool:
    """Whether all texts split into two that look alike, and a sample of them reads as times."""
    pattern = _RANGE.format(f"(?:{between})")
    if not matches(cells.texts.slice(0, _SAMPLE), pattern).all():
        return False
    first = pc.extract_regex(cells.texts.slice(0, 1), f"(?i)^{pattern}$")[0].as_py()
    shapes = ["".join("0" if sign.isdigit() else sign for sign in part.strip()) for part in first.values()]
    return shapes[0] == shapes[1]
