"""Detects a first row that names its columns, since it is not a pair to learn from."""

from collections.abc import Sequence

_ROLES = "source target src tgt trg input output text sentence translation question answer word words phonemes ipa"
_LANGUAGES = """
arabic bulgarian catalan chinese czech danish dutch english estonian finnish french german greek hebrew hindi hungarian
indonesian italian japanese korean latin latvian lithuanian norwegian persian polish portuguese romanian russian serbian
slovak slovenian spanish swedish thai turkish ukrainian vietnamese
"""
_CODES = """
ar bg ca cs da de el en es et fa fi fr he hi hu id it ja ko la lt lv nl no pl pt ro ru sk sl sr sv th tr uk vi zh
"""
HEADERS = frozenset(" ".join((_ROLES, _LANGUAGES, _CODES, "pronunciation")).split())
"""Names that people give to columns of texts."""


def is_header(cells: Sequence[str]) -> bool:
    """Whether all cells are such names, in upper or lower case, and all differ."""
    names = [cell.strip().casefold() for cell in cells]
    return len(set(names)) == len(names) and HEADERS.issuperset(names)
