"""One sequence into another: encoder-decoder models and translation."""
