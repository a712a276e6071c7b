"""The pace of a run: which step is the last one, and the learning rate of each, by steps or by the clock.

A run by the clock keeps its minutes under any load, because its schedule follows the time that has passed. The rate of
each step is written to `RUN/pace.jsonl` before the step. A resumed run takes the written steps again with the written
rates, so they have the same bits, and goes on by the clock.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from segue.errors import UserError
from segue.training.log import RunLog, read_log
from segue.training.schedule import TrainingConfig, schedule, schedule_by_clock

FILE = "pace.jsonl"
_FIRST_MEASURE = 0.25  # share of the time: the first measurement shows how much time the last one will need
_BETWEEN_CHECKPOINTS = 0.05  # share of the time: a killed run repeats about this time, out of its minutes
_PER_SAVE = 20  # times the duration of a checkpoint pass before the next one by the clock, so they take about 5 %


@dataclass(frozen=True)
class Turn:
    """What the pace says of one step."""

    rate: float
    """The learning rate, as a share of the highest."""
    steps: int
    """The steps of the whole run; an estimate in a run by the clock."""


class Stopwatch:
    """The seconds since it was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._begin = clock, clock()

    def __call__(self) -> float:
        """Returns the seconds."""
        return self._clock() - self._begin


class Pace(Protocol):
    """What decides on the length of a run."""

    def turn(self, step: int) -> Turn | None:
        """What a step is to do; `None` where the run ends before it. Steps are asked for in turn."""
        ...

    def wants_measure(self, step: int) -> bool:
        """Whether the model after a step is to be measured for the sake of the pace."""
        ...

    def wants_checkpoint(self, step: int) -> bool:
        """Whether the state after a step is to be saved."""
        ...

    def measuring(self) -> AbstractContextManager[None]:
        """A block that measures the model; the pace times it."""
        ...

    def saving(self) -> AbstractContextManager[None]:
        """A block that saves a checkpoint; all that it relies on is on the disk before, and the pace times it."""
        ...


class StepPace:
    """A run of so many steps; nothing reads a clock.

    Args:
        config: The settings of the run.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    def turn(self, step: int) -> Turn | None:
        """See `Pace`."""
        steps = self._config.steps
        return Turn(schedule(step, self._config), steps) if step <= steps else None

    def wants_measure(self, step: int) -> bool:
        """See `Pace`."""
        return False

    def wants_checkpoint(self, step: int) -> bool:
        """See `Pace`."""
        return step % self._config.checkpoint_every == 0 or step == self._config.steps

    def measuring(self) -> AbstractContextManager[None]:
        """See `Pace`."""
        return nullcontext()

    def saving(self) -> AbstractContextManager[None]:
        """See `Pace`."""
        return nullcontext()


class ClockPace:
    """A run of `config.minutes`, of all its processes together.

    Args:
        config: The settings of the run.
        run: The run folder.
        step: The step from which training continues.
        watch: The seconds that this process has worked on the run.

    Raises:
        UserError: The file of the pace does not reach up to the step.
    """

    def __init__(self, config: TrainingConfig, run: Path, step: int, watch: Callable[[], float]) -> None:
        assert config.minutes is not None
        self._config, self._limit, self._watch = config, 60 * config.minutes, watch
        lines = read_log(run, FILE)
        if step and not any(line["step"] == step for line in lines):
            remedy = "put the file back (it holds the time that is used up), or start anew in a new folder"
            raise UserError("resume", run / FILE, remedy)
        self._written = {int(line["step"]): line for line in lines}
        self._spent = float(lines[-1]["seconds"]) if lines else 0.0
        self._last_measure = max((float(line.get("measured", 0)) for line in lines), default=0.0)
        self._unwritten_measure = 0.0
        self._turned: float | None = None  # when the step before began
        self._saved_at, self._save_seconds = watch(), 0.0
        self._file = RunLog(run, max(self._written, default=0), FILE)

    def turn(self, step: int) -> Turn | None:
        """See `Pace`; writes the rate before it returns it."""
        line = self._written.get(step) or self._write(step)
        self._unwritten_measure, self._turned = 0.0, self._watch()
        if line["rate"] is None:
            return None
        share = min(1.0, line["seconds"] / self._time)
        return Turn(line["rate"], max(step, round(step / share)) if share else step)

    def wants_measure(self, step: int) -> bool:
        """See `Pace`: where the run has done it before, and once after the first quarter."""
        following = self._written.get(step + 1)
        if following is not None:
            return "measured" in following
        return not self._last_measure and self._seconds >= _FIRST_MEASURE * self._limit

    def wants_checkpoint(self, step: int) -> bool:
        """See `Pace`."""
        waited = self._watch() - self._saved_at
        late = waited >= max(_BETWEEN_CHECKPOINTS * self._limit, _PER_SAVE * self._save_seconds)
        return late or step % self._config.checkpoint_every == 0

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """See `Pace`."""
        begin = self._watch()
        yield
        self._last_measure = self._unwritten_measure = max(self._watch() - begin, 1e-6)  # zero stands for none

    @contextmanager
    def saving(self) -> Iterator[None]:
        """See `Pace`."""
        begin = self._watch()
        self._file.sync()
        yield
        self._saved_at = self._watch()
        self._save_seconds = self._saved_at - begin

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @property
    def _seconds(self) -> float:
        """The time of the run so far, in all of its processes."""
        return self._spent + self._watch()

    @property
    def _time(self) -> float:
        """The time for steps: all but the last measurement, which will take as long as the one before."""
        return max(self._limit - self._last_measure, self._limit / 2)

    def _write(self, step: int) -> dict[str, Any]:
        """Decides on a step that no earlier process has taken."""
        seconds = self._seconds
        last_step = 0.0 if self._turned is None else self._watch() - self._turned - self._unwritten_measure
        over = step > 1 and seconds + last_step / 2 >= self._time  # half a step early is as good as half a step late
        share = min(1.0, seconds / self._time)
        rate = None if over else schedule_by_clock(step, share, self._config)
        line: dict[str, Any] = {"step": step, "seconds": round(seconds, 3), "rate": rate}
        if self._unwritten_measure:
            line["measured"] = self._unwritten_measure
        self._file.write(line)
        return line


def pace_of(config: TrainingConfig, run: Path, step: int, watch: Callable[[], float] | None) -> StepPace | ClockPace:
    """The pace of a run that begins, or continues after `step`."""
    if config.minutes is None:
        return StepPace(config)
    return ClockPace(config, run, step, Stopwatch() if watch is None else watch)
