"""Training shows some tokens of the source as unknown, so that a model has met UNKNOWN before it must read past one."""

from collections import Counter
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from segue.translate.data.vocabulary import UNKNOWN, Vocabulary

LEAST = 0.001
"""The share that is shown so even of the most frequent token; or a model of few characters would hardly meet one."""


def unknown_rates(vocabulary: Vocabulary, sources: Sequence[Sequence[int]]) -> Float[Tensor, "vocabulary"]:
    """How often each token is shown as unknown: 1 / (1 + its occurrences), and `LEAST` (Kiperwasser and Goldberg 2016).

    Never, where nothing is unknown to what reads the source: bytes and byte pairs.

    Args:
        vocabulary: The model's.
        sources: The tokens of all sources that are learnt from.
    """
    counts = Counter(token for source in sources for token in source)
    seen = torch.tensor([counts[token] for token in range(vocabulary.size)])
    rates = (1 / (1 + seen)).clamp(min=LEAST) * vocabulary.reads_unknown
    rates[: UNKNOWN + 1] = 0.0
    return rates


def with_unknown(source: Int[Tensor, "lanes from"], rates: Float[Tensor, "vocabulary"]) -> Int[Tensor, "lanes from"]:
    """The sources with tokens drawn, by torch's generator, to become unknown."""
    return source.masked_fill(torch.rand(source.shape, device=source.device) < rates[source], UNKNOWN)
