"""Word dropout: training replaces some source tokens by UNKNOWN, so that the model learns to read past one."""

from collections import Counter
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from segue.translate.data.vocabulary import UNKNOWN, Vocabulary

LEAST = 0.001
"""The rate of the most frequent tokens; without it a model of few characters would hardly meet UNKNOWN."""


def unknown_rates(vocabulary: Vocabulary, sources: Sequence[Sequence[int]]) -> Float[Tensor, "vocabulary"]:
    """The rate at which each token becomes UNKNOWN (Kiperwasser and Goldberg 2016).

    It is 1 / (1 + the token's occurrences), at least `LEAST`. It is zero where the source tokenizer knows all text:
    bytes and byte pairs.

    Args:
        vocabulary: The model's.
        sources: The tokens of all training sources.
    """
    counts = Counter(token for source in sources for token in source)
    occurrences = torch.tensor([counts[token] for token in range(vocabulary.size)])
    rates = (1 / (1 + occurrences)).clamp(min=LEAST) * vocabulary.reads_unknown
    rates[: UNKNOWN + 1] = 0.0
    return rates


def with_unknown(source: Int[Tensor, "lanes from"], rates: Float[Tensor, "vocabulary"]) -> Int[Tensor, "lanes from"]:
    """The sources with randomly drawn tokens replaced by UNKNOWN; the draws are of torch's global generator."""
    return source.masked_fill(torch.rand(source.shape, device=source.device) < rates[source], UNKNOWN)
