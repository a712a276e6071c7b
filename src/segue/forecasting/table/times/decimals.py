"""Decimal numbers that are times: months such as 2020.01, parts of a year such as 2020.25, serial days."""

import numpy as np
from numpy.typing import NDArray

from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.times.cells import Cells
from segue.forecasting.table.times.epochs import EPOCHS, epoch_note, epoch_of, from_epoch, is_dated
from segue.forecasting.table.times.fields import all_match, assembled, extract, matches
from segue.forecasting.table.times.order import Reading, most_regular

_NEAR = 0.07  # share of a month: parts of years have at least two digits, and .08 of a year is the end of January


def read_decimals(cells: Cells, numbers: NDArray[np.float64]) -> tuple[Times, tuple[str, ...]]:
    """Reads distinct decimal numbers.

    Args:
        cells: The column.
        numbers: The number of each text, `(texts,)`, not all of them whole or finite.

    Returns:
        Times in microseconds, `(texts,)`, and notes.

    Raises:
        UserError: The numbers are no times, or have several readings.
    """
    bad = int((numbers != np.rint(numbers)).argmax())
    if not np.isfinite(numbers).all():
        raise cells.refuse(int((~np.isfinite(numbers)).argmax()), "drop the row")
    if (months := _months(cells)) is not None:
        return months, ()
    if numbers.min() >= 1000 and numbers.max() < 3000:
        whole = (numbers * 12).round()
        if np.abs(numbers * 12 - whole).max() < _NEAR and len(np.unique(whole)) == len(numbers):
            return (whole.astype(np.int64) - 1970 * 12).astype("datetime64[M]").astype("datetime64[us]"), ()
        raise cells.refuse(bad, "the only parts of a year that are read are months and quarters; give dates instead")
    name = epoch_of(numbers, cells.today)
    if name is not None and (EPOCHS[name].sure or (EPOCHS[name].by_name and is_dated(cells.label))):
        return from_epoch(numbers, name), (epoch_note(cells.label, name),)
    remedy = "give timestamps or whole numbers, or name their unit with `time_format`, such as 'excel' or 'epoch-s'"
    raise cells.refuse(bad, remedy)


def _months(cells: Cells) -> Times | None:
    """Reads 2020.01 to 2020.12; 2020.1 is January beside 2020.10, and October beside 2020.09."""
    if not all_match(cells.texts, r"\d{4}\.\d{1,2}") or not matches(cells.texts, r"\d{4}\.(?:0[1-9]|1[0-2])").any():
        return None  # 2020.1 to 2020.4 may be months, quarters or parts of a year
    readings = []
    for digits in (r"(?P<m>\d{1,2})", r"(?:(?P<m>\d{2})|(?P<n>\d))"):
        fields, _ = extract(cells.texts, rf"(?P<Y>\d{{4}})\.{digits}")
        if "n" in fields:
            fields["m"] = np.where(fields["n"] >= 0, 10 * fields["n"], fields["m"])
        reading = Reading(assembled(fields), "%Y.%m")
        if reading.complete and len(np.unique(reading.times)) == len(reading.times):
            readings.append(reading)
    return most_regular(readings, cells).times if readings else None
