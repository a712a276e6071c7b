"""Decodes the bytes of a text file, with the same result for every system that may have saved it."""


def decoded(raw: bytes) -> str:
    """Decodes UTF-8, with or without a byte order mark; every end of a line becomes one line feed.

    Editors on Windows end lines with CR LF, and some older programs with CR. Without this step, a model would learn CR
    as another character, or would not know it.

    Raises:
        UnicodeDecodeError: The bytes are no UTF-8.
    """
    text = raw.decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
