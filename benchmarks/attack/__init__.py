"""Attacks: damage, forgery, kills and load; each counts what was neither exact nor refused in one line."""
