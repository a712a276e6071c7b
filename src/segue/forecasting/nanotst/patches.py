"""The patch grid: values to patches, aligned at the last value."""

import torch.nn.functional as F
from jaxtyping import Bool, Float, Shaped
from torch import Tensor


def to_patches(
    values: Float[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], patch: int
) -> tuple[Float[Tensor, "lanes tokens {patch}"], Bool[Tensor, "lanes tokens {patch}"]]:
    """Cuts lanes into patches that end with the last value; the first patch is filled up with unobserved zeros.

    The last patch is then always whole, so the newest values are never in a patch that waits for more, and the
    forecast begins with a patch of its own (docs/lab-notebook.md has the measurement).
    """
    missing = -values.shape[1] % patch
    return (
        F.pad(values, (missing, 0)).unflatten(1, (-1, patch)),
        F.pad(observed, (missing, 0)).unflatten(1, (-1, patch)),
    )


def append_unknown(patches: Shaped[Tensor, "lanes tokens patch"], count: int) -> Shaped[Tensor, "lanes more patch"]:
    """Adds `count` patches of zeros (or False) behind the last: the future, not observed."""
    return F.pad(patches, (0, 0, 0, count))


def beginnings(observed: Bool[Tensor, "lanes tokens patch"]) -> Bool[Tensor, "lanes tokens"]:
    """True at each lane's first patch with an observed value: there the backbone is reset, and padding is forgotten."""
    seen = observed.any(-1)
    return seen & (seen.int().cumsum(1) == 1)


def patches_ahead(horizon: int, patch: int) -> int:
    """How many unknown patches a pass needs behind the context: the last patch of the context predicts one already."""
    return -(-horizon // patch) - 1
