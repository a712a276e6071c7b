"""Failures of commands: one line on standard error and exit status 2; 130 or 143 when stopped."""

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from segue.cli.shared.flags import in_flags
from segue.cli.shared.terminal import accept_every_encoding, shown
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.signals import Terminated

# later versions of typer have their own copy of click, earlier ones use click itself
_MISUSE: type[Any] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

_REMEDIES = {
    "int_parsing": "give a whole number",
    "float_parsing": "give a number",
    "greater_than_equal": "give {ge} or more",
}
"""Remedies for a value that typer can't read, by the kind of fault."""


class _Refused(Exception):
    """A user's mistake, in the words of the command that ran."""


class _Stopped(Exception):
    """Ctrl-C or SIGTERM; newer versions of typer would end a command for either with 130 and without a line."""

    def __init__(self, signal: BaseException) -> None:
        self.status = 143 if isinstance(signal, Terminated) else 130


class OneLineErrors(TyperGroup):
    """A group of commands that reports a user's mistake, or a missing package, in one line without a traceback."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Reads the arguments; see `click.Command.make_context`."""
        try:
            return super().make_context(*args, **extra)
        except KeyboardInterrupt as stop:
            raise _Stopped(stop) from stop

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that the arguments name; see `click.Group.invoke`."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise _Refused(in_flags(error, self.commands[ctx.invoked_subcommand])) from error
        except KeyboardInterrupt as stop:
            raise _Stopped(stop) from stop
        except ModuleNotFoundError as error:
            remedy = remedy_for_missing(error)
            if remedy is None:
                raise
            verbs = [*ctx.command_path.split()[1:], ctx.invoked_subcommand]
            raise _Refused(f"{' '.join(verbs)}: {remedy}") from error

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the first sentence of each command into the help, whole; click would cut it at 45 characters."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(10_000)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Runs a command; see `typer.core.TyperGroup.main`."""
        accept_every_encoding()
        try:
            result = super().main(*args, **{**extra, "standalone_mode": False})
        except _Refused as error:
            _fail(str(error))
        except _MISUSE as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                typer.echo(error.format_message(), err=True)
                sys.exit(2)
            _fail(_misuse(error))
        except OSError as error:  # a full disk or terminal; a file that can't be opened has raised a UserError before
            _abandon_output()
            file = f"{error.filename}: " if error.filename else ""
            _fail(f"cannot read or write: {file}{error.strerror or error}")
        except MemoryError as error:
            _fail(f"not enough memory ({error or 'none is left'}); ask for a shorter horizon or fewer series")
        except (_Stopped, KeyboardInterrupt, typer.Abort) as stop:
            typer.echo("segue: stopped", err=True)
            result = stop.status if isinstance(stop, _Stopped) else 130
        if standalone_mode:
            sys.exit(result if isinstance(result, int) else 0)
        return result


def _misuse(error: Any) -> str:
    """The fault of the arguments; later versions of typer leave out a value that they can't read."""
    faults: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not faults:
        return str(error.format_message())
    fault = faults[0]
    remedy = _REMEDIES.get(fault["type"], "{msg}").format(msg=fault["msg"], **fault.get("ctx", {}))
    return str(UserError(error.param.opts[0], fault["input"], remedy))


def _abandon_output() -> None:
    """Discards the rest of standard output, or Python would write it again at exit and report an error."""
    with suppress(OSError, ValueError):  # ValueError: standard output is no real file, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> NoReturn:
    typer.echo(f"segue: {shown(' '.join(message.split()))}", err=True)
    sys.exit(2)
