"""A run that learns from pairs, and resumes exactly."""
