"""Mutations of tables of text: of their cells, their layout as a file, and their bytes."""

import gzip
from collections.abc import Callable

import numpy as np

from benchmarks.tables.bases import Table

Random = np.random.Generator

HOSTILE = (
    "", " ", "\t", '"', "'", '""', "\\", "\\N", "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "1e-400", "-0", "+5",
    "--5", "1,5", "1.5", "1,234", "1.234", "1.234,5", "1,234.5", "1,23,456", "1'234", "1 234", "1\u00a0234",
    "(5)", "5-", "0x1F", "1_000", "1e5", "１２", "٣", "½", "∞", "−5", "5 %", "$5", "€ 5,00", "NULL", "None",
    "NaT", "TRUE", "?", ".",
    "2024-02-30", "2024-13-01", "0000-00-00", "9999-12-31", "0001-01-01", "99999-01-01", "-2024-01-01", "2024-01-01T",
    "2024-01-01T25:00", "2024-01-01 24:00:00", "23:59:60", "24:00", "12:00", "12:00 AM +00:00", "2024-W53", "2024-W54",
    "2024-W00", "Q5 2024", "2024Q0", "2020M13", "Jan 31", "31 Feb 2024", "Feb-29", "1/1/1", "01/02/03", "2024/25",
    "1999/00", "2024-01-01/2024-01-07", "2024-01-01+00", "2024-01-01 00:00:00+99", "2024-01-01 00:00 GMT+1", "T10+02",
    "2024-01-01T00:00:00.123456789123Z", "+0000 2024", "today", "now", "Monday", "1 week", "P1D", "1e18", "1" * 18,
    "1" * 19, "1" * 40, "9" * 400, "20240101", "202401", "2024010100", "1704067200", "1704067200000", "45292", "-1",
    "[bold]x[/bold]", "sales[/eur]", "kW[h]", "\x1b[31mred", "a\x00b", "\x7f", "\u202e", "川田", "😀", "ß", "x" * 5000,
    "=1+1", "#N/A", "#DIV/0!", "a\nb", "a\r\nb", "complex(1,2)", "1+2j", "b'x'", "[1, 2]", "{'a': 1}", "NA", "007",
    "$x$", "$\\frac{1$", "_x", "%Y", "`time_col`", "{horizon}", "../../etc", "a,b", "a;b", "ds", "y", "unique_id",
)  # fmt: skip
"""Cells that have broken readers of tables, or might."""


def mutate_cells(table: Table, random: Random) -> Table:
    """Applies one to three mutations to the cells."""
    for _ in range(int(random.choice([1, 1, 2, 3]))):
        table = _CELLS[int(random.integers(len(_CELLS)))](table, random)
    return table


def _replace(table: Table, random: Random) -> Table:
    table = [list(row) for row in table]
    for _ in range(int(random.choice([1, 1, 2, 10]))):
        row = table[int(random.integers(len(table)))]
        if row:
            row[int(random.integers(len(row)))] = str(random.choice(HOSTILE))
    return table


_SPELLINGS: list[Callable[[str], str]] = [
    lambda c: c.replace(".", ","), lambda c: c.replace(",", "."), lambda c: c.replace("-", "/"), str.swapcase,
    lambda c: c.replace("-", "."), lambda c: c.replace("/", "-"), lambda c: c.replace(":", "."), lambda c: f" {c} ",
    lambda c: c.replace(" ", "T"), lambda c: f"{c}+00", lambda c: f"{c} UTC", lambda c: f"{c}+0530", lambda c: f"{c}Z",
    lambda c: f"{c} PM", lambda c: c[2:], lambda c: c[:-3], lambda c: f"-{c}", lambda c: f"({c})", lambda c: f"{c}%",
    lambda c: f"€{c}", lambda c: f"{c} kWh", lambda c: f"{c}e3", lambda c: c.replace("0", "O"), lambda c: c.zfill(9),
    lambda c: c.lstrip("0"), lambda c: c[::-1], lambda c: f"{c}/{c}", lambda c: f"{c} - {c}", lambda c: f"{c}\u00a0",
    lambda c: c.replace("-", "\u2212"), lambda c: c.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    lambda c: f"{c[:-3]}.{c[-3:]}", lambda c: f"{c[:-3]},{c[-3:]}", lambda c: f"{c}.0", lambda c: f"'{c}",
]  # fmt: skip


def _respell(table: Table, random: Random) -> Table:
    """Another spelling of one column, in all rows or in some."""
    place, spell = int(random.integers(max(1, len(table[0])))), _SPELLINGS[int(random.integers(len(_SPELLINGS)))]
    share = float(random.choice([1.0, 1.0, 0.5, 0.05]))
    return [table[0], *([spell(c) if i == place and random.random() < share else c for i, c in enumerate(row)]
                        for row in table[1:])]  # fmt: skip


def _fill(table: Table, random: Random) -> Table:
    """A column of one hostile cell, or of several in turn."""
    picked, cells = int(random.integers(max(1, len(table[0])))), random.choice(HOSTILE, int(random.integers(1, 4)))
    rows = [[*row[:picked], str(cells[i % len(cells)]), *row[picked + 1 :]] for i, row in enumerate(table[1:])]
    return [table[0], *rows]


def _rename(table: Table, random: Random) -> Table:
    header = list(table[0])
    if header:
        header[int(random.integers(len(header)))] = str(random.choice([*HOSTILE, *header, "NanoTST", "cutoff"]))
    return [header, *table[1:]]


def _add(table: Table, random: Random) -> Table:
    """One more column of hostile cells, or of copies."""
    place = int(random.integers(len(table[0]) + 1))
    cells = random.choice(HOSTILE, len(table))
    copy = random.random() < 0.3 and len(table[0]) > 0
    return [
        [*row[:place], row[0] if copy and row else str(c), *row[place:]] for row, c in zip(table, cells, strict=True)
    ]


def _drop(table: Table, random: Random) -> Table:
    place = int(random.integers(max(1, len(table[0]))))
    return [row[:place] + row[place + 1 :] for row in table]


def _ragged(table: Table, random: Random) -> Table:
    rows = [list(row) for row in table]
    for _ in range(int(random.integers(1, 4))):
        index = int(random.integers(len(rows)))
        rows[index] = rows[index][:-1] if random.random() < 0.5 else [*rows[index], *["9"] * int(random.integers(1, 4))]
    return rows


def _shuffle(table: Table, random: Random) -> Table:
    return [table[0], *(table[i] for i in random.permutation(np.arange(1, len(table))))]


def _repeat(table: Table, random: Random) -> Table:
    return table + [list(table[int(random.integers(len(table)))]) for _ in range(int(random.integers(1, 6)))]


def _headless(table: Table, random: Random) -> Table:
    return table[1:] or table


def _headers(table: Table, random: Random) -> Table:
    return [list(table[0]) for _ in range(int(random.integers(1, 3)))] + table


def _preamble(table: Table, random: Random) -> Table:
    lines = [[str(random.choice(["# export", "sep=;", "Report", "", "//", "%", str(random.choice(HOSTILE))]))]]
    return lines * int(random.integers(1, 5)) + table


def _footer(table: Table, random: Random) -> Table:
    width = len(table[0])
    return [*table, [str(random.choice(["Total", "Summe", "", "(3 rows)"])), *["99"] * max(0, width - 1)]]


def _blank(table: Table, random: Random) -> Table:
    rows = list(table)
    for _ in range(int(random.integers(1, 5))):
        rows.insert(int(random.integers(len(rows) + 1)), [""] * int(random.integers(0, len(table[0]) + 1)))
    return rows


def _wide(table: Table, random: Random) -> Table:
    """Thousands of columns."""
    count = int(random.choice([300, 3000, 8000]))
    rows = table[: int(random.integers(2, 6))]
    names = [f"c{i}" for i in range(count)] if random.random() < 0.7 else [str(random.choice(HOSTILE))] * count
    return [[*rows[0], *names], *([*row, *["1"] * count] for row in rows[1:])]


def _mix(table: Table, random: Random) -> Table:
    """The forms of two columns in one, row by row."""
    if len(table[0]) < 2:
        return table
    a, b = (int(random.integers(len(table[0]))) for _ in range(2))
    swapped = [list(row) for row in table]
    for row in swapped[1:]:
        if random.random() < 0.3 and max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]
    return swapped


def _transpose(table: Table, random: Random) -> Table:
    width = max(len(row) for row in table)
    return [[row[i] if i < len(row) else "" for row in table] for i in range(width)] or table


def _huge(table: Table, random: Random) -> Table:
    """One cell of a megabyte, or a line of quotes."""
    cell = str(random.choice(["x", "1", "1,", '"', " ", "2024-01-01 ", "é"])) * 1_000_000
    rows = [list(row) for row in table]
    rows[int(random.integers(len(rows)))] += [cell] if random.random() < 0.5 else []
    row = rows[int(random.integers(len(rows)))]
    if row:
        row[int(random.integers(len(row)))] = cell
    return rows


_CELLS: list[Callable[[Table, Random], Table]] = [
    *[_respell] * 12, *[_replace] * 6, *[_fill] * 3, *[_rename] * 3, *[_add] * 3, *[_drop] * 2, *[_ragged] * 2,
    *[_shuffle] * 2, *[_preamble] * 2, *[_footer] * 2, *[_mix] * 2, _repeat, _headless, _headers, _blank, _transpose,
    _wide, _huge,
]  # fmt: skip


# from cells to bytes --------------------------------------------------------------------------------------------------


def render(table: Table, random: Random) -> bytes:
    """Writes the rows as the text of a file, in some form and encoding."""
    usual = random.random() < 0.75
    mark = str(random.choice([",", ";", "\t", "|"] if usual else [",", ";", "\t", " ", ":", "~", ", "]))
    end = "\n" if usual else str(random.choice(["\n", "\r\n", "\r", "\n\n", "\n\r", "\u2028", "\x0b"]))
    how = "right" if usual else str(random.choice(["right", "right", "all", "none", "single", "broken"]))
    lines = [mark.join(_quoted(cell, mark, how, random) for cell in row) for row in table]
    text = end.join(lines) + (end if random.random() < 0.7 else "")
    if random.random() < 0.03:
        text = text.replace(mark, ";", len(text) // 50)  # the separator changes on the way
    rare = ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "shift_jis"]
    encoding = "utf-8" if usual else str(random.choice(["utf-8"] * 6 + rare))
    return text.encode(encoding, errors="replace")


def _quoted(cell: str, mark: str, how: str, random: Random) -> str:
    if how == "right":
        special = any(sign in cell for sign in (mark, '"', "\n", "\r"))
        return '"' + cell.replace('"', '""') + '"' if special else cell
    if how == "all":
        return '"' + cell.replace('"', '""') + '"'
    if how == "single":
        return f"'{cell}'"
    return f'"{cell}' if how == "broken" and random.random() < 0.02 else cell


def mutate_bytes(content: bytes, random: Random) -> bytes:
    """Applies one to six mutations of bytes."""
    content = bytes(content)
    for _ in range(int(random.choice([1, 1, 1, 2, 6]))):
        at = int(random.integers(len(content) + 1))
        length = int(random.choice([1, 1, 2, 8, 100]))
        noise = random.integers(0, 256, length, dtype=np.uint8).tobytes()
        signs = str(random.choice([*',;\t|"\n\r', "\0", "\ufeff", "\r\n", '""', "\xa0", "\x1a"])).encode() * length
        content = [
            content[:at] + noise + content[at + length :],
            content[:at] + signs + content[at:],
            content[:at] + content[at + length :],
            content[:at] + content[at : at + length] * 3 + content[at + length :],
            content[:at] + bytes([content[at] ^ 1 << int(random.integers(8))]) + content[at + 1 :]
            if at < len(content)
            else content,
            content[:at] if random.random() < 0.2 else content,
        ][int(random.integers(6))]
    return content


def pack(content: bytes, random: Random) -> tuple[bytes, str]:
    """The content, now and then compressed, cut or named wrongly, and the end of the file's name."""
    import pyarrow as pa

    chance = random.random()
    if chance < 0.9:
        return content, str(random.choice([".csv"] * 6 + [".tsv", ".txt", ".CSV", ".data"]))
    if chance < 0.93:
        return gzip.compress(content, 1), ".csv.gz"
    if chance < 0.95:
        return pa.compress(content, "zstd", asbytes=True), ".csv.zst"
    if chance < 0.96:
        return gzip.compress(content, 1)[: int(random.integers(1, 60))], ".csv.gz"
    if chance < 0.965:  # a small file that holds a large one
        return gzip.compress(b"ds,y\n" + b"2024-01-01,1\n" * 500_000, 1), ".csv.gz"
    return content, str(random.choice([".csv.gz", ".csv.zst", ".parquet", ".pq"]))
