"""Long examples for a collection without any: several pairs joined to one."""

from collections.abc import Sequence

import numpy as np

from segue.errors import UserError
from segue.translate.data.pairs import Pair


def join_pairs(pairs: Sequence[Pair], count: int, parts: int | tuple[int, int], seed: int = 0) -> list[Pair]:
    """Joins random pairs with a space between them, sources and targets in the same order.

    Args:
        pairs: The pairs to draw from.
        count: How many joined pairs to make.
        parts: How many different pairs make one; or the least and the most, drawn uniformly for each.
        seed: Decides the draws.

    Raises:
        UserError: There are fewer pairs than parts, or no parts.
    """
    least, most = (parts, parts) if isinstance(parts, int) else parts
    if not 1 <= least <= most <= len(pairs):
        raise UserError("parts", parts, f"give whole numbers from 1 to {len(pairs):,}, the least first")
    random = np.random.default_rng([seed, 0x701])
    joined = []
    for size in random.integers(least, most, size=count, endpoint=True):
        picked = [pairs[index] for index in random.choice(len(pairs), size=int(size), replace=False, shuffle=False)]
        joined.append(Pair(*(" ".join(side) for side in zip(*picked, strict=True))))
    return joined


def with_joined(pairs: Sequence[Pair], share: float, most: int, seed: int = 0) -> list[Pair]:
    """The pairs, followed by joined ones of two to `most` parts, which make up `share` of the result."""
    count, most = round(len(pairs) * share / (1 - share)), min(most, len(pairs))
    return [*pairs, *(join_pairs(pairs, count, (2, most), seed) if count and most > 1 else ())]
