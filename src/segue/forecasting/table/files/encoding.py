"""The encoding of a text file: given, marked, UTF-8, or plain Latin; any other is refused and never guessed."""

import codecs
import re

from segue.errors import UserError
from segue.forecasting.table.files.latin import odd_text

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LATIN = "cp1252"  # the encoding of spreadsheets in western Europe; it contains the letters of ISO 8859-1
_DOS_END = "\x1a"  # CP/M and DOS end texts with it; as a byte it also ends some letters of UTF-16
_MARK = "\ufeff"
_SAMPLE = 4096  # bytes that show whether every second one is zero


def to_utf8(raw: bytes, encoding: str | None, file: str) -> tuple[bytes, tuple[str, ...]]:
    """Turns the text of a file into UTF-8 without a mark.

    Args:
        raw: The bytes of the file.
        encoding: The encoding that the user gives, as Python names it. By default it is inferred: the encoding of a
            byte order mark, UTF-8, or UTF-16 without a mark if every second byte is zero. It is cp1252 if the words
            with letters beyond ASCII are those of western languages.
        file: The name of the file in notes.

    Returns:
        The text, and a note if it was read as cp1252.

    Raises:
        UserError: The bytes are not text in the given encoding, or no encoding is given and none of these fits.
        ValueError: The file holds binary data.
    """
    if encoding is not None:
        return _given(raw, encoding), ()
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if marked is not None:
        return _given(raw, marked, argument="(by its mark)"), ()
    if b"\0" in raw:
        return _unmarked_utf16(raw), ()
    raw = raw.removesuffix(_DOS_END.encode())
    if raw.isascii() or _first_fault(raw, "utf-8") is None:
        return raw, ()
    return _latin(raw, file)


def _given(raw: bytes, encoding: str, argument: str = "") -> bytes:
    """Decodes strictly; the error names the position of the first byte that is no text."""
    shown = f"{encoding} {argument}".strip()
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        bad = raw[error.start : error.start + 4].hex(" ")
        line = raw.count(b"\n", 0, error.start) + 1
        where = f"byte {error.start + 1} (line {line}, {bad})"
        remedy = f"the file is not in this encoding: {where}; give another, such as cp1252 or shift_jis"
        raise UserError("encoding", shown, remedy) from error
    except (LookupError, UnicodeError, ValueError, TypeError) as error:
        remedy = "no such encoding of text; give one such as utf-8, cp1252 or shift_jis"
        raise UserError("encoding", shown, remedy) from error
    if "\0" in text:
        raise ValueError("it holds binary data")
    try:
        return text.removeprefix(_MARK).removesuffix(_DOS_END).encode()
    except UnicodeEncodeError as error:  # encodings such as utf-7 yield halves of characters
        remedy = "it yields halves of characters; give another, such as utf-8"
        raise UserError("encoding", shown, remedy) from error


def _unmarked_utf16(raw: bytes) -> bytes:
    even, odd = (raw[start:_SAMPLE:2] for start in (0, 1))
    for name, zeros, letters in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if 2 * zeros.count(0) > len(zeros) and 0 not in letters and len(raw) % 2 == 0:
            return _given(raw, name)
    raise ValueError("it holds binary data")


def _first_fault(raw: bytes, encoding: str) -> UnicodeDecodeError | None:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        return error
    return None


def _latin(raw: bytes, file: str) -> tuple[bytes, tuple[str, ...]]:
    if (fault := _first_fault(raw, _LATIN)) is not None:
        raise _refused(raw, fault.start, raw[fault.start : fault.start + 1].hex())
    text = raw.decode(_LATIN)
    odd = odd_text(text)
    if odd is not None:
        raise _refused(raw, text.index(odd), odd)
    example = re.findall(r"\w*[^\x00-\x7f]\w*", text)[0]
    return text.encode(), (
        f"{file} is not UTF-8 and was read as {_LATIN}, as in {example!r}; `encoding` names another",
    )


def _refused(raw: bytes, position: int, shown: str) -> UserError:
    line = raw.count(b"\n", 0, position) + 1
    remedy = f"line {line} is neither UTF-8 nor plain Latin ({shown!r}); save the file in UTF-8, or give its encoding"
    return UserError("encoding", "(not given)", f"{remedy}, such as cp1251, cp1252 or shift_jis")
