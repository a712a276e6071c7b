"""Sequence models under one call: `h, state = backbone(x, state, reset)`."""
