"""What people ask of a forecast beyond quantiles: bands that hold, and reasons."""
