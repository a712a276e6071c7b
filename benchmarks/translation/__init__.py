"""How good translations are, and what attention is worth."""
