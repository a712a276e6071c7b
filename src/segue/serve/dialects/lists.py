"""Lists of bodies that are refused at their first fault."""

from pydantic import FailFast


class _First(FailFast):
    """Without it, pydantic makes an error of each item: those of a million items take a gigabyte."""

    __hash__ = object.__hash__  # so that a list may be one of several types


FIRST = _First()
"""Marks a list: `Annotated[list[int], FIRST]`."""
