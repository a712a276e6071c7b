"""The synthetic series: a generative grammar of terminals and productions.

Every terminal, production and event is a function of a generator over a whole batch of series at once; the same seed
on the same device gives the same series, and nothing else does. From the bottom up:

- `draws`: random numbers. `filters`: recursions without a loop over time. `combinators`: choose, sometimes, scale.
- Terminals: `trends`, `seasons`, `noises`. Processes: `smoothing`, `processes`, `calendars`. `events` befall them.
- `productions` combine these; `sampling` mixes the productions by weight; `evaluation` holds the four test sentences.

To add a production: write the function, name it in `PRODUCTIONS`, give it a weight in `DEFAULT_WEIGHTS`.
"""

from segue.forecasting.pretraining.grammar.evaluation import sentences
from segue.forecasting.pretraining.grammar.productions import PRODUCTIONS
from segue.forecasting.pretraining.grammar.sampling import DEFAULT_WEIGHTS, Grammar

__all__ = ["DEFAULT_WEIGHTS", "PRODUCTIONS", "Grammar", "sentences"]
