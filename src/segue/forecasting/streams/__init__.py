"""Live use: rows come bit by bit, and what is known of each series is one value."""
