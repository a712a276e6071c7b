"""Cells in quotes, as spreadsheets and writers of CSV files put them into files with tabs."""

import re
from collections.abc import Sequence

Row = tuple[int, list[str]]
"""The number of the last line of a row, and its cells."""

_QUOTED = re.compile(r'"(?:[^"]|"")*"', re.DOTALL)


def without_quotes(rows: Sequence[Row], tabs: bool = True) -> tuple[list[Row], tuple[str, ...]]:
    """Removes the quotes of the file format from the cells of a file with tabs, if it has such quotes.

    A file is quoted only if each cell that begins with a quote ends with another, and all quotes within are doubled.
    In addition, some cell has doubled quotes, or all cells are quoted, or only those with a comma, as Excel does it.
    Otherwise, a cell in quotes is a quotation, and stays as it is.

    Args:
        rows: The rows, cut at tabs.
        tabs: Whether the file has tabs; the reader of other files has already removed their quotes.

    Returns:
        The rows, and a line on quotes that were taken off, or that may be quotes of the format.
    """
    cells = [cell for _, row in rows for cell in row]
    begun = [cell for cell in cells if cell.startswith('"')]
    if not (tabs and begun) or not all(_QUOTED.fullmatch(cell) for cell in begun):
        return list(rows), ()
    count = f"{len(begun):,} cell{' is' if len(begun) == 1 else 's are'}"
    if not _of_the_format(begun, [cell for cell in cells if cell and not cell.startswith('"')]):
        return list(rows), (f"{count} in quotes, which are read as part of the text",)
    bare = [(number, [_bare(cell) for cell in row]) for number, row in rows]
    return bare, (
        f"{count} in quotes, as spreadsheets write them; these quotes are left out, and doubled ones are halved",
    )


def with_quotes(rows: Sequence[list[str]]) -> Sequence[list[str]]:
    """Returns rows for a file that `without_quotes` reads back as the given ones; few files need quotes."""
    kept, _ = without_quotes(list(enumerate(rows)))
    if [cells for _, cells in kept] == list(rows):
        return rows
    return [[_doubled(cell) if '"' in cell else cell for cell in cells] for cells in rows]


def _doubled(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _of_the_format(quoted: Sequence[str], others: Sequence[str]) -> bool:
    """Whether quotes are those of the file format rather than of the language."""
    doubled = any('"' in cell[1:-1] for cell in quoted)
    like_excel = all("," in cell for cell in quoted) and not any("," in cell or '"' in cell for cell in others)
    return doubled or not others or like_excel


def _bare(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if _QUOTED.fullmatch(cell) else cell
