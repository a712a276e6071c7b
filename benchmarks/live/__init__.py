"""Benchmarks of live series."""
