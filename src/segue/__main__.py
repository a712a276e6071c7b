"""`python -m segue` is `segue`."""

import os
import sys

from segue.signals import stopped_at_once


def main() -> None:
    """Loads the commands and runs the one that the arguments name."""
    with stopped_at_once():
        from segue.cli import main as run
    try:
        run()
    except SystemExit as end:
        if end.code in (130, 143):
            _end_now(int(end.code))
        raise


def _end_now(status: int) -> None:
    """Ends the process after a signal without Python's own end, which may crash where an import was broken off."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # nobody reads it any more
            continue
    os._exit(status)


if __name__ == "__main__":
    main()
