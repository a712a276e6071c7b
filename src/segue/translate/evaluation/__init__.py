"""Scores of translations, over all and by length, held-out loss, and pictures."""
