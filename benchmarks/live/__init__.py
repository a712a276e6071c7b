"""Live series: the Numenta Anomaly Benchmark, false alarms within a budget, learning on the way."""
