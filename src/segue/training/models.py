"""Torch models and their folders: every task saves a model, and loads it ready to predict, by these functions."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from segue.errors import UserError
from segue.folder import CONFIG, TOKENIZER, load_model_folder, save_model_folder

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


def load_model(folder: str | Path, kind: str, noun: str, build: Callable[[dict[str, Any]], M]) -> M:
    """Loads the model of a folder, in single precision and evaluation mode, on the CPU.

    Args:
        folder: A folder that `save_model` wrote.
        kind: The kind that the caller can read.
        noun: That kind in the words of an error, for example `"a language model"`.
        build: A function that makes the model, with any weights, from the config as JSON values.

    Raises:
        UserError: The folder is missing, damaged or of another kind, or its weights do not fit its config.
    """
    stored, config, arrays = load_model_folder(folder)
    if stored != kind:
        raise UserError("model", folder, f"name a folder with {noun} (this one holds a {stored})")
    model = build(config)
    try:
        model.load_state_dict(tensors_of(arrays))  # this widens half precision to that of the model
    except RuntimeError as error:
        parts = f"{CONFIG} and {TOKENIZER}" if (Path(folder) / TOKENIZER).exists() else CONFIG
        raise UserError("model", folder, f"its weights do not fit its {parts}; save or copy it again") from error
    return model.eval()


def arrays_of(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Converts tensors to numpy arrays of the same dtypes, which share the memory of tensors on the CPU."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}


def tensors_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Converts arrays to tensors on the CPU, the inverse of `arrays_of`."""
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
