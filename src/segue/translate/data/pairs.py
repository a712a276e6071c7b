"""Pairs of texts, read from two columns of a TSV or CSV file."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from segue.atomic import atomic_file
from segue.errors import UserError
from segue.text.read import decoded
from segue.translate.data.headers import is_header
from segue.translate.data.quotes import Row, with_quotes, without_quotes
from segue.whole import read_whole

LONGEST = 1000
"""The most characters of a side by default, since a longer text is seldom one sentence."""
_SHOWN = 60


class Pair(NamedTuple):
    """A source text and its target."""

    source: str
    target: str


class Item(NamedTuple):
    """A source and its references: all targets that are known to be right."""

    source: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class PairFile:
    """The pairs of a file, and a report on rows that were left out."""

    pairs: tuple[Pair, ...]
    """In the order of the file, both sides in Unicode's NFC, without white space around them."""
    skipped: int
    """How many malformed rows were left out."""
    header: Pair | None = None
    """A first row that was taken for column names, although the caller named none."""
    notes: tuple[str, ...] = ()
    """Notes on the file for the user, one line each."""


def read_pairs(
    path: str | Path,
    *,
    source: str | None = None,
    target: str | None = None,
    skip_bad: bool = False,
    longest: int = LONGEST,
) -> PairFile:
    """Reads pairs from a UTF-8 file: `.csv` with commas and quotes, any other with tabs.

    A file with tabs has no quotes, unless its cells show that they are quoted (`segue.translate.data.quotes`). Then
    `notes` reports it.

    Args:
        path: The file. Empty lines are skipped.
        source: The column of the source: its name in the first row, or its number from 1. By default the file has two
            columns and the source is the first. A first row such as `en`, `es` is skipped and reported as `header`.
        target: The column of the target, likewise; give both or none.
        skip_bad: Leave malformed rows out, and count them, instead of refusing the file.
        longest: The most characters of a side.

    Raises:
        UserError: The file can't be read, has no such column or no pair; or a row has another number of columns, an
            empty side, or a side that is too long: the message names the row.
    """
    if (source is None) != (target is None):
        raise UserError("source", source or f"(missing, with target {target})", "give both `source` and `target`")
    rows, notes = without_quotes(_rows(Path(path)), Path(path).suffix.lower() != ".csv")
    if not rows:
        raise UserError("pairs", path, "name a file with a source and a target in each row (it is empty)")
    first, *others = rows
    columns, named = None, False
    if source is not None and target is not None:
        named = not (source.isdecimal() and target.isdecimal())
        columns = (_column("source", source, first[1]), _column("target", target, first[1]))
        if columns[0] == columns[1]:
            raise UserError("target", target, "name another column than the source's")
    header = None if named else _header(first[1], columns)
    pairs, skipped = [], 0
    for number, cells in others if named or header else rows:
        try:
            pairs.append(_pair(cells, columns, longest, f"row {number} of {path}"))
        except UserError:
            if not skip_bad:
                raise
            skipped += 1
    if not pairs:
        raise UserError("pairs", path, f"name a file with at least one whole pair ({skipped} rows are malformed)")
    return PairFile(tuple(pairs), skipped, header, notes)


def write_pairs(path: str | Path, pairs: Iterable[Pair]) -> None:
    """Writes a TSV that `read_pairs` reads, atomically; tabs and line ends within a text become spaces."""
    with atomic_file(path, "output") as file:
        rows = with_quotes([[" ".join(side.split()) for side in pair] for pair in pairs])
        lines = map("\t".join, rows)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def items_of(pairs: Iterable[Pair]) -> list[Item]:
    """One item for each distinct source, in order of appearance, with its distinct targets."""
    targets_of: dict[str, dict[str, None]] = {}
    for source, target in pairs:
        targets_of.setdefault(source, {})[target] = None
    return [Item(source, tuple(targets)) for source, targets in targets_of.items()]


def require_text(text: str, argument: str) -> str:
    """The text, normalised as `read_pairs` does it.

    Raises:
        UserError: It is empty or longer than `LONGEST` characters.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise UserError(argument, "''", "give a text that is not empty")
    if len(text) > LONGEST:
        remedy = f"give at most {LONGEST:,} characters (it has {len(text):,}); one sentence at a time works best"
        raise UserError(argument, repr(text[:_SHOWN] + "..."), remedy)
    return text


def _rows(path: Path) -> list[Row]:
    """Rows that are not empty, each with the number of its last line; a row of nothing but a tab is not empty."""
    try:
        text = decoded(read_whole(path))
    except OSError as error:
        raise UserError("pairs", path, f"name a TSV or CSV file that can be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError("pairs", path, f"save it in UTF-8 (byte {error.start} is not)") from error
    lines = io.StringIO(text, newline="")
    if path.suffix.lower() == ".csv":
        reader = csv.reader(lines)
    else:
        reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        return [(reader.line_num, cells) for cells in reader if len(cells) > 1 or any(cells)]
    except csv.Error as error:
        raise UserError("pairs", f"row {reader.line_num} of {path}", f"mend this row ({error})") from error


def _header(cells: Sequence[str], columns: tuple[int, int] | None) -> Pair | None:
    """The first row, if it names columns."""
    if columns is None and len(cells) != 2:
        return None
    names = Pair(*(cells[index].strip() for index in columns or (0, 1)))
    return names if is_header(names) else None


def _column(argument: str, wanted: str, header: Sequence[str]) -> int:
    """The index of a column given by name, or by number from 1."""
    names = [name.strip() for name in header]
    if wanted in names and not wanted.isdecimal():
        return names.index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    shown = ", ".join(name[:_SHOWN] for name in names)
    raise UserError(argument, wanted, f"name a column of the first row ({shown}), or a number from 1 to {len(names)}")


def _pair(cells: Sequence[str], columns: tuple[int, int] | None, longest: int, where: str) -> Pair:
    """The pair of a row, or a `UserError` that says where and why there is none."""
    shown = repr(" | ".join(cells)[:_SHOWN])
    if columns is None and len(cells) != 2:
        remedy = _remedy(f"2 columns, not {len(cells)} (or name two by `source` and `target`)")
        raise UserError("pairs", f"{shown} in {where}", remedy)
    first, second = columns or (0, 1)
    if max(first, second) >= len(cells):
        raise UserError("pairs", f"{shown} in {where}", _remedy(f"{max(first, second) + 1} columns, not {len(cells)}"))
    pair = Pair(*(unicodedata.normalize("NFC", cells[index]).strip() for index in (first, second)))
    if not (pair.source and pair.target):
        empty = "both are" if not any(pair) else "the target is" if pair.source else "the source is"
        raise UserError("pairs", f"{shown} in {where}", _remedy(f"a text on both sides ({empty} empty)"))
    size = max(map(len, pair))
    if size > longest:
        raise UserError("pairs", f"{shown} in {where}", _remedy(f"at most {longest:,} characters a side, not {size:,}"))
    return pair


def _remedy(wanted: str) -> str:
    return f"give {wanted}, or leave such rows out with `skip_bad`"
