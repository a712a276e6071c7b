"""The page at `/`: a table in, and its forecast, a verdict on it and a reason for it out; and a watched stream."""
