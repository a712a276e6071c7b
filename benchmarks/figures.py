"""Rows of measured figures as a CSV file. The standard library only: who measures memory imports nothing large."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_figures(rows: Sequence[Mapping[str, Any]], output: Path, about: Mapping[str, Any]) -> None:
    """Writes rows, five digits a number, and says where.

    Args:
        rows: All with the same columns.
        output: The file; its folder is made where there is none.
        about: Columns that are the same in every row.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", newline="") as file:
        table = csv.DictWriter(file, [*rows[0], *about])
        table.writeheader()
        for row in rows:
            whole = {**row, **about}
            table.writerow({name: f"{x:.5g}" if isinstance(x, float) else x for name, x in whole.items()})
    print(output)
