"""Numbers that are times: dates written as digits, epochs, serial days of spreadsheets; or counts of steps."""

import dataclasses
import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.calendar import regularity
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.times.cells import Cells
from segue.forecasting.table.times.century import full_years
from segue.forecasting.table.times.epochs import EPOCHS, epoch_note, epoch_of, from_epoch, is_dated
from segue.forecasting.table.times.fields import assembled, extract
from segue.forecasting.table.times.formats import compiled
from segue.forecasting.table.times.order import Reading

_FORMS = {
    5: ("%Y%q", "%y%m%d", "%d%m%y", "%m%d%y"),
    6: ("%Y%m", "%G%V", "%y%m%d", "%d%m%y", "%m%d%y", "%m%Y"),
    7: ("%Y%j", "%d%m%Y", "%m%d%Y"),
    8: ("%Y%m%d", "%d%m%Y", "%m%d%Y", "%y%m%d%H"),
    9: ("%d%m%Y%H", "%y%m%d%H%M"),
    10: ("%Y%m%d%H", "%y%m%d%H%M", "%d%m%Y%H", "%m%d%Y%H"),
    11: ("%d%m%Y%H%M", "%m%d%Y%H%M", "%y%m%d%H%M%S"),
    12: ("%Y%m%d%H%M", "%y%m%d%H%M%S", "%d%m%Y%H%M", "%m%d%Y%H%M"),
    13: ("%d%m%Y%H%M%S", "%m%d%Y%H%M%S"),
    14: ("%Y%m%d%H%M%S", "%d%m%Y%H%M%S", "%m%d%Y%H%M%S"),
    17: ("%Y%m%d%H%M%S%f",),
}
"""The forms of dates that so many digits may have; an odd number of digits may have lost a zero."""
_ENOUGH = 8  # so many numbers lie in a part of each hundred or thousand by chance in less than one of 100 tables
_FEW = 200  # texts that show which forms are worth reading
_YEARS = (1800, 2100)  # of dates in digits; other numbers would be dates by accident
_COUNTS = 10**9  # a count of steps is smaller; times in seconds since 1970 are larger from 2001


@dataclass(frozen=True, eq=False)
class Digits:
    """Numbers as times of the distinct texts, or whole numbers if they count steps; and notes for the user."""

    times: Times | NDArray[np.int64]
    notes: tuple[str, ...] = ()


def read_digits(cells: Cells) -> Digits:
    """Reads texts of digits; see docs/forecasting.md for which are dates and which are counts.

    Raises:
        UserError: Two readings fit, or the numbers are too large for counts and are no times.
    """
    texts = cells.texts
    numbers = _whole(cells)
    lengths = pc.utf8_length(texts).cast(pa.int64()).to_numpy(zero_copy_only=False)
    if len(numbers) and numbers.min() >= 0:
        _refuse_parts_of_years(cells, numbers, lengths)
        if lengths.max() <= 4:
            _refuse_clocks(cells, lengths)
            return Digits(numbers)
        return _dates(cells, numbers, lengths) or _epochs(cells, numbers) or Digits(numbers)
    if len(numbers) and np.abs(numbers).max() >= _COUNTS:
        raise _refused(cells, int(np.abs(numbers).argmax()), "these numbers are not times in a known unit")
    return Digits(numbers)


def _whole(cells: Cells) -> NDArray[np.int64]:
    try:
        numbers: NDArray[np.int64] = cells.texts.cast(pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        large = pc.utf8_length(cells.texts).to_numpy(zero_copy_only=False)
        raise cells.refuse(int(large.argmax()), "give timestamps or smaller whole numbers") from error
    return numbers


def _refuse_parts_of_years(cells: Cells, numbers: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    """Refuses 2211, 2212, 2301 and 24365, 24366, 25001: years with months, weeks or days of the year are no counts."""
    for width, base, most, form in ((4, 100, 53, "%y%m"), (5, 1000, 366, "%y%j")):
        part = numbers % base
        several = len(np.unique(numbers // base)) > 1 and len(numbers) >= _ENOUGH
        if several and (lengths == width).all() and part.min() >= 1 and part.max() <= most:
            raise _refused(cells, 0, f"these digits may be parts of years; give `time_format`: {form!r}, or 'count'")


def _refuse_clocks(cells: Cells, lengths: NDArray[np.int64]) -> None:
    zeros = pc.starts_with(cells.texts, "0").to_numpy(zero_copy_only=False)
    if len(lengths) > 1 and (lengths == 4).all() and zeros.any() and not np.isnat(_read(cells, "%Y%H%M", "2000")).any():
        raise cells.refuse(0, "a clock needs a date; name both columns with `time_col`, such as date,hour")


def _dates(cells: Cells, numbers: NDArray[np.int64], lengths: NDArray[np.int64]) -> Digits | None:
    width = int(lengths.max())
    least = int(lengths.min())
    if least < width - 1 or width not in _FORMS:
        return None
    head = dataclasses.replace(cells, texts=cells.texts.slice(0, _FEW), codes=np.arange(min(_FEW, len(cells.texts))))
    forms = [form for form in _FORMS[width] if np.isnat(_read(head, form)).mean() <= 0.5]
    readings = [Reading(_read(cells, form), form) for form in forms]
    if width == 5 and readings and readings[0].form == "%Y%q" and readings[0].complete:
        readings = readings[:1]  # 20241 is more likely a quarter than 1 April 2002
    if width == 6 and least == 5:
        readings.append(Reading(_months_without_zero(cells), "%Y-%m"))
    complete = [reading for reading in readings if reading.complete]
    if width >= 8 and any("%Y" in reading.form for reading in complete):
        complete = [reading for reading in complete if "%Y" in reading.form or width == 12]
    if not complete:
        _refuse_broken(cells, readings, width)
        return None
    usual = [reading for reading in complete if reading.form.startswith("%Y%m")]
    merits = {reading.form: regularity(np.unique(reading.times)) for reading in complete}
    if "%G%V" in merits and ("%Y%m" not in merits or _names(cells, r"week|woche|^kw|^wk|semaine|semana")):
        usual = [reading for reading in complete if reading.form == "%G%V"]
    if usual and merits[usual[0].form] >= max(merits.values()):
        rivals = [form for form in merits if merits[form] == merits[usual[0].form] and form[:2] not in ("%Y", "%G")]
        if (
            usual[0].form == "%G%V"
            and numbers.max() % 100 == 13 == (numbers % 100).max()
            and len(np.unique(numbers // 100)) > 1
        ):
            raise _refused(
                cells, 0, "these years may have 13 periods; number the rows, or give `time_format` '%G%V' for weeks"
            )
        if not rivals:
            return Digits(usual[0].times)
    return _without_rival(cells, numbers, complete, merits)


def _without_rival(
    cells: Cells, numbers: NDArray[np.int64], complete: list[Reading], merits: dict[str, float]
) -> Digits | None:
    """Returns the reading that is more regular than all other readings and than a count of steps."""
    count = 0.0 if _are_no_counts(cells, numbers) else regularity(np.unique(numbers))
    best = max(complete, key=lambda reading: merits[reading.form])
    rivals = [form for form in merits if merits[form] == merits[best.form]]
    if len(rivals) == 1 and merits[best.form] > count:
        return Digits(best.times)
    if best.form == "%Y%q" and _names(cells, "^q|quart|trim"):
        return Digits(best.times)
    if len(str(int(numbers.max()))) <= 5 and not is_dated(cells.label):
        return None
    forms = " or ".join(f"'{form}'" for form in (rivals if len(rivals) > 1 else [best.form]))
    words = "" if len(str(int(numbers.max()))) >= 8 else ", or 'count' for a count of steps"
    raise _refused(cells, 0, f"these digits have several readings; give `time_format`: {forms}{words}")


def _are_no_counts(cells: Cells, numbers: NDArray[np.int64]) -> bool:
    """Whether numbers have leading zeros, or have eight digits and never change a little in the last digits."""
    steps = np.diff(np.unique(numbers))
    far = numbers.max() >= 10_000_000 and (not len(steps) or steps.min() >= 10_000)
    return bool(far or pc.any(pc.starts_with(cells.texts, "0")).as_py())


def _refuse_broken(cells: Cells, readings: list[Reading], width: int) -> None:
    """Refuses dates of eight digits and more of which a few do not exist: they are no counts."""
    if width < 7 or not readings:
        return
    valid = [~np.isnat(reading.times) for reading in readings]
    best = max(valid, key=lambda mask: int(mask.sum()))
    if best.mean() >= 0.5:
        form = readings[[mask is best for mask in valid].index(True)].form
        raise cells.refuse(int((~best).argmax()), f"others are dates in the form {form!r}; mend the row")


def _read(cells: Cells, form: str, before: str = "") -> Times:
    """Reads digits in a form; NaT where they are no time of a year that is common in digits."""
    texts = pc.binary_join_element_wise(before, cells.texts, "") if before else cells.texts
    patterns = compiled(form)
    fields, fits = extract(texts, patterns.strict)
    if not fits.all() and not pc.any(pc.starts_with(texts, "0")).as_py():
        fields, fits = extract(texts, patterns.loose)
    nothing: Times = np.full(len(texts), np.datetime64("NaT"), "datetime64[us]")
    if "y" in fields:
        years = full_years(np.maximum(fields["y"], 0), cells) if fits.all() else None
        if years is None:
            return nothing
        fields["Y"] = years
    year = fields["G"] if "G" in fields else fields["Y"]
    times = assembled(fields)
    times[~(fits & (year >= _YEARS[0]) & (year <= _YEARS[1]))] = np.datetime64("NaT")
    return times


def _months_without_zero(cells: Cells) -> Times:
    fields, fits = extract(cells.texts, r"(?P<Y>\d{4})(?P<m>[1-9]|1[0-2])")
    times = assembled(fields)
    times[~(fits & (fields["Y"] >= _YEARS[0]) & (fields["Y"] <= _YEARS[1]))] = np.datetime64("NaT")
    return times


def _epochs(cells: Cells, numbers: NDArray[np.int64]) -> Digits | None:
    """Times since 1970 or serial days; None for counts."""
    dated = is_dated(cells.label)
    epoch = epoch_of(numbers, cells.today)
    if epoch is None:
        if numbers.max() >= _COUNTS:
            raise _refused(cells, int(numbers.argmax()), "these numbers are not times in a known unit")
        return None
    form = EPOCHS[epoch]
    if form.sure or (form.by_name and dated):
        return Digits(from_epoch(numbers, epoch), (epoch_note(cells.label, epoch),))
    if dated or form.by_name:
        words = f"'{epoch}', or 'count' for a count of steps"
        raise _refused(cells, 0, f"these numbers may be times; give `time_format`: {words}")
    return None


def _names(cells: Cells, pattern: str) -> bool:
    return bool(re.search(pattern, cells.label, re.I))


def _refused(cells: Cells, text: int, remedy: str) -> UserError:
    if "time_format" not in remedy:
        remedy += "; give timestamps, or `time_format`: 'count' for a count of steps, 'epoch-s' or the like for times"
    return cells.refuse(text, remedy)
