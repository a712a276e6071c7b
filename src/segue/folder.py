"""A model on disk is a folder: a config, the weights, a card, and a checksum of every file.

    config.json         the kind of the model, and the config from which its class is built
    model.safetensors   the weights
    model.onnx          for a forecaster: the graph that onnxruntime runs
    tokenizer.json      for a model of text: its tokenizer
    MODEL_CARD.md       a description for people
    SHA256SUMS          the checksums, as `sha256sum --check` reads them

This module imports no model and no torch: weights are numpy arrays. A folder is written under a temporary name and
renamed, so a folder with the right name is whole. The checksums detect later damage by a copy or a disk.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from segue.atomic import atomic_file, atomic_folder, write_file
from segue.errors import UserError

CONFIG, WEIGHTS, GRAPH = "config.json", "model.safetensors", "model.onnx"
TOKENIZER, CARD, SUMS = "tokenizer.json", "MODEL_CARD.md", "SHA256SUMS"

Arrays = Mapping[str, np.ndarray]


def save_model_folder(
    folder: str | Path,
    kind: str,
    config: Mapping[str, Any],
    arrays: Arrays,
    *,
    card: str | None = None,
    tokenizer: str | None = None,
) -> None:
    """Writes a model folder, atomically; it replaces an existing model as a whole.

    Args:
        folder: The folder to write; its parent must exist.
        kind: The kind of the model, which decides on its class, for example `"nanotst"`.
        config: JSON values (tuples become lists) from which that class builds the model.
        arrays: The weights by name. Each keeps its dtype, so weights can be stored in half precision.
        card: The text of MODEL_CARD.md; `None` for no card.
        tokenizer: The text of tokenizer.json; `None` for a model without text.

    Raises:
        UserError: The folder holds a file that is no part of a model, or its parent cannot be written.
    """
    folder = Path(folder)
    _require_model_only(folder)
    contents: dict[str, str | bytes] = {CONFIG: json.dumps({"kind": kind, "config": dict(config)}, indent=2) + "\n"}
    contents |= {name: text for name, text in ((CARD, card), (TOKENIZER, tokenizer)) if text is not None}
    with atomic_folder(folder) as temporary:
        save_arrays(temporary / WEIGHTS, arrays)
        _write_files(temporary, contents)


def add_files(folder: str | Path, files: Mapping[str, str | bytes]) -> None:
    """Adds files to a model folder, or replaces them; the folder changes as a whole.

    Args:
        folder: A model folder.
        files: The files by name, for example `{CARD: text}` or `{GRAPH: exported}`.

    Raises:
        UserError: The folder is damaged or holds a file that is no part of a model, or its parent cannot be written.
    """
    folder = Path(folder)
    _require_model_only(folder)
    names = [name for name in FILES - {SUMS, *files} if (folder / name).is_file()]
    load_config(folder)
    verify_files(folder, *(name for name in names if name != CARD))  # a damaged file must not get a new checksum
    kept = {name: (folder / name).read_bytes() for name in names}
    with atomic_folder(folder) as temporary:
        _write_files(temporary, kept | dict(files))


def load_config(folder: str | Path) -> tuple[str, dict[str, Any]]:
    """Reads the kind and the config of a model folder, without its weights.

    Returns:
        The kind, and the config as JSON values.

    Raises:
        UserError: The folder or its config is missing, broken or damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError("model", folder, f"name a folder that holds {CONFIG} and {WEIGHTS}")
    verify_files(folder, CONFIG)
    path = folder / CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        kind, config = content["kind"], content["config"]
        if not (isinstance(kind, str) and isinstance(config, dict)):
            raise TypeError("kind is no text or config no table")
    except OSError as error:
        raise UserError("model", path, f"name a folder that holds a whole model ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("model", path, f"save the model again, this is no model's config ({error})") from error
    return kind, config


def load_model_folder(folder: str | Path) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """Reads a folder that `save_model_folder` wrote.

    Returns:
        The kind, the config as JSON values, and the weights in their stored dtypes.

    Raises:
        UserError: The folder or a file is missing, broken or damaged.
    """
    kind, config = load_config(folder)
    verify_files(folder, WEIGHTS, TOKENIZER)
    return kind, config, load_arrays(Path(folder) / WEIGHTS, "model")


def verify_files(folder: str | Path, *names: str) -> None:
    """Refuses files that differ from their checksums.

    It accepts a folder without checksums, which an earlier Segue wrote, and a file without a checksum.

    Args:
        folder: A model folder.
        names: The files that the caller is going to read.

    Raises:
        UserError: A file with a checksum is missing or differs from it; the message names the file.
    """
    folder = Path(folder)
    expected = _read_sums(folder)
    for name in names:
        path = folder / name
        try:
            damaged = name in expected and _sum_of(path) != expected[name]
        except OSError as error:
            raise UserError("model", path, f"name a folder that holds a whole model ({error.strerror})") from error
        if damaged:
            raise UserError("model", path, f"copy or save the model again (its checksum in {SUMS} differs)")


def fingerprint(config: Mapping[str, Any], arrays: Arrays) -> str:
    """The SHA-256 hash of the config and of all names, dtypes, shapes and values of the weights, in hexadecimal.

    Equal fingerprints mean the same model. A saved state carries that of its model, so that another model refuses the
    state. Half precision is hashed as single precision, to which every reader converts it. So the stored files, the
    exported model and the torch module of a folder have one fingerprint.
    """
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name].astype(np.float32) if arrays[name].dtype == np.float16 else arrays[name]
        digest.update(json.dumps([name, array.dtype.name, list(array.shape)]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Writes one safetensors file, atomically; arrays that share memory are written once for each name."""
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    with atomic_file(path) as temporary:
        safetensors.save_file(contiguous, temporary)


def load_arrays(path: Path, argument: str) -> dict[str, np.ndarray]:
    """Reads one safetensors file.

    Args:
        path: The file.
        argument: The name of the argument in errors.

    Raises:
        UserError: The file is missing, truncated or unreadable.
    """
    try:
        arrays = dict(safetensors.load_file(path))
        if any(array.dtype.kind not in "biuf" for array in arrays.values()):  # bfloat16, where ml_dtypes is imported
            raise TypeError("a dtype that numpy lacks")
        return arrays
    except (OSError, SafetensorError, KeyError, TypeError) as error:  # the last two: a dtype that numpy lacks
        raise UserError(argument, path, "name a folder with whole weights (these can't be read)") from error


def _require_model_only(folder: Path) -> None:
    """Refuses a folder with a file that is no part of a model, because the folder is going to be replaced."""
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - FILES):
        raise UserError("output", folder, "name a new folder, or one that holds nothing but a model")


def _write_files(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    """Writes files into a new folder, and then the checksums of all files in it."""
    if unknown := contents.keys() - FILES:
        raise ValueError(f"no part of a model folder: {', '.join(sorted(unknown))}")
    for name, content in contents.items():
        write_file(folder / name, content)
    sums = "".join(f"{_sum_of(path)}  {path.name}\n" for path in sorted(folder.iterdir()))
    write_file(folder / SUMS, sums)


def _read_sums(folder: Path) -> dict[str, str]:
    """The checksums by name; empty where the folder has none."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, name in (line.split() for line in lines)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserError("model", folder / SUMS, "copy or save the model again (this file can't be read)") from error


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


FILES = frozenset({CONFIG, WEIGHTS, GRAPH, TOKENIZER, CARD, SUMS})
"""The names of all files that a model folder may hold."""
