"""What a request may ask for at most."""

from dataclasses import dataclass, fields

from segue.errors import UserError
from segue.serve.refused import Refused


@dataclass(frozen=True)
class Limits:
    """The largest request that is answered; each number is at least 1.

    Attributes:
        body: Bytes of a request, also after it is unpacked. 64 MB hold some four million values.
        series: Series of a request.
        horizon: Steps ahead, or rows to judge.
        cells: Numbers of an answer: series times steps times columns, windows or paths.
        seconds: Seconds of computing. The batch of lanes that runs at that moment is finished first.
        waiting: Requests that are computed or wait for it.
        values: Values, names and lists of a request. Each takes up to 250 bytes while a request is read, and a fifth of
            a microsecond or more in which no other request is read.

    Raises:
        UserError: A number is below 1.
    """

    body: int = 64_000_000
    series: int = 10_000
    horizon: int = 10_000
    cells: int = 20_000_000
    seconds: float | int = 60
    waiting: int = 256
    values: int = 4_000_000

    def __post_init__(self) -> None:
        for item in fields(self):
            if not getattr(self, item.name) >= 1:
                raise UserError(f"max_{item.name}", getattr(self, item.name), "give a number of at least 1")

    def check(self, series: int, horizon: int, columns: int = 1) -> None:
        """Refuses a request that asks for too much.

        Args:
            series: Its series.
            horizon: Its steps ahead, or rows to judge.
            columns: The numbers that it asks for at each of them.

        Raises:
            Refused: It has too many series, or too many numbers to answer, with status 413; or too long a horizon, with
                status 422.
        """
        if series > self.series:
            raise Refused(413, f"series {series:,}: this server takes at most {self.series:,} in a request; send parts")
        if horizon > self.horizon:
            raise Refused(
                422, f"horizon {_shown(horizon)}: this server forecasts at most {self.horizon:,} steps; give fewer"
            )
        self.check_cells(series * max(horizon, 1) * max(columns, 1))

    def check_cells(self, cells: int) -> None:
        """Refuses an answer of too many numbers.

        Raises:
            Refused: There are too many, with status 413.
        """
        if cells > self.cells:
            raise Refused(
                413, f"an answer of {_shown(cells)} numbers: this server gives at most {self.cells:,}; send parts"
            )


def _shown(number: int) -> str:
    """A number of a client, which may have thousands of digits."""
    return f"{number:,}" if number < 10**18 else "10**18 or more"
