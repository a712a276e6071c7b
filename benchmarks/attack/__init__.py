"""Attacks on what Segue reads: each attempt is refused in one line, or gives exactly the result of what is whole."""
