"""The words of the command line for what the library calls its arguments."""

import re
from typing import Any

from segue.errors import UserError

_OTHER_NAMES = {"frame": ("file",), "models": ("against",), "path": ("output", "state_out")}
"""Arguments of the library that commands take as parameters of other names."""


def in_flags(error: UserError, command: Any) -> str:
    """The message of an error in the words of a command: its argument, and names in backticks, as flags.

    Args:
        error: A user's mistake, in the words of the library.
        command: The command that ran, as typer holds it: its parameters know their flags.
    """
    words = {parameter.name: _word(parameter) for parameter in command.params}
    message = _named(error.argument, words) + str(error)[len(error.argument) :]
    return re.sub(r"`(\w+)`", lambda match: _named(match[1], words), message)


def _named(argument: str, words: dict[str, str]) -> str:
    """The word of the parameter of that name, or of the singular: `levels` is an option given again and again."""
    for name in (argument, *_OTHER_NAMES.get(argument, ()), argument.removesuffix("s")):
        if name in words:
            return words[name]
    return argument


def _word(parameter: Any) -> str:
    """The first long flag of an option; of an argument the name that its help shows."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper()).strip("[]")
    return next((flag for flag in parameter.opts if flag.startswith("--")), str(parameter.opts[0]))
