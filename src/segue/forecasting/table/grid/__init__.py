"""The grid of a table: the step between rows, several rows on one step, seasons, and the panel of series."""
