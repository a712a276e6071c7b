"""The names of the command line for the arguments of the library."""

import re
from collections.abc import Iterable
from typing import Any

from segue.errors import UserError

_OTHER_NAMES = {"frame": ("file",), "models": ("against",), "path": ("output", "state_out")}
"""Arguments of the library that have other names as parameters of commands."""


def in_flags(error: UserError, command: Any) -> str:
    """Writes the message of an error in the words of a command: its argument and names in backticks become flags.

    Args:
        error: A user's mistake, in the words of the library.
        command: The typer command that ran, whose parameters have flags.
    """
    words = {parameter.name: _word(parameter) for parameter in command.params}
    message = _named(error.argument, words) + str(error)[len(error.argument) :]
    return re.sub(r"`(\w+)`", lambda match: _named(match[1], words), message)


def notes_in_flags(notes: Iterable[str], command: Any) -> list[str]:
    """Writes notes in the words of a command: names in backticks become flags."""
    words = {parameter.name: _word(parameter) for parameter in command.params}
    return [re.sub(r"`(\w+)`", lambda match: _named(match[1], words), note) for note in notes]


def _named(argument: str, words: dict[str, str]) -> str:
    """The word of the parameter of that name, or of its singular: `levels` is the repeated option `--level`."""
    for name in (argument, *_OTHER_NAMES.get(argument, ()), argument.removesuffix("s")):
        if name in words:
            return words[name]
    return argument


def _word(parameter: Any) -> str:
    """The first long flag of an option, or the name of an argument in the help."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper()).strip("[]")
    return next((flag for flag in parameter.opts if flag.startswith("--")), str(parameter.opts[0]))
