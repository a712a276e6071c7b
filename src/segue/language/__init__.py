"""Language models: text in, the probability of what follows out."""
