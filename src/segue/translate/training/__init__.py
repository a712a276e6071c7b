"""Training on pairs: settings, material, a run that resumes exactly, and its card."""
