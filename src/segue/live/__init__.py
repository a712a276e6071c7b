"""Live series."""
