"""How a command ends badly: one line on standard error, exit status 2; 130 when interrupted."""

import os
import re
import sys
from contextlib import suppress
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from segue.errors import UserError

# typer carries its own copy of click in later versions, and click's in earlier ones
_MISUSE: type[Any] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

_FLAGS = {
    "id_col": "--id", "time_col": "--time", "target_col": "--target", "time_format": "--time-format",
    "levels": "--level", "quantiles": "--quantile", "models": "--against", "frame": "FILE", "file": "FILE",
    **{name: f"--{name}" for name in ("horizon", "freq", "duplicates", "output", "plot", "model",
                                          "windows", "step", "against", "forecasts",
                                          "minutes", "resume", "production", "tokenizer", "backbone",
                                          "prompt", "length", "temperature", "document", "lanes", "state", "online",
                                          "rate", "segment", "window",
                                          "architecture", "source", "target", "beam", "layer", "dev", "test")},
    "state_in": "--state-in", "state_out": "--state-out",
    "skip_bad": "--skip-bad", "prefix": "--prefix", "pairs": "PAIRS", "n_best": "--n-best",
    "no_repeat_ngram": "--no-repeat", "max_extra": "--max-tokens",
    "length_penalty": "--length-penalty", "alpha": "--alpha",
    "learning_rate": "--rate",
    "top_k": "--top-k", "top_p": "--top-p", "text": "TEXT", "config": "CONFIG", "path": "--output",
}  # fmt: skip
"""What the command line calls the arguments of the library."""


_REMEDIES = {
    "int_parsing": "give a whole number",
    "float_parsing": "give a number",
    "greater_than_equal": "give {ge} or more",
}
"""For a value that typer can't read."""


class OneLineErrors(TyperGroup):
    """A group of commands that tells a user's mistake in one line, without a traceback."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Runs a command; see `typer.core.TyperGroup.main`."""
        try:
            result = super().main(*args, **{**extra, "standalone_mode": False})
        except UserError as error:
            _fail(in_flags(error))
        except _MISUSE as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                typer.echo(error.format_message(), err=True)
                sys.exit(2)
            _fail(_misuse(error))
        except OSError as error:  # a full disk or terminal; a file that can't be opened is a UserError by now
            _abandon_output()
            place = f"{error.filename}: " if error.filename else ""
            _fail(f"cannot read or write: {place}{error.strerror or error}")
        except (KeyboardInterrupt, typer.Abort):
            result = 130
        if standalone_mode:
            sys.exit(result if isinstance(result, int) else 0)
        return result


def in_flags(error: UserError) -> str:
    """The message of an error in the words of the command line: its argument, and names in backticks, as flags."""
    name = error.argument
    message = _FLAGS.get(name, name) + str(error)[len(name) :]
    return re.sub(r"`(\w+)`", lambda match: _FLAGS.get(match[1], match[1]), message)


def _misuse(error: Any) -> str:
    """What is wrong with the arguments; of a value that can't be one, later versions of typer do not tell the value."""
    faults: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not faults:
        return str(error.format_message())
    fault = faults[0]
    remedy = _REMEDIES.get(fault["type"], "{msg}").format(msg=fault["msg"], **fault.get("ctx", {}))
    return str(UserError(error.param.opts[0], fault["input"], remedy))


def _abandon_output() -> None:
    """Lets what standard output could not take go, or Python would try again at its end and complain."""
    with suppress(OSError, ValueError):  # ValueError: no real file, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> NoReturn:
    typer.echo(f"segue: {' '.join(message.split())}", err=True)
    sys.exit(2)
