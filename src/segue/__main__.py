"""`python -m segue` is `segue`."""

from segue.signals import stopped_at_once


def main() -> None:
    """Loads the commands and runs the one that the arguments name."""
    with stopped_at_once():
        from segue.cli import main as run
    run()


if __name__ == "__main__":
    main()
