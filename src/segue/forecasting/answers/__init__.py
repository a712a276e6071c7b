"""What people ask of a forecast beyond quantiles: totals, paths, bands that hold, and reasons."""
