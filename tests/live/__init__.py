"""Tests of the room of live series."""
