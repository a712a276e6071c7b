"""Requests that are refused: a status of HTTP and one line that says what to change."""

from segue.errors import printable


class Refused(Exception):
    """A request that is not answered.

    Args:
        status: The status of HTTP, 400 or more.
        message: One line: what is wrong, and what to do instead.
        wait: Seconds after which the client may try again; None if that is no use.
    """

    def __init__(self, status: int, message: str, wait: int | None = None) -> None:
        self.status, self.message, self.wait = status, printable(" ".join(message.split())), wait
        super().__init__(self.message)
