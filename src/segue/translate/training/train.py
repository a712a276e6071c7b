"""Training a translation model on a file of pairs, some of which are held out without a leak."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from segue.device import Device, decide_device
from segue.errors import UserError
from segue.folder import CARD, add_files
from segue.training.loop import Loss, Progress, train
from segue.training.probe import seconds_per_step, steps_for_minutes
from segue.training.runs import read_run, require_unused
from segue.training.validation import Validation
from segue.translate.data.batches import Batch
from segue.translate.evaluation.held_out import loss_of
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.card import model_card
from segue.translate.training.config import TranslationConfig
from segue.translate.training.material import Material, read_material
from segue.translate.training.selection import held_out_measure
from segue.translate.training.unknown import with_unknown

_PROBED = 16  # steps: batches differ in their lengths


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
        dev: A file of held-out pairs; `None` to split some off. Either way no held-out text is in training.
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
    if minutes is not None:
        loss = translation_loss(material, config, device)
        steps = steps_for_minutes(minutes, seconds_per_step(material.model, loss, config.training, _PROBED))
        config = replace(config, training=replace(config.training, steps=steps))
    if started is not None:
        started(config, device, material)
    _train(material, config, device, run, resume, progress, measured)
    return Seq2Seq.from_pretrained(run / "model")


def translation_loss(material: Material, config: TranslationConfig, device: Device) -> Loss:
    """The mean cross-entropy of batch n, with label smoothing and unknown tokens, as `segue.training.loop` wants it."""
    rates = material.unknown.to(device.device)

    def loss(step: int) -> Tensor:
        batch = material.batches(step).to(device.device)
        shown = Batch(with_unknown(batch.source, rates), batch.source_length, batch.target, batch.target_length)
        with device.autocast():
            return loss_of(material.model, shown, config.label_smoothing, config.teacher_forcing)

    return loss


def _train(
    material: Material,
    config: TranslationConfig,
    device: Device,
    run: Path,
    resume: bool,
    progress: Callable[[Progress], None] | None,
    measured: Callable[[float], None] | None,
) -> None:
    """Takes the steps that are left, keeps the best model, and at last writes what it is to its folder."""
    taken: list[int] = []

    def stepped(news: Progress) -> None:
        taken.append(news.step)
        if progress is not None:
            progress(news)

    measure = held_out_measure(material.held_out, config, measured)
    begin = time.perf_counter()
    train(
        material.model,
        translation_loss(material, config, device),
        config.training,
        run,
        validation=Validation(measure, config.validate_every, _keeper(run / "model"), config.patience),
        resume=resume,
        record=config,
        progress=stepped,
    )
    card = run / "model" / CARD
    if taken or not card.exists():
        minutes = (time.perf_counter() - begin) / 60 / len(taken) * taken[-1] if taken else None
        add_files(card.parent, {CARD: model_card(card.parent, config, material, minutes)})


def _keeper(folder: Path) -> Callable[[nn.Module], None]:
    def keep(model: nn.Module) -> None:
        assert isinstance(model, Seq2Seq)
        model.save_pretrained(folder)

    return keep


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
    device = decide_device(config.device, precision=config.precision)
    material = read_material(config)
    if config.digest not in (None, material.digest):
        raise UserError("pairs", config.file, "resume with the pairs, and the tokenizers package, of the run's begin")
    material.model.to(device.device)
    precision: Literal["float32", "bfloat16"] = "float32" if device.autocast_dtype is None else "bfloat16"
    return replace(config, device=str(device.device), precision=precision, digest=material.digest), device, material


def _place(path: str | Path | None) -> str | None:
    return None if path is None else str(Path(path).resolve())
