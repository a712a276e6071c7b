"""Errors of the library speak of flags: each command names its own, and what it does not know stays as it is."""

import pytest
from typer.main import get_command

from segue.cli import app
from segue.cli.shared.flags import in_flags
from segue.errors import UserError

WORDS = {
    "forecast": {
        "frame": "FILE", "file": "FILE", "id_col": "--id", "time_col": "--time", "target_col": "--target",
        "freq": "--freq", "time_format": "--time-format", "levels": "--level", "quantiles": "--quantile",
        "path": "--output", "season": "--season", "windows": "windows",
    },
    "backtest": {"windows": "--windows", "models": "--against", "model": "--model"},
    "pretrain": {"config": "CONFIG", "resume": "--resume", "minutes": "--minutes", "levels": "levels"},
    "language train": {"text": "TEXT", "config": "--config"},
    "language evaluate": {"folder": "DIR", "learning_rate": "--rate", "state_in": "--state-in", "path": "--state-out"},
    "language generate": {"top_k": "--top-k"},
    "translate align": {"target": "TARGET", "text": "TEXT"},
    "translate run": {"no_repeat_ngram": "--no-repeat", "max_extra": "--max-tokens", "file": "--file"},
    "translate split": {"test": "--test", "skip_bad": "--skip-bad", "target": "--target"},
}  # fmt: skip


@pytest.mark.parametrize(("verb", "words"), WORDS.items(), ids=WORDS)
def test_an_argument_is_named_as_the_command_names_it(verb, words):
    """Both what is blamed and what the remedy names; catches a flag of another command, and a name left bare."""
    command = get_command(app)
    for word in verb.split():
        command = command.commands[word]
    for argument, flag in words.items():
        error = UserError(argument, 0, f"give `{argument}`, or leave it out")
        assert in_flags(error, command) == f"{flag} 0: give {flag}, or leave it out"
