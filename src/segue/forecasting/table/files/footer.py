"""The footer of a file: totals, sources and remarks below the rows of values."""

import re
from collections.abc import Sequence

from segue.forecasting.table.files.shape import Shape, begins_as_value, reach, unknown

_MOST = 30
"""The most rows of a footer; more of them are another table."""

_TOTAL = re.compile(
    r"((grand |sub-?)?totals?|totaux|totale|total g[eé]n[eé]ral|sum|summe|suma|somma|somme|gesamt(summe)?|insgesamt|"
    r"(overall )?(average|mean|median)|avg|durchschnitt|mittelwert|moyenne|media|promedio|min(imum)?|max(imum)?|"
    r"count|anzahl|std)[.:]?",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"(sources?|quellen?|fuentes?|fontes?|notes?|remarks?|copyright|©|\*+|data (from|provided))\b", re.I
)


class Footer:
    """Decides which of the last rows are no rows of the table.

    Args:
        shape: The first rows, which show what columns hold.
        end: The number of lines up to the last one of the header.
    """

    def __init__(self, shape: Shape, end: int) -> None:
        body = [row for row in shape.rows if row.line > end]
        self._width, self._values = shape.width, shape.values
        self._texts = {row.cells[0] for row in body[:-_MOST]}
        self._always = {
            column
            for column in shape.values
            if all(column < row.reach and not unknown(row.cells[column]) for row in body[: max(len(body) // 2, 1)])
        }

    def begin(self, rows: Sequence[Sequence[str]]) -> int:
        """The index at which the footer begins among the last rows; their number if there is none."""
        start = len(rows)
        for index in range(len(rows) - 1, max(len(rows) - _MOST, 0) - 1, -1):
            cells = [cell.strip() for cell in rows[index]]
            if self._is_footer(cells):
                start = index
            elif any(cells):
                break
        return start

    def _is_footer(self, cells: Sequence[str]) -> bool:
        filled = [column for column, cell in enumerate(cells) if cell]
        if not filled or self._width < 2:
            return False
        column, text = filled[0], cells[filled[0]]
        if unknown(text) or begins_as_value(text):
            return False
        word = bool(_TOTAL.fullmatch(text) or _REMARK.match(text))
        if column in self._values:  # a word where all rows have numbers or dates
            return word or len(filled) == 1
        empty = [column for column in self._always if column >= len(cells) or not cells[column]]
        dated = any(re.search(r"\d[-/:]\d", cells[column]) for column in filled[1:])
        return word and bool(empty) and not dated and text not in self._texts


def footer_note(rows: Sequence[Sequence[str]], shape: Shape, file: str) -> tuple[str, ...]:
    """The note of a footer that was left out; none if the footer is empty."""
    texts = [shape.written(row)[:60] for row in rows if reach(row)]
    if not texts:
        return ()
    count = "1 line" if len(texts) == 1 else f"{len(texts)} lines"
    shown = ", ".join(map(repr, texts[:3])) + (" ..." if len(texts) > 3 else "")
    return (f"{count} below the rows of {file} {'was' if len(texts) == 1 else 'were'} left out: {shown}",)
