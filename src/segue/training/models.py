"""Torch models and their folders: every task saves a model, and loads it ready to predict, by these functions."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from segue.errors import UserError
from segue.folder import load_weights, parts_of, save_model_folder

C = TypeVar("C")
M = TypeVar("M", bound=nn.Module)


def save_model(
    folder: str | Path,
    kind: str,
    config: Mapping[str, Any],
    model: nn.Module,
    *,
    half: bool = False,
    card: str | None = None,
    tokenizer: str | None = None,
) -> None:
    """Writes the folder of a model; see `segue.folder.save_model_folder`.

    Args:
        folder: A new folder, or one that holds a model, which is replaced.
        kind: The kind of the model, which decides on its class.
        config: JSON values from which that class builds the model.
        model: The model.
        half: Whether to store floating weights in half precision.
        card: The text of MODEL_CARD.md.
        tokenizer: The text of tokenizer.json.
    """
    arrays = arrays_of(model.state_dict())
    if half:
        arrays = {name: a.astype(np.float16) if a.dtype.kind == "f" else a for name, a in arrays.items()}
    save_model_folder(folder, kind, config, arrays, card=card, tokenizer=tokenizer)


def load_model(folder: str | Path, read: Callable[[str | Path], C], build: Callable[[C], M]) -> M:
    """Loads the model of a folder, in single precision and evaluation mode, on the CPU.

    Args:
        folder: A folder that `save_model` wrote.
        read: A function that reads the config, and checks that the header of the weights fits it; see
            `segue.folder.require_shapes`. It runs first, so a config of a stranger cannot ask for more memory than the
            weights on disk take.
        build: A function that makes the model from that, with any weights.

    Raises:
        UserError: The folder is missing, damaged or of another kind, or its weights do not fit its config.
    """
    stored = read(folder)
    arrays = load_weights(folder)
    model = build(stored)
    try:
        model.load_state_dict(tensors_of(arrays))  # this widens half precision to that of the model
    except (RuntimeError, TypeError) as error:  # the second: a type that torch lacks
        raise UserError("model", folder, f"its weights do not fit its {parts_of(Path(folder))}") from error
    return model.eval()


def arrays_of(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Converts tensors to numpy arrays of the same dtypes, which share the memory of tensors on the CPU."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}


def tensors_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Converts arrays to tensors on the CPU, the inverse of `arrays_of`."""
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
