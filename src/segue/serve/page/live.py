"""The newest rows of a watched stream, from the file of scores that `segue watch` appends to."""

import csv
import io
from pathlib import Path
from typing import Any

from segue.errors import UserError
from segue.serve.refused import Refused

_MOST = 400_000
"""The most bytes that are read at once: some 5,000 rows, more than a chart has pixels."""


class Scores:
    """A file of scores.

    Args:
        path: The file that `segue watch --scores` writes; it may not be there yet.

    Raises:
        UserError: It is a folder.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise UserError("scores", path, "is a folder; name the file that segue watch --scores writes")
        self.path = path

    def since(self, place: int) -> dict[str, Any]:
        """Returns the rows after a place in the file, the newest ones if they are many.

        Args:
            place: The bytes that were read before; 0 for none. A file that is shorter was begun anew.

        Returns:
            `place` for the next call, and `rows`: series, time, value, expected, low, high, score, status.

        Raises:
            Refused: The file holds no such rows, with status 422.
        """
        try:
            size = self.path.stat().st_size
            with self.path.open("rb") as file:
                begin = place if 0 < place <= size else 0
                skipped = size - begin > _MOST
                file.seek(size - _MOST if skipped else begin)
                content = file.read(_MOST)
        except OSError:
            return {"place": 0, "rows": []}
        first = content.find(b"\n") + 1 if skipped or begin == 0 else 0  # half a line, or the header
        end = content.rfind(b"\n") + 1  # a line that is being written comes with the next call
        text = content[first : max(first, end)].decode("utf-8", "replace")
        try:
            rows = [_row(row) for row in csv.reader(io.StringIO(text)) if len(row) == 8]
        except (ValueError, csv.Error) as error:
            raise Refused(422, "scores: start the server with the file that segue watch --scores writes") from error
        start = size - _MOST if skipped else begin
        return {"place": start + end, "rows": rows}


def _row(cells: list[str]) -> list[Any]:
    name, time, *numbers, status = cells
    return [name, time, *(float(cell) if cell else None for cell in numbers), status]
