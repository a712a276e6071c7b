"""Live series: values come one by one, and each gets its expected value, a band and a calibrated p-value."""
