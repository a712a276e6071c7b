"""The page reads a table as the library does, or refuses it in one line; no onnxruntime-web is needed for this."""

import numpy as np
import pytest

from benchmarks.browser.beside import by_library, by_node, difference, run_node
from benchmarks.browser.cases import Case, cases
from benchmarks.browser.readings import judged
from tests.browser.conftest import needs_node

pytestmark = needs_node


def rows(times, values=None, head="ds,y"):
    values = range(1, len(times) + 1) if values is None else values
    return "\n".join((head, *(f"{time},{value}" for time, value in zip(times, values, strict=True)))) + "\n"


DAYS = [f"2026-01-{day:02}" for day in range(1, 15)]
MONTHS = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
READ = {
    "counts of the years": rows(range(1990, 2020)),
    "a long count": rows(range(0, 12_000, 100)),
    "negative counts": rows(range(-5, 5)),
    "months without days": rows(MONTHS),
    "clocks with T": rows([f"2026-01-01T{hour:02}:30" for hour in range(24)]),
    "milliseconds": rows([f"2026-01-01 00:00:00.{part:03}" for part in range(0, 100, 5)]),
    "Mondays, Wednesdays, Fridays": rows(
        [f"2026-01-{day:02}" for day in (5, 7, 9, 12, 14, 16, 19, 21, 23, 26, 28, 30)]
    ),
    "the 31st of months": rows(["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]),
    "last trading days": rows(["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-30", "2025-06-30"]),
    "gaps": rows(DAYS[:4] + DAYS[6:]),
    "rows in any order": rows(DAYS[::-1]),
    "words for missing values": rows(DAYS, ["NA", "", "nan", "-", "null", *range(9)]),
    "exponents and signs": rows(DAYS, ["1e3", "-2.5E-2", "+7", ".5", "007", *range(9)]),
    "three decimals between commas": rows(DAYS, ["1.234"] * 14),
    "quotes": 'ds,"y"\n"2026-01-01","1"\n"2026-01-02",2\n',
    "blank lines": "ds,y\n\n2026-01-01,1\n,\n2026-01-02,2\n\n",
    "an index of pandas": ",ds,y\n0,2026-01-01,5\n1,2026-01-02,6\n2,2026-01-03,7\n",
    "whole names": "unique_id,ds,y\n10,2026-01-01,1\n9,2026-01-01,2\n10,2026-01-02,1\n9,2026-01-02,2\n",
    "a mark of UTF-8": "\ufeffds,y\n2026-01-01,1\n2026-01-02,2\n",
    "ends of lines of Windows": "ds;y\r\n2026-01-01;1\r\n2026-01-02;2\r\n",
}
REFUSED = {
    "decimal commas": ("ds;y\n2026-01-01;1,5\n2026-01-02;2,5\n", 'column y holds "1,5" in line 2'),
    "thousands or decimals": ("ds;y\n2026-01-01;1.500\n2026-01-02;2.500\n", "may hold thousands or decimals"),
    "days or months": (rows(["03/04/2025", "04/04/2025"]), "which is not a time such as 2026-01-31"),
    "a zone": (rows(["2026-01-01T00:00Z", "2026-01-01T01:00Z"]), "which is not a time"),
    "days that are not there": (rows(["2026-02-29", "2026-03-01"]), "there is no such time; mend the row"),
    "quarters or months": (rows(["2024-01", "2024-02", "2024-03", "2024-04", "2025-01"]), "parts of a year"),
    "dates in digits": (rows([20260101, 20260102]), "may be dates or seconds"),
    "years and months in digits": (rows([2211, 2212, *range(2301, 2309)]), "may be years and months"),
    "twice the same time": (rows([*DAYS, DAYS[3]]), "2026-01-04 occurs twice in series y"),
    "no common step": (rows(["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-09", "2026-01-15"]), "no common step"),
    "jitter": (rows(["2026-01-01 00:00", "2026-01-01 01:00", "2026-01-01 02:01"]), "no common step"),
    "opening hours": (
        rows([f"2026-01-{day:02} {hour:02}:00" for day in range(5, 15) for hour in range(9, 17)]), "opening hours",
    ),
    "a unit": (rows(DAYS[:2], ["5 EUR", "6 EUR"]), "not a plain number"),
    "infinity": (rows(DAYS[:2], ["inf", "1"]), "not a plain number"),
    "one row": (rows(DAYS[:1]), "no series has two rows"),
    "no rows": ("ds,y\n", "the table is empty"),
    "no names": ("2026-01-01,1\n2026-01-02,2\n", "is not a name; give a first line of names"),
    "a short row": ("ds,y\n2026-01-01,1\n2026-01-02\n", "same number of cells"),
    "a footer": (rows([*DAYS, "Total"]), "which is not a time"),
    "a comment": ("# made today\nds,y\n2026-01-01,1\n", "comment"),
    "two columns of values": ("ds,a,b\n2026-01-01,1,2\n2026-01-02,1,2\n", "the column of values is not clear"),
    "two columns of times": ("from,to,y\n2026-01-01,2026-01-02,1\n2026-01-02,2026-01-03,1\n", "times is not clear"),
    "names of another column": ("shop,ds,y\na,2026-01-01,1\na,2026-01-02,1\nb,2026-01-01,1\n", "shop may name"),
    "a clock beside the date": ("date,hour,y\n2026-01-01,1,5\n2026-01-01,2,5\n", "hour may belong to the times"),
    "another step": (
        "unique_id,ds,y\n" + "".join(f"a,{day},1\n" for day in DAYS) + "".join(f"b,{day},1\n" for day in DAYS[::2]),
        "the rows of series b lie 2 steps of D apart",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def answers():
    asked = {**{name: Case(text) for name, text in READ.items()}, **cases()}
    refused = {name: Case(text) for name, (text, _) in REFUSED.items()}
    found = by_node([*asked.values(), *refused.values()], None)["answers"]
    return dict(zip([*asked, *refused], found, strict=True))


@pytest.mark.parametrize("name", [*READ, *cases()])
def test_a_table_is_read_as_the_library_reads_it(answers, name):
    """Names, times, steps, values, step, seasons and the times ahead."""
    case = Case(READ[name]) if name in READ else cases()[name]
    assert "refused" not in answers[name], answers[name]
    assert difference(by_library(case), answers[name]) == ""


@pytest.mark.parametrize("name", REFUSED)
def test_any_other_table_is_refused_in_one_line(answers, name):
    """Catches a table that is read otherwise than the library reads it, and one that ends in an exception."""
    line = answers[name]["refused"]
    assert REFUSED[name][1] in line
    assert "\n" not in line


def test_all_rows_may_be_one_series():
    """Catches a choice that a column of the same name would hide."""
    text = "none,ds,y\na,2026-01-01,1\na,2026-01-02,1\nb,2026-01-03,2\n"
    found = by_node([Case(text, chosen={"id": "\n"}), Case(text, chosen={"id": "none"})], None)["answers"]
    assert [lane["name"] for lane in found[0]["lanes"]] == ["y"]
    assert difference(by_library(Case(text.replace("none", "shop"), chosen={"id": "none"})), found[0]) == ""
    assert [lane["name"] for lane in found[1]["lanes"]] == ["a", "b"]


def test_hostile_tables_are_read_alike_or_refused():
    """More of them: `python -m benchmarks.browser.readings --count 10000`."""
    kinds = [kind for kind, _ in judged(3, range(120))]
    assert set(kinds) <= {"read alike", "both refuse", "the page refuses"}
    assert kinds.count("read alike") >= 20


def test_bytes_that_are_no_plain_text_are_refused():
    """Parquet, gzip, UTF-16 and Latin."""
    contents = ["UEFSMQ==", "H4sIAAAA", "//5kAHMA", "ZHMseQpG/Gxs"]
    found = run_node([{"base64": content} for content in contents])["answers"]
    faults = ["is Parquet", "is compressed", "not in UTF-8", "not in UTF-8"]
    assert all(fault in answer["refused"] for fault, answer in zip(faults, found, strict=True))


@pytest.mark.parametrize("period", [0, 2, 7, 24, 100])
def test_a_season_of_counted_steps_is_that_of_the_library(period):
    """With gaps, a trend and an outlier; three series share it."""
    generator = np.random.default_rng(period)
    lines = ["unique_id,ds,y"]
    for name, length in (("a", 500), ("b", 420), ("c", 350)):
        steps = np.arange(length)
        values = 0.01 * steps + generator.normal(size=length)
        values += 3 * np.sin(2 * np.pi * steps / period) if period > 2 else 3 * (-1.0) ** steps * (period == 2)
        values[length // 2] = 1e4
        kept = generator.random(length) < 0.95
        lines += [f"{name},{step},{value}" for step, value in zip(steps[kept], values[kept], strict=True)]
    case = Case("\n".join(lines))
    (found,) = by_node([case], None)["answers"]
    assert difference(by_library(case), found) == ""
