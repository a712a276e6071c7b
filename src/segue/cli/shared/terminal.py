"""Text of the user on the terminal: never markup, never a control character, and no failure of any encoding."""

import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_HIDDEN = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of Unicode that move the cursor, end a line or cannot be encoded: control characters, surrogates, ends."""

_TURNS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
"""Classes of characters that turn the direction of all text that follows them."""


def shown(text: object) -> str:
    r"""Writes a name or another text of the user on one line; a character that could steer a terminal is escaped.

    Example:
        >>> shown("kW[h]\x1b[2J")
        'kW[h]\\x1b[2J'
    """
    plain = str(text)
    if plain.isprintable():
        return plain
    return "".join(_escaped(character) if _steers(character) else character for character in plain)


def console(stderr: bool = False) -> "Console":
    """Makes a console that reads nothing in a text as markup or as the name of an emoji.

    A narrow terminal wraps its lines, where rich would cut numbers.
    """
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=10_000)


def accept_every_encoding() -> None:
    """Makes both outputs escape characters that the encoding of the terminal lacks, such as Chinese ones in cp1252."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _steers(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN or unicodedata.bidirectional(character) in _TURNS


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
