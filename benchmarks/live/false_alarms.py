"""Does the budget hold? Alerts on streams without anomalies, asked for one in 1,000 values, and on level shifts.

    python -m benchmarks.live.false_alarms --streams 200 [--data DIR]

Synthetic streams come from the productions of the grammar that know no event, without the accidents that the grammar
adds. A second run of the same streams has a shift of level in its middle. With `--data`, the folder of `nab.parquet`
and `nab_windows.json`, the rows of NAB outside of every window are counted, too; no one labelled them as anomalies.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from benchmarks.live.nab import labelled, read
from benchmarks.machine import default_output, machine
from segue.forecasting.pretraining.grammar.combinators import choose_drawn, standardise
from segue.forecasting.pretraining.grammar.productions import PRODUCTIONS
from segue.live.alerts import Event, advance, start
from segue.live.policy import Policy
from segue.live.watch import Watch

CALM = ("cycles", "weather_load", "climate", "stationary", "sarima", "smoothing", "random_walk", "gaussian_process")
"""The productions without events: what determines a series does not change over its length."""

WARM_UP = 128
"""Values of a stream before its first p-value."""
SHIFT = 8.0
"""The shift of level, in deviations of the differences of a stream."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--values", type=int, default=5000, help="of each stream after its warm-up")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--refresh", type=int, default=24)
    parser.add_argument("--data", type=Path, help="folder of nab.parquet and nab_windows.json")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    policies = {"1 of 1": Policy(), "2 of 3": Policy(m=2, n=3)}
    result = pd.DataFrame(
        synthetic(options, policies) + ([] if options.data is None else unlabelled(options, policies))
    )
    facts = {"model": options.model, "refresh": options.refresh, "seed": options.seed}
    output = options.output or default_output("false-alarms")
    result.assign(**facts, **machine(options.threads)).to_csv(output, index=False, float_format="%.5g")
    print(result.to_string(index=False, float_format="%.4g"))
    print(output)


def streams(count: int, length: int, seed: int) -> tuple[NDArray[np.float64], list[str]]:
    """Streams `(count, length)` without anomalies, and the production of each."""
    generator = torch.Generator().manual_seed(seed)
    made, chosen = choose_drawn(generator, count, length, [PRODUCTIONS[name] for name in CALM], [1.0] * len(CALM))
    return standardise(made.values).double().numpy(), [CALM[index] for index in chosen.tolist()]


def synthetic(options: argparse.Namespace, policies: dict[str, Policy]) -> list[dict[str, Any]]:
    """A row for each policy and production, calm, and for each policy with a shift."""
    values, productions = streams(options.streams, WARM_UP + options.values, options.seed)
    table = []
    for name, policy in policies.items():
        begin = time.perf_counter()
        watch = Watch(options.model, refresh=options.refresh, warm_up=WARM_UP, freq=1, threads=options.threads)
        events, judged = follow(watch, policy, values)
        seconds = time.perf_counter() - begin
        for part in ("all", *CALM):
            lanes = [k for k, own in enumerate(productions) if part in ("all", own)]
            table.append(rates(f"synthetic, {part}", name, lanes, events, judged) | {"seconds": round(seconds, 1)})
    if "1 of 1" in policies:
        table.append(shifted(options, policies["1 of 1"], values))
    return table


def shifted(options: argparse.Namespace, policy: Policy, values: NDArray[np.float64]) -> dict[str, Any]:
    """How often a shift of level is alerted, alerted again, and accepted in time."""
    middle = values.shape[1] // 2
    around = values[:, : middle + 10 * policy.shift].copy()
    around[:, middle:] += SHIFT * np.diff(values, axis=1).std(axis=1, keepdims=True)
    watch = Watch(options.model, refresh=options.refresh, warm_up=WARM_UP, freq=1, threads=options.threads)
    events, _ = follow(watch, policy, around)
    lanes = range(len(values))
    own = [[event for event in events if event.lane == lane and event.begin >= middle] for lane in lanes]
    opened = [[event.begin for event in found if event.end is None] for found in own]
    prompt = [any(begin < middle + policy.shift for begin in found) for found in opened]
    ended = [
        [event for event in found if event.end is not None and event.begin < middle + policy.shift] for found in own
    ]
    in_time = [any(event.end <= middle + 2 * policy.shift for event in found) for found in ended]
    return {
        "part": "synthetic, shift",
        "policy": "1 of 1",
        "streams": len(values),
        "alerted": float(np.mean(prompt)),
        "alerts_a_shift": float(np.mean([len(found) for found, hit in zip(opened, prompt, strict=True) if hit])),
        "over_in_time": float(np.mean([done for done, hit in zip(in_time, prompt, strict=True) if hit])),
    }


def follow(
    watch: Watch, policy: Policy, values: NDArray[np.float64], lengths: Sequence[int] = ()
) -> tuple[list[Event], NDArray[np.bool_]]:
    """Feeds streams step by step, as they would come, and accepts what the policy accepts.

    Returns:
        The events; a lane is the number of its stream, and a time the number of its step. And which values were judged.
    """
    state, events, judged = start(len(values)), [], np.zeros(values.shape, dtype=bool)
    ends = np.array(lengths or [values.shape[1]] * len(values))
    for step in range(values.shape[1]):
        lanes = np.flatnonzero(ends > step)
        seen = watch.observe(lanes, np.full(len(lanes), step), values[lanes, step])
        state, new = advance(policy, state, seen, lanes)
        judged[lanes, step] = np.isfinite(seen.p)
        accepted = [event.lane for event in new if event.accepted]
        if accepted:
            watch.accept(accepted)
        events += new
    return events, judged


def rates(
    part: str, policy: str, lanes: Sequence[int], events: list[Event], judged: NDArray[np.bool_]
) -> dict[str, Any]:
    """Alerts per 1,000 judged values of some lanes."""
    opened = [event.lane for event in events if event.end is None]
    counts, total = np.bincount(opened, minlength=len(judged))[list(lanes)], int(judged[list(lanes)].sum())
    rate = 1000 * counts.sum() / max(total, 1)
    error = 1000 * counts.std() * np.sqrt(len(lanes)) / max(total, 1)
    return {
        "part": part,
        "policy": policy,
        "streams": len(lanes),
        "values": total,
        "alerts": int(counts.sum()),
        "per_1000": rate,
        "standard_error": error,
        "accepted": sum(event.accepted for event in events if event.lane in set(lanes)),
    }


def unlabelled(options: argparse.Namespace, policies: dict[str, Policy]) -> list[dict[str, Any]]:
    """The alerts of NAB that begin outside of every window, per 1,000 judged values there."""
    frames, windows = read(options.data)
    files = [labelled(frame, windows[name]) for name, frame in frames.items()]
    lengths = [file.rows for file in files]
    values = np.full((len(files), max(lengths)), np.nan)
    outside = np.zeros(values.shape, dtype=bool)
    for lane, (file, frame) in enumerate(zip(files, frames.values(), strict=True)):
        values[lane, : file.rows] = frame["y"]
        outside[lane, : file.rows] = True
        for first, last in file.windows:
            outside[lane, first : last + 1] = False
    table = []
    for name, policy in policies.items():
        watch = Watch(options.model, refresh=options.refresh, warm_up=WARM_UP, freq=1, threads=options.threads)
        events, judged = follow(watch, policy, values, lengths)
        kept = [event for event in events if outside[event.lane, event.begin]]
        table.append(rates("NAB, outside of windows", name, range(len(files)), kept, judged & outside))
    return table


if __name__ == "__main__":
    main()
