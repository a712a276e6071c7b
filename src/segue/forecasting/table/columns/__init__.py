"""Columns and their roles: series, times and targets, in the columns of a frame or in its index."""
