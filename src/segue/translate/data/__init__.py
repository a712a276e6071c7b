"""Pairs of texts, split without a leak, as batches of tokens."""
