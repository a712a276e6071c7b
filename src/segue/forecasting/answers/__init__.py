"""What people ask of a forecast beyond its quantiles, for any predictor."""
