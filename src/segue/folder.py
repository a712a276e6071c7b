"""A model on disk is a folder: a config, the weights, a card, and a checksum of every file.

    config.json         the kind of the model, and the config from which its class is built
    model.safetensors   the weights
    model.onnx          for a forecaster: the graph that onnxruntime runs
    tokenizer.json      for a model of text: its tokenizer
    MODEL_CARD.md       a description for people
    SHA256SUMS          the checksums, as `sha256sum --check` reads them

This module imports no model and no torch: weights are numpy arrays. A folder is written under a temporary name and
renamed, so a folder with the right name is whole. The checksums detect later damage by a copy or a disk.

A folder may come from a stranger. So a reader takes three steps, and allocates nothing for a model before the third:
`load_config` reads at most 64 kB, `require_shapes` compares the sizes of the config with the header of the weights, and
`load_weights` verifies and reads the weights.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from segue.atomic import atomic_file, atomic_folder, write_file
from segue.bounded import parse, read_bytes
from segue.errors import UserError
from segue.header import Header, read_header
from segue.manifest import SUMS as SUMS  # the sixth file of a folder
from segue.manifest import verify, verify_content, write_manifest

CONFIG, WEIGHTS, GRAPH = "config.json", "model.safetensors", "model.onnx"
TOKENIZER, CARD = "tokenizer.json", "MODEL_CARD.md"

Arrays = Mapping[str, np.ndarray]
Shapes = Iterable[tuple[str, tuple[int, ...]]]
"""The name and the shape of each tensor of a model, as its config says them one after another."""

_MOST_CONFIG = 2**16  # bytes: a config takes 500
_MOST_WEIGHTS = 2**30  # bytes: 250 million weights in single precision; the largest model here has 11 million


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
    verify(folder, *(name for name in names if name != CARD))  # a damaged file must not get a new checksum
    kept = {name: (folder / name).read_bytes() for name in names}
    with atomic_folder(folder) as temporary:
        _write_files(temporary, kept | dict(files))


def load_config(folder: str | Path, kind: str | None = None, noun: str = "") -> tuple[str, dict[str, Any]]:
    """Reads the kind and the config of a model folder, without its weights.

    Args:
        folder: A model folder.
        kind: The kind that the caller can read; `None` for any.
        noun: That kind in the words of an error, for example `"a language model"`.

    Returns:
        The kind, and the config as JSON values.

    Raises:
        UserError: The folder or its config is missing, broken or damaged, or of another kind.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError("model", folder, f"name a folder that holds {CONFIG} and {WEIGHTS}")
    path = folder / CONFIG
    text = read_text(path, _MOST_CONFIG)
    try:
        content = parse(text)
        stored, config = content["kind"], content["config"]
        if not (isinstance(stored, str) and isinstance(config, dict)):
            raise TypeError("kind is not text, or config is not a table")
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("model", path, f"save the model again, this is not the config of a model ({error})") from error
    if kind not in (None, stored):
        raise UserError("model", folder, f"name a folder with {noun} (this one holds a {stored})")
    return stored, config


def require_shapes(folder: str | Path, shapes: Shapes) -> Header:
    """Refuses weights whose names and shapes, by their header, are not those of the config; reads no weights.

    It asks for one shape after another and stops at the first that differs. So a config of 1e9 layers is refused after
    as many shapes as the file has tensors.

    Args:
        folder: A model folder.
        shapes: The names and shapes that the config asks for.

    Returns:
        The header.

    Raises:
        UserError: The weights are missing or too large, or do not fit the config; the message names the first tensor.
    """
    folder = Path(folder)
    header = _header(folder / WEIGHTS)
    left = dict(header.shapes)
    for name, shape in shapes:
        if (stored := left.pop(name, None)) != shape:
            verify(folder, WEIGHTS)  # damage has another remedy
            raise _misfit(folder, f"{name} is {'missing' if stored is None else stored}, not {shape}")
    if left:
        raise _misfit(folder, f"{next(iter(left))} is not part of it")
    return header


def load_weights(folder: str | Path) -> dict[str, np.ndarray]:
    """Verifies and reads the weights of a model folder, in their stored dtypes.

    Raises:
        UserError: The weights are missing, broken or damaged.
    """
    verify(folder, WEIGHTS)
    return load_arrays(Path(folder) / WEIGHTS, "model")


def load_model_folder(folder: str | Path) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """Reads a folder that `save_model_folder` wrote.

    Returns:
        The kind, the config as JSON values, and the weights in their stored dtypes.

    Raises:
        UserError: The folder or a file is missing, broken or damaged.
    """
    kind, config = load_config(folder)
    _header(Path(folder) / WEIGHTS)
    return kind, config, load_weights(folder)


def read_text(path: Path, most: int) -> bytes:
    """Reads and verifies a config or a tokenizer.

    Args:
        path: The file in a model folder.
        most: The most bytes that it may have.

    Raises:
        UserError: The file is missing, damaged or larger.
    """
    try:
        content = read_bytes(path, most)
    except OSError as error:
        raise UserError("model", path, f"name a folder that holds a whole model ({error.strerror})") from error
    except ValueError as error:
        raise UserError("model", path, f"save the model again ({error})") from error
    verify_content(path, content)
    return content


def parts_of(folder: Path) -> str:
    """The files that decide on the shapes of weights, as an error names them."""
    return f"{CONFIG} and {TOKENIZER}" if (folder / TOKENIZER).exists() else CONFIG


def fingerprint(config: Mapping[str, Any], arrays: Arrays) -> str:
    """The SHA-256 hash of the config and of all names, dtypes, shapes and values of the weights, in hexadecimal.

    Equal fingerprints mean the same model. A saved state carries that of its model, so that another model refuses the
    state. Half precision is hashed as single precision, to which every reader converts it. So the stored files, the
    exported model and the torch module of a folder have one fingerprint.
    """
    digest = sha256(json.dumps(config, sort_keys=True).encode())
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
    write_manifest(folder)


def _header(path: Path) -> Header:
    """The header of the weights of a model."""
    try:
        size = path.stat().st_size
        if size > _MOST_WEIGHTS:
            raise UserError("model", path, f"name a smaller model (these weights have {size:,} bytes)")
        return read_header(path)
    except OSError as error:
        raise UserError("model", path, f"name a folder that holds a whole model ({error.strerror})") from error
    except UserError:
        raise
    except ValueError as error:
        verify(path.parent, path.name)  # damage has another remedy
        raise UserError("model", path, f"name a folder with whole weights ({error})") from error


def _misfit(folder: Path, difference: str) -> UserError:
    return UserError(
        "model", folder, f"its weights do not fit its {parts_of(folder)}; save or copy it again ({difference})"
    )


FILES = frozenset({CONFIG, WEIGHTS, GRAPH, TOKENIZER, CARD, SUMS})
"""The names of all files that a model folder may hold."""
