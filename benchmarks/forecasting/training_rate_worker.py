"""What `training_rate.py` times in each checkout: steps of `pretrain`, as a run takes them.

    python training_rate_worker.py CONFIG CORES WARM_UP STEPS

It prints patches, patches that teach, and the seconds of clock and processor, children included. It imports nothing of
this repository; the API may be that of commit 0fa954a. It needs Linux, whose /proc has the processor time of children.
"""

import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any


def main() -> None:
    path, (cores, warm_up, steps) = Path(sys.argv[1]), map(int, sys.argv[2:])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    from segue.config import read_config

    try:
        from segue.forecasting.pretraining import pretrain as module
        from segue.forecasting.pretraining.windows import Windows
    except ImportError:
        from segue.forecast import pretrain as module
        from segue.forecast.windows import Windows
    module.exports = lambda config: False  # half a minute after the last step
    config = read_config(module.PretrainConfig, path)
    many = replace(config, training=replace(config.training, steps=100_000))  # a short run may work in another way
    seconds = timed(module.pretrain, many, warm_up, steps)
    windows = Windows(config.data, patch=config.model.patch, span=config.model.span, seed=config.training.seed)
    counts = [counted(windows.batch(number)) for number in range(warm_up + 1, warm_up + steps + 1)]
    patches, teach = (sum(numbers) for numbers in zip(*counts, strict=True))
    print(json.dumps({"patches": patches, "teach": teach, **seconds}))


def timed(pretrain: Any, config: Any, warm_up: int, steps: int) -> dict[str, float]:
    """The seconds of `steps` steps after `warm_up`."""
    marks: list[tuple[float, float]] = []

    def progress(done: Any) -> None:
        if done.step in (warm_up, warm_up + steps):
            marks.append((time.perf_counter(), processor_seconds()))
        if done.step == warm_up + steps:
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        pretrain(config, Path(folder) / "run", progress=progress)
    (begin, used), (end, used_then) = marks
    return {"wall": end - begin, "processor": used_then - used}


def processor_seconds() -> float:
    """Of this process and of those that it started."""
    ticks = os.sysconf("SC_CLK_TCK")
    own, used = str(os.getpid()), 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if fields[1] == own:
            used += int(fields[11]) + int(fields[12])
    return time.process_time() + used / ticks


def counted(batch: Any) -> tuple[int, int]:
    """The patches of a batch, and those that teach."""
    before = batch.observed.flatten(1).cumsum(1)[:, batch.observed.shape[2] - 1 :: batch.observed.shape[2]]
    teach = (batch.present[:, 1:].any(-1) & (before[:, :-1] >= 3)).sum()
    return batch.present.shape[0] * batch.present.shape[1], int(teach)


if __name__ == "__main__":
    main()
