"""Live series: surprise, alerts within a budget, a store, and learning on the way."""
