"""Texts of few templates are read as one by one: the same fields, whichever way is taken."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from segue.forecasting.table.times.fields import assembled, extract
from segue.forecasting.table.times.shapes import SHAPES
from segue.forecasting.table.times.templates import by_template

TIMES = pd.date_range("1999-11-28 00:00:07", periods=3_000, freq="301min")


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%MZ", "%d %B %Y %I:%M %p", "%a, %d %b %Y %H:%M:%S +0000"]
)
def test_both_ways_give_the_same_fields(form):
    texts = pa.array(TIMES.strftime(form).tolist()).slice(10)  # offsets do not begin at 0
    pattern = next(shape.pattern for shape in SHAPES if extract(texts.slice(0, 9), shape.pattern)[1].all())
    assert by_template(texts, pattern) is not None
    fields, fits = extract(texts, pattern)
    parts = [extract(texts.slice(start, 999), pattern) for start in range(0, len(texts), 999)]
    assert set(fields) == set(parts[0][0])
    for name, values in fields.items():
        np.testing.assert_array_equal(values, np.concatenate([part[0][name] for part in parts]))
    assert fits.all()
    unit = "s" if "%S" in form else "m"
    np.testing.assert_array_equal(assembled(fields), TIMES[10:].to_numpy().astype(f"datetime64[{unit}]"))


def test_a_text_of_another_template_does_not_match():
    texts = pa.array([*TIMES.strftime("%Y-%m-%d").tolist(), "2024-01-0x"])
    _, fits = extract(texts, SHAPES[0].pattern)
    assert fits.sum() == len(TIMES)
    assert not fits[-1]


def test_patterns_that_ask_for_digits_and_texts_beyond_ascii_are_read_one_by_one():
    texts = pa.array(TIMES.strftime("%Y-%m-%d").tolist())
    assert by_template(texts, r"\d{4}-[01]\d-\d{2}") is None
    assert by_template(pa.array(["é" * 10] * 3_000), r"\d+") is None
    assert by_template(texts.slice(0, 20), r"\d{4}-\d{2}-\d{2}") is None
