"""Hides what a library logs and warns about its own code, of which a user of Segue can change nothing."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(library: str) -> Iterator[None]:
    """Hides all warnings within the block, and what the library logs below an error.

    Args:
        library: The name of its logger, such as "matplotlib".
    """
    logger = logging.getLogger(library)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
