"""Many texts of few templates: numpy reads fields at known positions, which is faster than a regular expression.

A template is a text in which digits are equal: `2024-01-31` and `2025-12-24` have one. Texts of one template have their
fields at the same positions, if a pattern asks only whether a sign is a digit. So a pattern is matched once for each
template. A million texts with clocks take a tenth of the time of RE2 with groups.
"""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_FEW = 1_000  # texts for which RE2 is as fast
_LONGEST, _LENGTHS, _TEMPLATES = 64, 24, 500  # beyond these, texts have no common templates
_FACTOR = 1_000_003  # of a polynomial hash; that it confuses no templates is checked

Group = tuple[NDArray[np.int64], NDArray[np.uint8], dict[str, tuple[int, int]]]
"""The texts of one template, `(rows,)`; their bytes, `(rows, length)`; where each named group begins and ends."""


def by_template(texts: pa.StringArray, pattern: str) -> list[Group] | None:
    """Groups texts by their templates.

    Args:
        texts: Texts without nulls.
        pattern: A pattern of RE2 for whole texts.

    Returns:
        The templates that match. None if the texts have too many templates, are long or no ASCII, or the pattern asks
        which digit a sign is.
    """
    if len(texts) < _FEW or _asks_for_digits(pattern):
        return None
    lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    distinct = np.unique(lengths)
    if distinct[-1] > _LONGEST or len(distinct) > _LENGTHS or distinct[0] == 0:
        return None
    whole = re.compile(f"(?i)^(?:{_in_python(pattern)})\\Z", re.ASCII)
    groups = []
    for length in distinct:
        rows = np.flatnonzero(lengths == length)
        signs = _bytes(texts if len(rows) == len(texts) else texts.take(pa.array(rows)), int(length))
        codes = _templates(signs)
        if codes is None:
            return None
        for code in range(codes.max() + 1):
            chosen = np.flatnonzero(codes == code) if codes.max() else slice(None)
            found = whole.match(bytes(signs[chosen][0]).decode())
            if found is not None:
                spans = {name: found.span(name) for name in found.groupdict() if found[name] is not None}
                groups.append((rows[chosen], signs[chosen], spans))
    return groups


def _asks_for_digits(pattern: str) -> bool:
    """Whether a pattern depends on which digit a sign is, as `[1-4]` does."""
    rest = re.sub(r"\\x\{[0-9a-f]+\}|\{\d*,?\d*\}|\?P<\w+>|0-9", "", pattern)
    return bool(re.search(r"\d", rest)) or r"\p" in rest


def _in_python(pattern: str) -> str:
    return re.sub(r"\\x\{([0-9a-f]{4})\}", r"\\u\1", pattern)


def _bytes(texts: pa.StringArray, length: int) -> NDArray[np.uint8]:
    """The bytes of texts that are all of one length, `(rows, length)`."""
    _, offsets, signs = texts.buffers()
    start = int(np.frombuffer(offsets, np.int32)[texts.offset])
    return np.frombuffer(signs, np.uint8)[start : start + len(texts) * length].reshape(-1, length)


def _templates(signs: NDArray[np.uint8]) -> NDArray[np.int64] | None:
    """The template of each row, counted from 0; None if there are too many or a sign is no ASCII."""
    if signs.max() > 127:
        return None
    plain = np.where((signs >= 48) & (signs <= 57), np.uint8(48), signs)
    keys = np.zeros(len(plain), np.uint64)
    for column in range(plain.shape[1]):
        keys = keys * np.uint64(_FACTOR) + plain[:, column]
    codes, distinct = pd.factorize(keys)
    if len(distinct) > _TEMPLATES:
        return None
    first = np.zeros(len(distinct), np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    if len(distinct) == 1:
        same = (plain == plain[0]).all()
    else:
        same = all(np.array_equal(plain[:, column], plain[first, column][codes]) for column in range(plain.shape[1]))
    return codes.astype(np.int64) if same else None
