"""Attacks on what Segue reads: each attempt must be refused in one line, or give exactly the result of what is whole."""
