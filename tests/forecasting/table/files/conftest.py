"""A short daily table as rows of text, and how the tests read files."""

import pytest

from segue.forecasting.table.files.read import FileFormat, read_table
from segue.forecasting.table.layout import Layout

DAYS = [f"2024-03-{day:02d}" for day in range(1, 15)]


def rows(form="{day},{value}", first=10):
    """The lines of a table, one for each day: `{day}` and `{value}`, a whole number, are filled in."""
    return "".join(form.format(day=day, value=first + index) + "\n" for index, day in enumerate(DAYS))


@pytest.fixture
def read(tmp_path):
    """Writes a file and reads it."""

    def run(content, name="table.csv", layout=None, **form):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, layout or Layout(), FileFormat(**form))

    return run
