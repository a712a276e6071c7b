"""The patch grid: values to patches, aligned at the last value."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor


def end_with_observed(
    values: Float[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"]
) -> tuple[Float[Tensor, "lanes time"], Bool[Tensor, "lanes time"], Int[Tensor, "lanes"]]:
    """Moves each lane to the right until its last observed value is its last, and says by how many steps.

    The steps since then are a part of the future, and are forecast with it: so no patch is left half observed at its
    end, which is never seen in training.
    """
    time = values.shape[1]
    gap = torch.where(observed.any(1), observed.flip(1).byte().argmax(1), 0)
    place = torch.arange(time, device=values.device) - gap[:, None]
    return values.gather(1, place.clamp(min=0)), observed.gather(1, place.clamp(min=0)) & (place >= 0), gap


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
    return seen & (seen.cumsum(1) == 1)
