"""How good forecasts were: backtests, scores, pictures."""
