"""Backtests, scores and their pictures, which show how good forecasts were."""
