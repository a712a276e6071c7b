"""Training of a translation model on a file of pairs, some of which are held out without a leak."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from segue.device import Device
from segue.errors import UserError
from segue.folder import CARD, add_files
from segue.training.run import Work, begin_run
from segue.training.runs import exclusive_run, put_strays_aside
from segue.training.trainer import Loss, Progress
from segue.training.validation import Validation
from segue.translate.data.batches import Batch
from segue.translate.evaluation.held_out import loss_of
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.card import model_card
from segue.translate.training.config import TranslationConfig
from segue.translate.training.material import Material, read_material
from segue.translate.training.selection import held_out_measure
from segue.translate.training.unknown import with_unknown


def train_translation(
    pairs: str | Path | None,
    config: TranslationConfig | None,
    run: str | Path,
    *,
    dev: str | Path | None = None,
    resume: bool = False,
    minutes: float | None = None,
    watch: Callable[[], float] | None = None,
    started: Callable[[TranslationConfig, Device, Material], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    measured: Callable[[float], None] | None = None,
) -> Seq2Seq:
    """Trains a translation model and leaves the run, and in it the model folder `model`, on disk.

    Args:
        pairs: A TSV or CSV file of sources and targets; `None` to resume with the file of the run.
        config: What to train; `None` for the defaults, or to resume.
        run: The run folder: new or empty, or with `resume` one that a run has left.
        dev: A file of held-out pairs; `None` to split some off. No held-out text is in training, in either case.
        resume: Continue the run in the folder; with the same number of threads, the outcome equals that of an
            uninterrupted run in all bits.
        minutes: Train for so many minutes by the clock, measuring included, instead of the steps of the config. The
            learning rate follows the clock. A resumed run keeps its minutes.
        watch: The seconds that the caller has worked on the run, which count; `None` to count from the call.
        started: Called once with the final config, the device, and the model with its pairs.
        progress: Called after each step.
        measured: Called after each measurement with the figure that `config.select` names.

    Returns:
        The model that was best on the held-out pairs.

    Raises:
        UserError: The folder is in use or holds nothing to resume; the file cannot be read, has too few pairs or is not
            the file of the run; or the loss is not finite.
        Interrupted: Ctrl-C; the run is saved.
    """
    begun = begin_run(TranslationConfig, config, run, resume=resume, minutes=minutes, watch=watch)
    config, material = _ready(pairs, dev, begun.config)
    model, folder = material.model.to(begun.device.device), begun.folder / "model"
    measure = held_out_measure(material.held_out, config, measured)
    validation = Validation(measure, config.validate_every, _keeper(folder), config.patience)
    work = Work(model, translation_loss(material, config, begun.device), validation=validation)
    if started is not None:
        started(config, begun.device, material)
    counter = _StepCounter(progress)
    begun.train(config, work, counter)
    if counter.taken or not (folder / CARD).exists():
        _write_card(begun.folder, config, material, counter)
    return Seq2Seq.from_pretrained(folder)


def _write_card(run: Path, config: TranslationConfig, material: Material, counter: "_StepCounter") -> None:
    """Writes the model card, which needs the number of steps that a run by the clock has taken."""
    folder = run / "model"
    if config.training.minutes is not None and counter.taken:
        config = replace(config, training=replace(config.training, steps=counter.step))
    with exclusive_run(run, resume=True):
        put_strays_aside(run)
        add_files(folder, {CARD: model_card(folder, config, material, counter.minutes)})


def translation_loss(material: Material, config: TranslationConfig, device: Device) -> Loss:
    """The mean cross-entropy of batch n, with label smoothing and unknown tokens, for `segue.training.loop.train`."""
    rates = material.unknown.to(device.device)

    def loss(step: int) -> Tensor:
        batch = material.batches(step).to(device.device)
        masked = Batch(with_unknown(batch.source, rates), batch.source_length, batch.target, batch.target_length)
        with device.autocast():
            return loss_of(material.model, masked, config.label_smoothing, config.teacher_forcing)

    return loss


class _StepCounter:
    """Counts the steps of this process, and estimates the time of the whole run from theirs.

    Args:
        progress: Called after each step as well.
    """

    def __init__(self, progress: Callable[[Progress], None] | None) -> None:
        self.taken, self.step = 0, 0
        self._progress, self._begin = progress, time.perf_counter()

    def __call__(self, done: Progress) -> None:
        self.taken, self.step = self.taken + 1, done.step
        if self._progress is not None:
            self._progress(done)

    @property
    def minutes(self) -> float | None:
        """The time of the run up to its last step, measuring included; `None` where this process took no step."""
        seconds = time.perf_counter() - self._begin
        return seconds / 60 / self.taken * self.step if self.taken else None


def _keeper(folder: Path) -> Callable[[nn.Module], None]:
    def keep(model: nn.Module) -> None:
        assert isinstance(model, Seq2Seq)
        model.save_pretrained(folder)

    return keep


def _ready(
    pairs: str | Path | None, dev: str | Path | None, config: TranslationConfig
) -> tuple[TranslationConfig, Material]:
    """The config with all that the pairs decide, and the model with its pairs."""
    config = replace(config, file=_absolute(pairs) or config.file, dev_file=_absolute(dev) or config.dev_file)
    material = read_material(config)
    if config.digest not in (None, material.digest):
        raise UserError(
            "pairs",
            config.file,
            "resume with the pairs, and the version of the package tokenizers, that the run began with",
        )
    return replace(config, digest=material.digest), material


def _absolute(path: str | Path | None) -> str | None:
    return None if path is None else str(Path(path).resolve())
