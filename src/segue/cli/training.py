"""What a training run shows on the terminal while it goes on."""

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from segue.device import Device
    from segue.language.config import LanguageConfig
    from segue.language.evaluate import Evaluation
    from segue.training.loop import Progress as Step


class LanguageBar:
    """Steps, losses and times of a run, on standard error; to be used in a `with`."""

    def __init__(self, console: Console, output: object) -> None:
        columns = (
            TextColumn("step {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.4f}, held out {task.fields[held_out]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._console, self._output = console, output
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task("train", total=None, loss=float("nan"), held_out="not yet")

    def __enter__(self) -> "LanguageBar":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    @property
    def steps(self) -> int:
        """Steps that were seen to be taken."""
        return int(self._bar.tasks[0].completed)

    def started(self, config: "LanguageConfig", device: "Device") -> None:
        """Tells where and how the run computes."""
        steps, seed = config.training.steps, config.training.seed
        self._console.print(f"{device.reason}; seed {seed}; {steps} steps into {self._output}")
        self._bar.update(self._task, total=steps)

    def progress(self, step: "Step") -> None:
        """Shows a step, and the bar itself as soon as there is a loss to show."""
        if not self._bar.live.is_started:
            self._bar.start()
        self._bar.update(self._task, completed=step.step, loss=step.loss)

    def measured(self, found: "Evaluation") -> None:
        """Shows the held-out loss."""
        self._bar.update(self._task, held_out=f"{found.loss:.4f}")
