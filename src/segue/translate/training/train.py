"""Training a translation model on a file of pairs, some of which are held out without a leak."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from segue.device import Device
from segue.errors import UserError
from segue.folder import CARD, add_files
from segue.training.loop import Loss, Progress
from segue.training.run import Work, begin_run
from segue.training.validation import Validation
from segue.translate.data.batches import Batch
from segue.translate.data.unknown import with_unknown
from segue.translate.evaluation.held_out import held_out_measure, loss_of
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.card import model_card
from segue.translate.training.config import TranslationConfig
from segue.translate.training.material import Material, read_material

_TIMED = 16  # steps: batches differ in their lengths


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
    begun = begin_run(TranslationConfig, config, run, resume=resume, minutes=minutes)
    config, material = _ready(pairs, dev, begun.config)
    model, folder = material.model.to(begun.device.device), begun.folder / "model"
    measure = held_out_measure(material.held_out, config, measured)
    work = Work(
        model,
        translation_loss(material, config, begun.device),
        validation=Validation(measure, config.validate_every, _keeper(folder), config.patience),
        timed_steps=_TIMED,
    )
    config = begun.settle(config, work)
    if started is not None:
        started(config, begun.device, material)
    counter = _StepCounter(progress)
    begun.train(config, work, counter)
    if counter.taken or not (folder / CARD).exists():
        add_files(folder, {CARD: model_card(folder, config, material, counter.minutes)})
    return Seq2Seq.from_pretrained(folder)


def translation_loss(material: Material, config: TranslationConfig, device: Device) -> Loss:
    """The mean cross-entropy of batch n, with label smoothing and unknown tokens, as `segue.training.loop` wants it."""
    rates = material.unknown.to(device.device)

    def loss(step: int) -> Tensor:
        batch = material.batches(step).to(device.device)
        shown = Batch(with_unknown(batch.source, rates), batch.source_length, batch.target, batch.target_length)
        with device.autocast():
            return loss_of(material.model, shown, config.label_smoothing, config.teacher_forcing)

    return loss


class _StepCounter:
    """Counts the steps that this process takes, and the time of the whole run by theirs.

    Args:
        progress: Called after each step as well.
    """

    def __init__(self, progress: Callable[[Progress], None] | None) -> None:
        self.taken, self._step = 0, 0
        self._progress, self._begin = progress, time.perf_counter()

    def __call__(self, news: Progress) -> None:
        self.taken, self._step = self.taken + 1, news.step
        if self._progress is not None:
            self._progress(news)

    @property
    def minutes(self) -> float | None:
        """What the run took up to its last step, measuring included; `None` where no step was taken here."""
        seconds = time.perf_counter() - self._begin
        return seconds / 60 / self.taken * self._step if self.taken else None


def _keeper(folder: Path) -> Callable[[nn.Module], None]:
    def keep(model: nn.Module) -> None:
        assert isinstance(model, Seq2Seq)
        model.save_pretrained(folder)

    return keep


def _ready(
    pairs: str | Path | None, dev: str | Path | None, config: TranslationConfig
) -> tuple[TranslationConfig, Material]:
    """The config with all that the pairs decide, and the model beside its material."""
    config = replace(config, file=_absolute(pairs) or config.file, dev_file=_absolute(dev) or config.dev_file)
    material = read_material(config)
    if config.digest not in (None, material.digest):
        raise UserError("pairs", config.file, "resume with the pairs, and the tokenizers package, of the run's begin")
    return replace(config, digest=material.digest), material


def _absolute(path: str | Path | None) -> str | None:
    return None if path is None else str(Path(path).resolve())
