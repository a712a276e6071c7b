"""The material of a run: model, training batches and held-out pairs, made from files of pairs and a config."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from segue.errors import UserError
from segue.translate.data.batches import Batches
from segue.translate.data.join import with_joined
from segue.translate.data.pairs import Pair, PairFile, read_pairs
from segue.translate.data.split import hold_out, without
from segue.translate.data.vocabulary import learn_vocabulary
from segue.translate.model.lengths import Lengths
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.config import PairsConfig, TranslationConfig
from segue.translate.training.unknown import unknown_rates


@dataclass(frozen=True, eq=False)
class Material:
    """A model of fresh weights, its training batches and its held-out pairs."""

    model: Seq2Seq
    batches: Batches
    """The batches of the training pairs."""
    unknown: Float[Tensor, "vocabulary"]
    """The rate at which training replaces each source token by UNKNOWN."""
    pairs: int
    """The number of training pairs, joined ones included."""
    held_out: tuple[Pair, ...]
    """The development pairs."""
    digest: str
    """SHA-256 of the vocabulary and all pairs."""
    files: tuple[PairFile, ...] = ()
    """The files of the pairs, and of the held-out pairs if they have one."""
    known: int = 0
    """How many pairs were left out because they share a text with the file of held-out pairs."""


def read_material(config: TranslationConfig) -> Material:
    """Reads the files of a config, and makes a model of fresh weights.

    Pairs that share a text with a file of held-out pairs are left out, because a test on known texts would measure
    memory.

    Raises:
        UserError: A file is missing or malformed, or has too few pairs.
    """
    if config.file is None:
        raise UserError("pairs", "(missing)", "name a file of pairs to learn from")
    read = _read(config.file, config.pairs)
    if config.dev_file is None:
        return replace(prepare(read.pairs, config), files=(read,))
    own = _read(config.dev_file, config.pairs)
    trained = without(read.pairs, own.pairs)
    if not trained:
        raise UserError("dev", config.dev_file, f"name other pairs: all in {config.file} share a text with these")
    material = prepare(trained, config, own.pairs)
    return replace(material, files=(read, own), known=len(read.pairs) - len(trained))


def prepare(pairs: Sequence[Pair], config: TranslationConfig, dev: Sequence[Pair] | None = None) -> Material:
    """Holds pairs out, learns the vocabulary of the others, and makes their batches and a model.

    Args:
        pairs: The collection.
        config: The settings of the run.
        dev: Held-out pairs; `None` to split them off.

    Raises:
        UserError: There are too few pairs, or the package of a tokenizer is missing.
    """
    settings, seed = config.pairs, config.training.seed
    trained, held_out = (pairs, dev) if dev is not None else hold_out(pairs, settings.dev, seed)
    vocabulary = learn_vocabulary(trained, settings.source_tokenizer, settings.target_tokenizer, settings.vocabulary)
    digest = hashlib.sha256(vocabulary.tokenizer.to_json().encode())
    for pair in (*trained, *held_out):
        digest.update("\t".join(pair).encode(errors="replace") + b"\n")
    trained = with_joined(trained, settings.joined, settings.parts, seed)
    if dev is None:
        held_out = with_joined(held_out, settings.joined, settings.parts, seed)
    examples = [(vocabulary.source(source), vocabulary.target(target)) for source, target in trained]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Seq2Seq(config.model, vocabulary, Lengths.of(examples))
    batches = Batches(examples, settings.tokens, seed)
    unknown = unknown_rates(vocabulary, [source for source, _ in examples])
    return Material(model, batches, unknown, len(trained), tuple(held_out), digest.hexdigest())


def _read(path: str | Path, config: PairsConfig) -> PairFile:
    return read_pairs(
        path, source=config.source, target=config.target, skip_bad=config.skip_bad, longest=config.longest
    )
