"""Columns and their roles: series, times and targets, also where the index of a frame holds them."""
