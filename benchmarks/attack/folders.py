"""Model folders that were damaged, or that a stranger made, read with and without torch."""

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.attack.damage import ORDINARY, RARE, exchange
from benchmarks.attack.graphs import forge_graph
from benchmarks.attack.headers import forge_header
from benchmarks.attack.sources import make_sources, read_with_torch, read_without_torch
from benchmarks.attack.tokenizers import forge_tokenizer
from benchmarks.attack.trial import Attempt, Read, run_all
from benchmarks.attack.values import changed_value, hostile_json

_FILES = ("config.json", "model.safetensors", "model.onnx", "tokenizer.json", "SHA256SUMS")


def attack(count: int, seed: int, without_torch: bool) -> tuple[list[dict[str, object]], int]:
    """Makes so many attempts; see `benchmarks.attack.trial.run_all`."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        sources = _sources(home, without_torch)
        read = read_without_torch if without_torch else read_with_torch
        read(sources[0])  # imports what all forks need
        attempts = _attempts(sources, read, seed)
        return run_all((next(attempts) for _ in range(count)), home)


def _sources(home: Path, without_torch: bool) -> list[Path]:
    """The folders; without torch, they are made in a process of their own, and torch cannot be imported here."""
    if not without_torch:
        return make_sources(home)
    import subprocess
    import sys

    code = "import sys, pathlib, benchmarks.attack.sources as made; made.make_sources(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(home)], check=True)
    for name in ("torch", "onnxscript", "tokenizers"):
        sys.modules[name] = None  # type: ignore[assignment]
    folders = sorted(path for path in home.iterdir() if path.name != "language-bpe")  # which needs `tokenizers`
    return [*folders, home / "exported", home / "exported"]  # what most users have without torch


def _attempts(sources: list[Path], read: Read, seed: int) -> Iterator[Attempt]:
    """Attempts without end: damage, and what a stranger can forge, in turn."""
    draw = random.Random(seed)
    while True:
        source = draw.choice(sources)
        yield _damaged(source, sources, read, draw)
        yield _forged(source, read, draw)


def _damaged(source: Path, sources: list[Path], read: Read, draw: random.Random) -> Attempt:
    name = draw.choice([name for name in _FILES if (source / name).exists()])
    if draw.random() < 0.15:
        other = draw.choice([one for one in sources if one != source and (one / name).exists()] or [source])
        return Attempt(f"exchanged {name}", source, lambda folder: exchange(folder / name, other / name), read)
    damage, own = draw.choice(RARE if draw.random() < 0.25 else ORDINARY), random.Random(draw.random())
    return Attempt(f"{damage.__name__} {name}", source, lambda folder: damage(folder / name, own), read)


def _forged(source: Path, read: Read, draw: random.Random) -> Attempt:
    """A stranger's folder: what is changed has a new checksum."""
    from segue.manifest import write_manifest

    kinds = ["sizes", "json", "header"]
    kinds += ["tokenizer", "tokenizer"] if (source / "tokenizer.json").exists() else []
    kinds += ["graph", "graph", "graph"] if (source / "model.onnx").exists() else []
    kind, own = draw.choice(kinds), random.Random(draw.random())

    def tamper(folder: Path) -> None:
        config = folder / "config.json"
        match kind:
            case "sizes":
                stored = json.loads(config.read_text())
                changed_value(stored["config"] if own.random() < 0.9 else stored, own)
                config.write_text(json.dumps(stored))
            case "json":
                config.write_bytes(hostile_json(config.read_text(), own))
            case "header":
                forge_header(folder / "model.safetensors", own)
            case "tokenizer":
                forge_tokenizer(folder / "tokenizer.json", own)
            case _:
                forge_graph(folder / "model.onnx", own)
        write_manifest(folder)

    return Attempt(f"forged {kind}", source, tamper, read, forged=True)
