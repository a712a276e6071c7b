"""The synthetic series: a generative grammar of terminals and productions.

Every terminal, production and event makes a whole batch of series at once, as a function of a generator. A seed fixes
the series on one device; no global state enters. From the bottom up:

- `draws`: random numbers. `filters`: recursions without a loop over time. `combinators`: choices and scaling.
- Terminals: `trends`, `seasons`, `noises`. Processes: `smoothing`, `processes`, `calendars`. `events` change series.
- `productions` combine these; `sampling` mixes the productions by weight; `sentences` are the four test series.

A production returns series, or series with the periods of their seasons (`Drawn`), which `Grammar.sample` passes on.
To add a production: write the function, name it in `PRODUCTIONS`, give it a weight in one of the `GROUPS`.
"""

from segue.forecasting.pretraining.grammar.productions import PRODUCTIONS
from segue.forecasting.pretraining.grammar.sampling import DEFAULT_WEIGHTS, Grammar
from segue.forecasting.pretraining.grammar.sentences import simple_sentences

__all__ = ["DEFAULT_WEIGHTS", "PRODUCTIONS", "Grammar", "simple_sentences"]
