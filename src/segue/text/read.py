"""Bytes of a text file as text, the same on every system that may have saved it."""


def decoded(raw: bytes) -> str:
    """Decodes UTF-8, with or without a byte order mark; every end of a line becomes one line feed.

    Editors on Windows end lines with CR LF, and some older programs with CR. A model would learn another character, or
    meet one that it does not know.

    Raises:
        UnicodeDecodeError: The bytes are no UTF-8.
    """
    text = raw.decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
