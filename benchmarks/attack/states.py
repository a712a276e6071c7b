"""States on disk that were damaged, or forged with a new seal, loaded by a stream and by online learning."""

import hashlib
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.attack.damage import ORDINARY, RARE, flip, flip_early
from benchmarks.attack.headers import forge_header
from benchmarks.attack.trial import Attempt, run_all
from benchmarks.attack.values import NUMBERS, changed_value

_FREE = (flip, flip, flip_early, *ORDINARY)


def attack(count: int, seed: int) -> tuple[list[dict[str, object]], int]:
    """Makes so many attempts; see `benchmarks.attack.trial.run_all`."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        sources = [*_streams(home), *_learners(home)]
        attempts = _attempts(sources, seed)
        return run_all((next(attempts) for _ in range(count)), home)


def _streams(home: Path) -> list[tuple[Path, Callable[[Path], str]]]:
    """Memories of streams: from a frame with names and times, and from arrays."""
    import pandas as pd

    from segue import Stream

    stream = Stream("seasonal-naive:7")
    days = pd.date_range("2024-01-01", periods=40)
    rows = [pd.DataFrame({"unique_id": name, "ds": days, "y": np.arange(40.0) % 7}) for name in ("a", "b", "c")]
    named, _ = stream.update(stream.start(), pd.concat(rows))
    plain = stream.update_arrays(stream.start(), np.arange(80.0).reshape(2, 40))
    stream.save(named, home / "named")
    stream.save(plain, home / "plain")

    def read_named(path: Path) -> str:
        return stream.forecast(stream.load(path), 3).to_csv()

    def read_plain(path: Path) -> str:
        memory = stream.load(path)
        if memory.form is not None:
            return "named " + read_named(path)
        return hashlib.sha256(stream.forecast_arrays(memory, 3).quantiles.tobytes()).hexdigest()

    return [(home / "named", read_named), (home / "plain", read_plain)]


def _learners(home: Path) -> list[tuple[Path, Callable[[Path], str]]]:
    """States of online learning of a language model."""
    import torch

    from segue.language.corpus import Corpus
    from segue.language.model import LanguageModel
    from segue.language.online import evaluate_online, require_state
    from segue.language.sizes import LanguageModelConfig
    from segue.state import State
    from segue.text.bytes import ByteTokenizer
    from segue.training.online import OnlineConfig

    torch.manual_seed(0)
    config, found = OnlineConfig(segment=4), []
    for backbone in ("lstm", "transformer"):
        sizes = LanguageModelConfig(backbone=backbone, width=8, layers=1, heads=2, window=8)
        model = LanguageModel(sizes, ByteTokenizer())
        corpus = Corpus.of("It was the best of times.", model.tokenizer)
        path, facts = home / backbone, {"model": model.fingerprint}
        evaluate_online(model, corpus, config)[1].save(path, facts)

        def read(path: Path, model: Any = model, corpus: Any = corpus, facts: Any = facts) -> str:
            state = State.load(path, facts, framework="torch")[0]
            require_state(model, config, state, path)
            evaluation, after = evaluate_online(model, corpus, config, state)
            digest = hashlib.sha256(repr(evaluation).encode())
            for name, array in after.items():
                digest.update(name.encode() + array.detach().numpy().tobytes())
            return digest.hexdigest()

        found.append((path, read))
    return found


def _attempts(sources: list[tuple[Path, Callable[[Path], str]]], seed: int) -> Iterator[Attempt]:
    """Attempts without end: damage, and what a stranger can forge, in turn."""
    draw = random.Random(seed)
    while True:
        source, read = draw.choice(sources)
        damage, own = draw.choice(RARE if draw.random() < 0.15 else _FREE), random.Random(draw.random())
        yield Attempt(f"{damage.__name__} state", source, lambda path, damage=damage, own=own: damage(path, own), read)
        source, read = draw.choice(sources)
        forge, own = draw.choice((_forge_facts, _forge_arrays, forge_header)), random.Random(draw.random())
        name = f"forged {forge.__name__.removeprefix('_forge_').removeprefix('forge_')}"
        yield Attempt(name, source, lambda path, forge=forge, own=own: forge(path, own), read, forged=True)


def _forge_facts(path: Path, draw: random.Random) -> None:
    """Another fact, or one less, under a new seal."""
    from segue.state import State

    state, facts = State.load(path, {})
    changed_value(facts, draw)
    state.save(path, facts)


def _forge_arrays(path: Path, draw: random.Random) -> None:
    """Other arrays, types, shapes or values, under a new seal."""
    from segue.state import State

    state, facts = State.load(path, {})
    arrays = {name: np.array(array) for name, array in state.items()}
    name = draw.choice(sorted(arrays))
    array = arrays[name]
    match draw.randrange(7):
        case 0:
            del arrays[name]
        case 1:
            arrays[draw.choice(["", "x", "layer9.key", "values2"])] = array
        case 2:
            arrays[name] = array.astype(draw.choice(["float32", "int8", "float64", "bool", "int64", "uint16"]))
        case 3:
            arrays[name] = array[..., None] if draw.random() < 0.5 or array.ndim < 2 else array[:, :-1]
        case 4:
            values = (np.nan, np.inf, -1, 1e300, 10**9, 255) if array.dtype.kind == "f" else (-1, 10**9, 2**62, 1)
            with np.errstate(over="ignore"):  # 1e300 is infinite in single precision
                arrays[name] = np.full_like(array, draw.choice([v for v in values if _fits(v, array)]))
        case 5:
            lanes = draw.choice([0, 1, 9])
            arrays = {one: np.repeat(a[:1], lanes, 0) for one, a in arrays.items()}
        case _:
            arrays = {one: np.zeros((10**9, 0)) for one in arrays}
    if arrays:
        State(arrays).save(path, facts if draw.random() < 0.8 else {**facts, "x": draw.choice(NUMBERS[:8])})


def _fits(value: float, array: np.ndarray) -> bool:
    if array.dtype.kind == "b":
        return value == 1
    return array.dtype.kind == "f" or abs(value) <= np.iinfo(array.dtype).max
