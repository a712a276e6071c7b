"""From a model to texts: search, sampling, beams and alignment."""
