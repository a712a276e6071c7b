"""The patch grid: lanes are cut into patches that end with the last value."""

import torch.nn.functional as F
from jaxtyping import Bool, Float, Shaped
from torch import Tensor


def to_patches(
    values: Float[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], patch: int
) -> tuple[Float[Tensor, "lanes tokens {patch}"], Bool[Tensor, "lanes tokens {patch}"]]:
    """Cuts lanes into patches that end with the last value; unobserved zeros fill up the first patch.

    So the last patch is always whole. The newest values never wait in an unfinished patch, and the forecast begins with
    a new patch (docs/notebook/forecasting.md has the measurement).
    """
    missing = -values.shape[1] % patch
    return (
        F.pad(values, (missing, 0)).unflatten(1, (-1, patch)),
        F.pad(observed, (missing, 0)).unflatten(1, (-1, patch)),
    )


def append_unknown(patches: Shaped[Tensor, "lanes tokens patch"], count: int) -> Shaped[Tensor, "lanes more patch"]:
    """Appends `count` patches of zeros (or False), for the future, which is not observed."""
    return F.pad(patches, (0, 0, 0, count))


def beginnings(observed: Bool[Tensor, "lanes tokens patch"]) -> Bool[Tensor, "lanes tokens"]:
    """Marks each lane's first patch with an observed value, where a reset of the backbone removes the padding."""
    seen = observed.any(-1)
    return seen & (seen.int().cumsum(1) == 1)


def patches_ahead(horizon: int, patch: int) -> int:
    """The number of unknown patches that a pass needs; the last patch of the context predicts the first one ahead."""
    return -(-horizon // patch) - 1
