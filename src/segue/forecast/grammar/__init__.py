"""The synthetic series: a generative grammar of terminals and productions."""

from segue.forecast.grammar.evaluation import sentences
from segue.forecast.grammar.productions import PRODUCTIONS
from segue.forecast.grammar.sampling import DEFAULT_WEIGHTS, Grammar

__all__ = ["DEFAULT_WEIGHTS", "PRODUCTIONS", "Grammar", "sentences"]
