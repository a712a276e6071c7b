"""A model on disk is a folder: `config.json`, `model.safetensors`, `MODEL_CARD.md`, and `tokenizer.json` for text.

Nothing here knows any model: a kind and a config tell the reader which class to build, the tensors fill it. Folders
are written under a temporary name and renamed, so a folder with the right name is a whole one.
"""

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from segue.atomic import atomic_file, sync
from segue.errors import UserError

CONFIG, WEIGHTS, CARD, TOKENIZER = "config.json", "model.safetensors", "MODEL_CARD.md", "tokenizer.json"


def save_model_folder(
    folder: str | Path,
    kind: str,
    config: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    card: str | None = None,
    tokenizer: str | None = None,
) -> None:
    """Writes a model folder, atomically; one that is already there is replaced as a whole.

    Args:
        folder: The folder to write; its parent must exist.
        kind: Which class reads it, for example `"nanotst"`.
        config: JSON values (tuples become lists) from which that class is built.
        tensors: The weights; each keeps its dtype, so weights can be stored in half precision.
        card: The text of MODEL_CARD.md, or `None` for no card.
        tokenizer: The text of tokenizer.json, or `None` where there is no text.

    Raises:
        UserError: The folder holds anything that is no part of a model, or its parent can't be written.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - _NAMES):
        raise UserError("output", folder, "name a new folder, or one that holds nothing but a model")
    texts = {
        CONFIG: json.dumps({"kind": kind, "config": dict(config)}, indent=2) + "\n",
        CARD: card,
        TOKENIZER: tokenizer,
    }
    with atomic_folder(folder) as temporary:
        save_tensors(temporary / WEIGHTS, tensors)
        for name, text in texts.items():
            if text is not None:
                save_text(temporary / name, text)


def load_model_folder(folder: str | Path) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    """Reads what `save_model_folder` wrote.

    Returns:
        The kind, the config as JSON values, and the tensors on the CPU, in the dtype they were stored in.

    Raises:
        UserError: The folder or a file is missing, the config is broken, or the weights are truncated or unreadable.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError("model", folder, f"name a folder that holds {CONFIG} and {WEIGHTS}")
    path = folder / CONFIG
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        kind, config = found["kind"], found["config"]
        if not (isinstance(kind, str) and isinstance(config, dict)):
            raise TypeError("kind is no text or config no table")
    except OSError as error:
        raise UserError("model", path, f"name a folder that holds a whole model ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("model", path, f"save the model again, this is no model's config ({error})") from error
    return kind, config, load_tensors(folder / WEIGHTS, "model")


def fingerprint(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the config and of all names, dtypes, shapes and bytes of the weights, in hexadecimal.

    Equal fingerprints mean the same model. A state carries its model's, so that another model refuses it.
    """
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yields a new temporary folder beside `path`; on a clean exit it is renamed to `path`.

    The body writes its files with `atomic_file`, which syncs them. A folder that is already at `path` is first moved
    aside (no system renames one folder over another): a crash between two renames leaves the old one, whole, under
    a name that starts with a dot.

    Raises:
        UserError: The parent folder does not exist or can't be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    aside = temporary.with_name(f"{temporary.name}-old")
    try:
        temporary.mkdir()
    except OSError as error:
        raise UserError("path", path, f"name a place that exists and can be written ({error.strerror})") from error
    try:
        yield temporary
        if path.exists():
            path.rename(aside)
        temporary.rename(path)
        sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(aside, ignore_errors=True)


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes one safetensors file, atomically; tied weights are written once per name."""
    apart = {name: t.detach().cpu().clone(memory_format=torch.contiguous_format) for name, t in tensors.items()}
    with atomic_file(path) as temporary:
        save_file(apart, temporary)


def load_tensors(path: Path, argument: str) -> dict[str, Tensor]:
    """Reads one safetensors file onto the CPU.

    Raises:
        UserError: The file is missing, truncated or unreadable; `argument` is what the user knows it by.
    """
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise UserError(argument, path, "name a folder with whole weights (these can't be read)") from error


def save_text(path: Path, text: str) -> None:
    """Writes one text file, atomically, in UTF-8."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


_NAMES = {CONFIG, WEIGHTS, CARD, TOKENIZER}
