"""One input through the readers and a forecast: what came of it, in how many seconds and megabytes."""

import re
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import peak_megabytes, reset_peak
from benchmarks.tables.inputs import Input

SECONDS, MEGABYTES = 20, 1024
"""What one input may take."""

MODEL, HORIZON = "seasonal-naive", 3
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")  # what a terminal would obey; tab and line end are text


class TooSlow(BaseException):
    """The alarm of an input. No `except Exception` of a library can swallow it."""


@dataclass(frozen=True)
class Outcome:
    """What came of one input.

    Attributes:
        number: The number of the input.
        family: The family of the input.
        kind: `read` and `refused` are right; `exception`, `warning`, `slow`, `large`, `terminal` and `died` are faults.
        detail: The message, for an exception with the innermost frames.
        seconds: The time that it took.
        megabytes: By how much the largest resident set grew meanwhile.
    """

    number: int
    family: str
    kind: str
    detail: str
    seconds: float
    megabytes: float

    @property
    def fault(self) -> bool:
        """Whether this must not happen."""
        return self.kind not in ("read", "refused")


def attempt(given: Input, folder: Path, whole: bool) -> Outcome:
    """Reads one input and forecasts it.

    Args:
        given: The input.
        folder: An empty folder for its file.
        whole: Whether a file goes through the whole command with a picture, instead of through its functions.
    """
    reset_peak()
    before, began = peak_megabytes(), time.perf_counter()
    kind, detail = _kind_of(lambda: _forecast(given, folder, whole))
    seconds, megabytes = time.perf_counter() - began, max(0.0, peak_megabytes() - before)
    if kind in ("read", "refused") and seconds > SECONDS:
        kind, detail = "slow", f"{seconds:.0f} s; {detail}"
    if kind in ("read", "refused") and megabytes > MEGABYTES:
        kind, detail = "large", f"{megabytes:.0f} MB; {detail}"
    return Outcome(given.number, given.family, kind, detail, seconds, megabytes)


def _kind_of(work: Callable[[], str]) -> tuple[str, str]:
    """Runs `work`, which returns a refusal or nothing, and names what came of it."""
    from segue.errors import Notice, UserError

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            with _alarm():
                refusal = work()
            kind, detail = ("refused", refusal) if refusal else ("read", "")
        except UserError as error:
            kind, detail = ("refused", str(error)) if "\n" not in str(error) else ("terminal", str(error))
        except TooSlow:
            return "slow", f"stopped after {SECONDS} s in {_frames(5)}"
        except MemoryError:
            return "large", f"no memory in {_frames(3)}"
        except Unfit as error:
            return "terminal", str(error)
        except BaseException as error:  # pyo3 panics of polars are no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            return "exception", f"{type(error).__name__}: {str(error)[:300]} in {_frames(4)}"
    loud = [each for each in heard if not issubclass(each.category, Notice)]
    if loud:
        first = loud[0]
        return "warning", f"{first.category.__name__}: {first.message} at {first.filename}:{first.lineno}"
    return kind, detail


class Unfit(Exception):
    """Output that a terminal must not get."""


def _forecast(given: Input, folder: Path, whole: bool) -> str:
    if given.frame is not None:
        import segue

        segue.forecast(given.frame, HORIZON, model=MODEL, **given.layout)
        return ""
    path = folder / f"input{given.suffix}"
    path.write_bytes(given.content)
    return _command(path, given) if whole else _functions(path, given)


def _functions(path: Path, given: Input) -> str:
    """What the command does, without the command line."""
    from segue.forecasting.forecast import forecast_reading
    from segue.forecasting.registry import load_predictor
    from segue.forecasting.table.files.read import FileFormat, read_table
    from segue.forecasting.table.layout import Layout
    from segue.forecasting.table.reading import read_frame

    layout = Layout(**given.layout)
    table = read_table(path, layout, FileFormat(**given.form))
    forecast_reading(load_predictor(MODEL), read_frame(table.frame, layout, table.points), HORIZON)
    return ""


FLAGS = {
    "id_col": "--id", "time_col": "--time", "target_col": "--target", "freq": "--freq", "time_format": "--time-format",
    "duplicates": "--duplicates", "season": "--season", "decimal": "--decimal", "encoding": "--encoding",
    "skip_rows": "--skip-rows", "comment": "--comment",
}  # fmt: skip
"""The flags of the command for the arguments of the library."""


def arguments_of(given: Input) -> list[str]:
    """The flags of an input's options."""
    options = {**given.layout, **given.form}
    skip = ["--skip-bad"] if options.pop("skip_bad", False) else []
    return skip + [f"{FLAGS[name]}={value}" for name, value in options.items()]


def _command(path: Path, given: Input) -> str:
    from typer.testing import CliRunner

    from segue.cli import app

    written = [f"--output={path.parent / 'out.csv'}", f"--plot={path.parent / 'out.png'}"]
    words = ["forecast", str(path), f"--horizon={HORIZON}", f"--model={MODEL}", *arguments_of(given), *written]
    result = CliRunner().invoke(app, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    shown = result.stdout + result.stderr
    if _CONTROL.search(shown):
        raise Unfit(f"control characters on the terminal: {shown[:300]!r}")
    if result.exit_code not in (0, 2) or (result.exit_code == 2 and not result.stderr.strip()):
        raise Unfit(f"exit status {result.exit_code}: {shown[:300]!r}")
    return result.stderr.strip().splitlines()[-1] if result.exit_code else ""


def _frames(count: int) -> str:
    """The innermost frames of the exception that is handled, the deepest last."""
    import sys

    shown = traceback.extract_tb(sys.exc_info()[2])[-count:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in shown)


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(signum: int, frame: Any) -> None:
        raise TooSlow

    old = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS + 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
