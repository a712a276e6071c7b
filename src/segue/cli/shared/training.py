"""What a training run shows on the terminal while it goes on."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from segue.device import Device
    from segue.training.loop import Progress as Step
    from segue.training.schedule import TrainingConfig


class TrainingBar:
    """Steps, losses and times of a run, on standard error; to be used in a `with`.

    Args:
        console: Where to draw.
        output: The run folder.
    """

    def __init__(self, console: Console, output: Path) -> None:
        columns = (
            TextColumn("step {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.4f}{task.fields[held_out]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._console, self._output = console, output
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task("train", total=None, loss=float("nan"), held_out="")

    def __enter__(self) -> "TrainingBar":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar.live.is_started:
            self._bar.stop()
        if kind is None and not self._bar.tasks[0].completed:
            steps = self._bar.tasks[0].total or 0
            self._console.print(f"the run was finished before: {steps:.0f} of {steps:.0f} steps")

    def started(self, config: "TrainingConfig", device: "Device") -> None:
        """Tells where and how the run computes."""
        reason = f"{device.reason}; seed {config.seed}; {config.steps} steps into {self._output}"
        self._console.print(reason, soft_wrap=True)
        self._bar.update(self._task, total=config.steps)

    def progress(self, step: "Step") -> None:
        """Shows a step, and the bar itself as soon as there is a loss to show."""
        if not self._bar.live.is_started:
            self._bar.start()
        self._bar.update(self._task, completed=step.step, loss=step.loss)

    def measured(self, found: float) -> None:
        """Shows what was found on held-out data."""
        self._bar.update(self._task, held_out=f", held out {found:.4f}")
