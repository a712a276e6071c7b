"""Live use: rows come bit by bit, and one value holds the known steps of all series."""
