"""Tables in files: CSV files of all common forms, and Parquet files, as columns of text, whole numbers or types."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from segue.errors import UserError
from segue.forecasting.table.files.cells import Cells
from segue.forecasting.table.files.columns import frame_of_text
from segue.forecasting.table.files.dialect import lines_of, read_start
from segue.forecasting.table.files.encoding import to_utf8
from segue.forecasting.table.files.header import read_header
from segue.forecasting.table.files.parquet import is_parquet, read_parquet
from segue.forecasting.table.files.source import STANDARD_INPUT, read_source
from segue.forecasting.table.layout import ID_NAMES, TARGET_NAMES, TIME_NAMES, Layout

_MOST_COLUMNS = 32_768
"""A column takes 0.5 ms, and 0.3 ms of them to read. So this many take 16 s (one core of an EPYC, 2026-11-27)."""


@dataclass(frozen=True)
class FileFormat:
    """How the text of a file becomes rows. Parquet files need none of this.

    Attributes:
        encoding: The encoding of the text, as Python names it. By default UTF-8, UTF-16, or plain Latin.
        skip_rows: How many lines to leave out before the header. By default lines that cannot be rows are left out.
        comment: The mark that begins lines of comments, such as `#`. By default comments above the header, and those
            between rows of dates or numbers, are recognised by `#`.

    Raises:
        UserError: `skip_rows` is negative, or `comment` is empty.
    """

    encoding: str | None = None
    skip_rows: int | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if self.skip_rows is not None and self.skip_rows < 0:
            raise UserError("skip_rows", self.skip_rows, "give a number of lines, 0 or more")
        if self.comment is not None and not self.comment.strip():
            raise UserError("comment", repr(self.comment), "give a mark such as #")


@dataclass(frozen=True, eq=False)
class FileTable:
    """A table of a file.

    Attributes:
        frame: Its rows. Columns of whole numbers without leading zeros are integers; all other columns of a CSV file
            are text, whose meaning depends on their role.
        notes: Notes for the user, for instance on lines that were left out.
        points: Whether the delimiter is a comma, so that a point that might separate thousands is a decimal sign.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    points: bool = False


def read_table(path: str | Path, layout: Layout, form: FileFormat | None = None) -> FileTable:
    """Reads a Parquet file, or a CSV file with any common delimiter, line end, byte order mark and encoding.

    Args:
        path: A Parquet file, or a CSV file with a header line, which may be compressed by gzip or zstd; `-` for
            standard input.
        layout: The columns that the user names, which show where the header is if several lines could be.
        form: How the text of the file becomes rows; by default it is inferred.

    Raises:
        UserError: The file is missing, empty or no table, or can be read in several ways.
    """
    path, form = Path(path), form or FileFormat()
    file = "standard input" if str(path) == STANDARD_INPUT else path.name
    try:
        if path.is_dir() and path.suffix.lower() == ".parquet":
            table = FileTable(*read_parquet(path))
        else:
            raw = read_source(path)
            table = FileTable(*read_parquet(raw)) if is_parquet(raw, path) else _read_csv(raw, layout, form, file)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise UserError("file", path, f"cannot be read ({reason}); name a CSV or Parquet file") from error
    except UserError as error:
        raise error if error.argument != "file" else UserError("file", path, error.remedy) from error
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError("file", path, f"is not a whole table ({reason}); name a CSV or Parquet file") from error
    if table.frame.empty:
        raise UserError("file", path, "holds no rows; name a file with a header and at least one row")
    return table


def _read_csv(raw: bytes, layout: Layout, form: FileFormat, file: str) -> FileTable:
    if not raw.strip():
        raise ValueError("it is empty")
    text, notes = to_utf8(raw, form.encoding, file)
    start = read_start(lines_of(text, form.comment), form.skip_rows)
    width = max(len(row.cells) for row in start.shape.rows)
    if width > _MOST_COLUMNS:
        remedy = "write one row for each series and time instead"
        raise UserError("file", file, f"has {width:,} columns, and at most {_MOST_COLUMNS:,} are read; {remedy}")
    header = read_header(start, known_names(layout), form.skip_rows, file)
    comments = form.comment is None and 0 in start.shape.values and (b"\n#" in text or b"\r#" in text)
    cells = Cells(header, start, comments, file)
    cells.read(lines_of(text, form.comment))
    frame = frame_of_text(header.names, cells.columns(), keep=_named(layout))
    return FileTable(frame, (*notes, *header.notes, *cells.notes), points=start.delimiter == ",")


def _named(layout: Layout) -> set[str]:
    given = (layout.id_col, layout.time_col, layout.target_col)
    lists = [names.split(",") if isinstance(names, str) else names for names in given if names is not None]
    return {str(name).strip() for names in lists for name in names}


def known_names(layout: Layout) -> set[str]:
    """The names that show which line is the header: those that the user gives and customary ones, in lower case."""
    return {name.lower() for name in (*_named(layout), *ID_NAMES, *TIME_NAMES, *TARGET_NAMES)}
