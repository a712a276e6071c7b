"""Ctrl-C and SIGTERM end every command in one line, with the status that shells expect."""

import os
import signal
import subprocess
import sys

import pytest

from segue.cli import app
from segue.signals import Stops, Terminated
from segue.training.interrupt import uninterrupted

SCRIPT = """
import signal, sys
from segue.signals import stopped_at_once
with stopped_at_once():
    signal.raise_signal({number})
print("not reached")
"""


ENDING = """
import atexit, os, sys
import segue.cli
from segue.__main__ import main

def end():
    print("all that was printed")
    sys.exit({status})

atexit.register(os._exit, 77)
segue.cli.main = end
main()
"""


@pytest.mark.parametrize(("status", "ended"), [(130, 130), (143, 143)])
def test_what_python_does_at_its_end_cannot_change_the_status_of_a_signal(status, ended):
    """A module that was half imported may crash there."""
    script = ENDING.format(status=status)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (ended, "all that was printed\n")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_modules_load_ends_the_process_in_one_line(number, status):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(number=int(number))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "segue: stopped\n")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_within_a_command_is_an_exception_and_a_status(number, status, monkeypatch, capsys):
    """Also where an import makes another exception of it."""
    from segue import cli

    for error in (None, ImportError("numpy could not be imported")):

        def work(*arguments, error=error, **options):
            try:
                signal.raise_signal(number)
            except KeyboardInterrupt:
                if error is not None:
                    raise error from None
                raise

        monkeypatch.setattr(cli, "app", work)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert stop.value.code == status
        assert capsys.readouterr().err == "segue: stopped\n"
    assert app is not cli.app


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", [["forecast"], ["language", "train"]])
def test_a_signal_within_a_real_command_passes_the_handlers_of_typer(number, status, command, monkeypatch, capsys):
    """They would end it without a line, and with 130 for both signals."""
    from segue import cli

    commands = cli.app if len(command) == 1 else cli.language.app
    (verb,) = [verb for verb in commands.registered_commands if verb.name == command[-1]]
    monkeypatch.setattr(verb, "callback", lambda: signal.raise_signal(number))
    monkeypatch.setattr(sys, "argv", ["segue", *command])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == status
    assert capsys.readouterr().err == "segue: stopped\n"


def test_sigterm_within_an_update_waits_for_its_end():
    done, stops = [], Stops()

    def update():
        with stops.raised(), uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            done.append("the rest of the update")

    with pytest.raises(Terminated):
        update()
    assert done
    assert stops.status == 143
