"""Training a translation model on a file of pairs, some of which are held out without a leak."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from segue.device import Device, decide_device
from segue.errors import UserError
from segue.training.loop import Loss, Progress, train
from segue.training.probe import seconds_per_step, steps_for_minutes
from segue.training.runs import read_run, require_unused
from segue.training.validation import Validation
from segue.translate.batches import Batch, Batches
from segue.translate.config import PairsConfig, TranslationConfig
from segue.translate.held_out import held_out_measure, loss_of
from segue.translate.join import with_joined
from segue.translate.model import Seq2Seq
from segue.translate.pairs import Pair, PairFile, read_pairs
from segue.translate.split import hold_out
from segue.translate.tokens import learn_vocabulary

_PROBED = 16  # steps: batches differ in their lengths


@dataclass(frozen=True, eq=False)
class Material:
    """A model of fresh weights, what it learns from, and what it is measured by."""

    model: Seq2Seq
    batches: Batches
    """Of the training pairs."""
    pairs: int
    """How many these are, joined ones among them."""
    held_out: tuple[Pair, ...]
    """The development pairs."""
    digest: str
    """SHA-256 of the vocabulary and all pairs."""
    skipped: int = 0
    """Malformed rows of the files that were left out."""


def train_translation(
    pairs: str | Path | None,
    config: TranslationConfig | None,
    run: str | Path,
    *,
    dev: str | Path | None = None,
    resume: bool = False,
    minutes: float | None = None,
    started: Callable[[TranslationConfig, Device, Material], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    measured: Callable[[float], None] | None = None,
) -> Seq2Seq:
    """Trains a translation model and leaves the run, and in it the model folder `model`, on disk.

    Args:
        pairs: A TSV or CSV file of sources and targets; `None` to resume with the one that the run began with.
        config: What to train; `None` for the defaults, or to resume.
        run: The run folder: new or empty, or with `resume` one that a run has left.
        dev: A file of held-out pairs; `None` to split some off, such that no held-out text is in training.
        resume: Continue the run in the folder; the outcome is that of a run never interrupted, bit for bit where the
            number of threads is the same.
        minutes: Train as many steps as fit into so many minutes here, instead of the config's; not to resume.
            Measuring on held-out pairs comes on top.
        started: Called once with the final config, the device and what is learnt from.
        progress: Called after each step.
        measured: Called after each measurement with what `config.select` names.

    Returns:
        The model that was best on the held-out pairs.

    Raises:
        UserError: The folder is in use or has nothing to resume; the file can't be read, has too few pairs or is not
            the one the run began with; `minutes` is given to resume; or the loss is not finite.
        Interrupted: Ctrl-C; what was trained is saved.
    """
    run = Path(run)
    config, device, material = _ready(pairs, dev, _settings(config, run, resume, minutes))
    model = material.model
    loss = translation_loss(model, material.batches, config, device)
    if minutes is not None:
        steps = steps_for_minutes(minutes, seconds_per_step(model, loss, config.training, _PROBED))
        config = replace(config, training=replace(config.training, steps=steps))
    if started is not None:
        started(config, device, material)
    measure = held_out_measure(material.held_out, config, measured)
    train(
        model,
        loss,
        config.training,
        run,
        validation=Validation(measure, config.validate_every, _keeper(run / "model"), config.patience),
        resume=resume,
        record=config,
        progress=progress,
    )
    return Seq2Seq.from_pretrained(run / "model")


def _settings(config: TranslationConfig | None, run: Path, resume: bool, minutes: float | None) -> TranslationConfig:
    """What to train: in a new folder what is asked for, to resume what the folder says."""
    if not resume:
        require_unused(run)
        return config or TranslationConfig()
    if minutes is not None:
        raise UserError("minutes", minutes, "leave it out to resume: the run's number of steps is settled")
    return read_run(TranslationConfig, run)


def _ready(
    pairs: str | Path | None, dev: str | Path | None, config: TranslationConfig
) -> tuple[TranslationConfig, Device, Material]:
    """The config with all that was left open decided, the device, and on it the model, beside its material."""
    config = replace(config, file=_place(pairs) or config.file, dev_file=_place(dev) or config.dev_file)
    if config.file is None:
        raise UserError("pairs", "(missing)", "name a file of pairs to learn from")
    device = decide_device(config.device, torch.get_num_threads(), config.precision)
    own = None if config.dev_file is None else _read(config.dev_file, config.pairs)
    read = _read(config.file, config.pairs)
    material = prepare(read.pairs, config, None if own is None else own.pairs)
    if config.digest not in (None, material.digest):
        raise UserError("pairs", config.file, "resume with the pairs, and the tokenizers package, of the run's begin")
    material.model.to(device.device)
    precision: Literal["float32", "bfloat16"] = "float32" if device.autocast_dtype is None else "bfloat16"
    decided = replace(config, device=str(device.device), precision=precision, digest=material.digest)
    skipped = read.skipped + (0 if own is None else own.skipped)
    return decided, device, replace(material, skipped=skipped)


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
        model = Seq2Seq(config.model, vocabulary)
    batches = Batches(examples, settings.tokens, seed)
    return Material(model, batches, len(learnt), tuple(held_out), digest.hexdigest())


def translation_loss(model: Seq2Seq, batches: Batches, config: TranslationConfig, device: Device) -> Loss:
    """The mean cross-entropy of batch n, with label smoothing, as `segue.training.loop.train` wants it."""

    def loss(step: int) -> Tensor:
        return _loss(model, batches(step), config, device)

    return loss


def _loss(model: Seq2Seq, batch: Batch, config: TranslationConfig, device: Device) -> Tensor:
    with device.autocast():
        return loss_of(model, batch.to(device.device), config.label_smoothing, config.teacher_forcing)


def _keeper(folder: Path) -> Callable[[nn.Module], None]:
    def keep(model: nn.Module) -> None:
        assert isinstance(model, Seq2Seq)
        model.save_pretrained(folder)

    return keep


def _read(path: str | Path, config: PairsConfig) -> PairFile:
    return read_pairs(
        path, source=config.source, target=config.target, skip_bad=config.skip_bad, longest=config.longest
    )


def _place(path: str | Path | None) -> str | None:
    return None if path is None else str(Path(path).resolve())
