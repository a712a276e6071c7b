"""From a model to texts: search, beams, alignment."""
