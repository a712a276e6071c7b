"""How a command ends badly: one line on standard error, exit status 2; 130 when interrupted."""

import re
import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from segue.errors import UserError

# typer carries its own copy of click in later versions, and click's in earlier ones
_MISUSE: type[Any] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

_FLAGS = {
    "id_col": "--id", "time_col": "--time", "target_col": "--target", "time_format": "--time-format",
    "levels": "--level", "quantiles": "--quantile", "frame": "FILE", "file": "FILE",
    **{name: f"--{name}" for name in ("horizon", "freq", "duplicates", "output", "plot", "model")},
}  # fmt: skip
"""What the command line calls the arguments of the library."""


class OneLineErrors(TyperGroup):
    """A group of commands that tells a user's mistake in one line, without a traceback."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Runs a command; see `typer.core.TyperGroup.main`."""
        try:
            result = super().main(*args, **{**extra, "standalone_mode": False})
        except UserError as error:
            _fail(in_flags(error))
        except _MISUSE as error:
            _fail(error.format_message())
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


def _fail(message: str) -> NoReturn:
    typer.echo(f"segue: {' '.join(message.split())}", err=True)
    sys.exit(2)
