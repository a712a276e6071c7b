"""Attacks: damage, kills and load; each counts what was neither exact nor refused."""
