"""Hostile and foreign tables: what `segue forecast` does with tables that nobody chose for it."""
