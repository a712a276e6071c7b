"""What memory, clocks and surprise are worth in text."""
