"""Reports to the user: the exception for a mistake, and the notice of a choice in reading a table."""

import warnings
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake that the user can mend, reported in one line: the argument, the value received and the remedy.

    The command line prints it to standard error and exits with status 2. In Python it is a `ValueError`.

    Args:
        argument: The argument as the caller knows it, for example `"horizon"` or `"--freq"`.
        value: What was received.
        remedy: What to do instead, as a short imperative phrase.

    Example:
        >>> raise UserError("horizon", 0, "give a whole number of at least 1")
        Traceback (most recent call last):
        ...
        segue.errors.UserError: horizon 0: give a whole number of at least 1
    """

    def __init__(self, argument: str, value: object, remedy: str) -> None:
        self.argument, self.value, self.remedy = argument, value, remedy
        shown = " ".join(str(value).split())
        super().__init__(printable(f"{argument} {shown[:200]}: {remedy}"))


def printable(text: str) -> str:
    """Replaces characters that a terminal would obey or hide by escapes; cells and names may hold such characters."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Notice(UserWarning):
    """A report on a table that was read: rows or series that were left out, or a choice between readings.

    The command line prints each notice as one line on standard error. In Python it is a warning.
    """


def give_notice(notes: Iterable[str]) -> None:
    """Warns of each note, at the line that called a public function."""
    for note in notes:
        warnings.warn(printable(note), Notice, stacklevel=3)
