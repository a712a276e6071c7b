"""The encoder-decoder models."""
