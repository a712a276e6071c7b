"""What a run learns from and what it is measured by, made of files of pairs and a config."""

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
from segue.translate.data.lengths import Lengths
from segue.translate.data.pairs import Pair, PairFile, read_pairs
from segue.translate.data.split import hold_out, without
from segue.translate.data.tokens import learn_vocabulary
from segue.translate.data.unknown import unknown_rates
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.config import PairsConfig, TranslationConfig


@dataclass(frozen=True, eq=False)
class Material:
    """A model of fresh weights, what it learns from, and what it is measured by."""

    model: Seq2Seq
    batches: Batches
    """Of the training pairs."""
    unknown: Float[Tensor, "vocabulary"]
    """How often each token of a source is shown as unknown."""
    pairs: int
    """How many are learnt from, joined ones among them."""
    held_out: tuple[Pair, ...]
    """The development pairs."""
    digest: str
    """SHA-256 of the vocabulary and all pairs."""
    files: tuple[PairFile, ...] = ()
    """What was read: the pairs, and the held-out ones where they have a file."""
    known: int = 0
    """Pairs that are not learnt from, as they share a text with the file of held-out ones."""


def read_material(config: TranslationConfig) -> Material:
    """What the files of a config hold, and a model of fresh weights.

    Of the pairs, those that share a text with a file of held-out ones are left out, or these would tell of memory.

    Raises:
        UserError: A file is missing or malformed, or has too few pairs.
    """
    if config.file is None:
        raise UserError("pairs", "(missing)", "name a file of pairs to learn from")
    read = _read(config.file, config.pairs)
    if config.dev_file is None:
        return replace(prepare(read.pairs, config), files=(read,))
    own = _read(config.dev_file, config.pairs)
    learnt = without(read.pairs, own.pairs)
    if not learnt:
        raise UserError("dev", config.dev_file, f"name other pairs: all in {config.file} share a text with these")
    material = prepare(learnt, config, own.pairs)
    return replace(material, files=(read, own), known=len(read.pairs) - len(learnt))


def prepare(pairs: Sequence[Pair], config: TranslationConfig, dev: Sequence[Pair] | None = None) -> Material:
    """Holds pairs out, learns the vocabulary of the others, and makes batches of them, and a model.

    Args:
        pairs: The collection.
        config: What to train.
        dev: Held-out pairs; `None` to split them off.

    Raises:
        UserError: There are too few pairs, or the package of a tokenizer is missing.
    """
    settings, seed = config.pairs, config.training.seed
    learnt, held_out = (pairs, dev) if dev is not None else hold_out(pairs, settings.dev, seed)
    vocabulary = learn_vocabulary(learnt, settings.source_tokenizer, settings.target_tokenizer, settings.vocabulary)
    digest = hashlib.sha256(vocabulary.tokenizer.to_json().encode())
    for pair in (*learnt, *held_out):
        digest.update("\t".join(pair).encode(errors="replace") + b"\n")
    learnt = with_joined(learnt, settings.joined, settings.parts, seed)
    if dev is None:
        held_out = with_joined(held_out, settings.joined, settings.parts, seed)
    examples = [(vocabulary.source(source), vocabulary.target(target)) for source, target in learnt]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Seq2Seq(config.model, vocabulary, Lengths.of(examples))
    batches = Batches(examples, settings.tokens, seed)
    unknown = unknown_rates(vocabulary, [source for source, _ in examples])
    return Material(model, batches, unknown, len(learnt), tuple(held_out), digest.hexdigest())


def _read(path: str | Path, config: PairsConfig) -> PairFile:
    return read_pairs(
        path, source=config.source, target=config.target, skip_bad=config.skip_bad, longest=config.longest
    )
