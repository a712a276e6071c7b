"""The bar of a training run on the terminal."""

import math
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from segue.device import Device
    from segue.training.schedule import TrainingConfig
    from segue.training.trainer import Progress as Step


class TrainingBar:
    """A bar with the steps, losses and times of a run, on standard error; use it in a `with` statement.

    Args:
        output: The run folder.
    """

    def __init__(self, output: Path) -> None:
        columns = (
            TextColumn("step {task.completed:.0f}/{task.fields[about]}{task.total:.0f}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.4f}{task.fields[held_out]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._length = ""
        self._console, self._output = Console(stderr=True), output
        self._bar = Progress(*columns, console=self._console)
        self._task = self._bar.add_task("train", total=None, loss=math.nan, held_out="", about="")

    def __enter__(self) -> "TrainingBar":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar.live.is_started:
            self._bar.stop()
        if kind is None and not self._bar.tasks[0].completed:
            self.say(f"the run was finished before: {self._length}")

    def say(self, line: str) -> None:
        """Writes a line above the bar."""
        self._console.print(line, soft_wrap=True, markup=False)

    def started(self, config: "TrainingConfig", device: "Device") -> None:
        """Shows the device, the seed and the number of steps of the run."""
        self._length = (
            f"{config.steps} of {config.steps} steps" if config.minutes is None else f"{config.minutes:g} minutes"
        )
        length = self._length.rpartition(" of ")[2]
        self.say(f"{device.reason}; seed {config.seed}; {length} into {self._output}")
        self._bar.update(self._task, total=config.steps, about="" if config.minutes is None else "about ")

    def progress(self, step: "Step") -> None:
        """Shows a step, and starts the bar at the first loss."""
        if not self._bar.live.is_started:
            self._bar.start()
        self._bar.update(self._task, completed=step.step, total=step.steps, loss=step.loss)

    def measured(self, loss: float) -> None:
        """Shows the loss on held-out data."""
        self._bar.update(self._task, held_out=f", held out {loss:.4f}")
