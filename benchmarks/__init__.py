"""Benchmarks: side by side with peers; run as modules from the root of the repository."""
