"""Language models: the experiment this part starts from, its correction, and what each part of them is worth.

    OMP_NUM_THREADS=1 python -m benchmarks.language.language --data DIR --arms corrected "window 128, carry" \\
        --seeds 0 1 2

`DIR` holds `wikitext-2/{train,valid,test}.txt` and `tinyshakespeare.txt`. An arm takes a fixed number of steps, or as
many as fit into --minutes of processor time, which a probe measures once per cost of a step. Every row is appended as
soon as it is there, and a row that is there is not made again; so several processes may run different arms at a time.
Trainings are kept in --runs: the same command goes on where it was stopped. An arm that fails is reported and left out.

Run with OMP_NUM_THREADS=1: the probe counts the time of this process, not that of the clock on the wall.
"""

import argparse
import csv
import math
import re
import sys
import time
import traceback
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch import nn

from benchmarks.language.arms import ARMS, REPLICAS, Arm
from benchmarks.language.awd import DroppedReader, Reader
from benchmarks.language.measures import FRESH, Row, measured
from benchmarks.language.replica import LANES, TRAINING, WINDOW, Replica, coded, replica_loss, replica_optimizer
from benchmarks.language.runs import Course, steps_of, trained
from benchmarks.language.sampled import SampledLoss
from benchmarks.machine import default_output, machine
from benchmarks.steps import steps_for_minutes
from segue.device import Device, decide_device
from segue.language.config import LanguageConfig
from segue.language.corpus import Corpus, contiguous_lanes
from segue.language.model import LanguageModel
from segue.language.objective import language_loss, language_optimizer
from segue.state import State
from segue.text.named import TokenizerName, learn_tokenizer
from segue.text.protocol import Tokenizer
from segue.training.schedule import TrainingConfig
from segue.training.trainer import CarryingLoss, Loss, Trainer

PROBE = 12  # steps
FIELDS = (
    ["arm", "seed", "minutes", "cost", "precision", "steps", "tokens", "parameters", "train_loss", "train_perplexity"]
    + ["valid_loss", "test_loss", "test_bits", "test_perplexity"]
    + [f"test_{unit}_fresh{window}" for window in FRESH for unit in ("loss", "bits")]
    + [
        "online_rate",
        "online_tokens",
        "online_static_bits",
        "online_loss",
        "online_bits",
        "online_perplexity",
        "test_tokens",
        "lanes",
    ]
    + ["train_seconds", "test_seconds", "online_seconds", *machine(1)]
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--arms", nargs="+", choices=[*REPLICAS, *ARMS], metavar="ARM", default=[*REPLICAS, *ARMS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=3.0, help="processor time of a training of no fixed length")
    parser.add_argument(
        "--precision", default="auto", help="of training: auto (what is faster here), float32, bfloat16"
    )
    parser.add_argument("--steps", type=int, help="for trials: no more steps than these")
    parser.add_argument("--characters", type=int, default=400_000, help="of valid and test, where not all is read")
    parser.add_argument("--online-characters", type=int, help="of test, for dynamic evaluation; all unless given")
    parser.add_argument("--lanes", type=int, default=8, help="parts of a test text read side by side")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where trainings are kept")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if torch.get_num_threads() != 1:
        parser.error("set OMP_NUM_THREADS=1: equal compute is counted on one thread")
    if options.steps and not options.output:
        parser.error("--steps is for trials: name an --output of their own")
    output, device = options.output or default_output("language"), decide_device("cpu", 1, options.precision)
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        failed = [one for one in product(options.seeds, options.arms) if not is_made(*one, options, device, output)]
    except KeyboardInterrupt:
        sys.exit("stopped: the same command goes on")
    if output.exists():
        show(output)
    if failed:
        sys.exit(f"failed: {failed}")


def is_made(seed: int, name: str, options: argparse.Namespace, device: Device, output: Path) -> bool:
    """Makes one row unless it is there; hours of other arms must not end with one that fails."""
    minutes = 0.0 if name in REPLICAS or ARMS[name].steps else options.minutes
    settings: Row = {"arm": name, "seed": seed, "minutes": minutes, "precision": precision_of(device)}
    if is_done(output, settings):
        return True
    folder = options.runs / output.stem / re.sub(r"\W+", "-", f"{name} {minutes:g} {seed} {settings['precision']}")
    try:
        made = (
            replica(name, seed, options, device, folder)
            if name in REPLICAS
            else run(name, seed, minutes, options, device, folder, output)
        )
    except Exception:
        traceback.print_exc()
        return False
    row = {**settings, **made, **machine(1)}
    print({key: value for key, value in row.items() if value is not None}, flush=True)
    append(output, row)
    return True


def is_done(output: Path, settings: Row) -> bool:
    if not output.exists():
        return False
    rows = pd.read_csv(output)
    if list(rows) != FIELDS:
        sys.exit(f"{output} has other columns than rows have today: name another --output")
    return bool((rows[list(settings)] == pd.Series(settings)).all(axis=1).any())


def append(output: Path, row: Row) -> None:
    """One line at a time, so that processes do not get into each other's way."""
    with output.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        if not file.tell():
            writer.writeheader()
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})


def replica(name: str, seed: int, options: argparse.Namespace, device: Device, folder: Path) -> Row:
    """The original experiment under its own protocol."""
    corpora, _ = corpus_of(options.data, "wikitext-2", "character")
    tokens, classes = coded(corpora["train"].tokens)
    torch.manual_seed(seed)
    model = Replica(classes)
    loss, state = replica_loss(model, tokens, device, persistent="reset" not in name, surprise="surprise" in name)
    config = replace(TRAINING, steps=min(TRAINING.steps, options.steps or TRAINING.steps), seed=seed)
    return facts_of(model, trained(model, loss, config, folder, state, replica_optimizer), LANES * WINDOW)


def run(
    name: str, seed: int, minutes: float, options: argparse.Namespace, device: Device, folder: Path, output: Path
) -> Row:
    """Trains one arm and measures its model on text it has not learnt from."""
    arm = ARMS[name]
    corpora, tokenizer = corpus_of(options.data, arm.data, arm.config.text.tokenizer)
    cost = f"{cost_of(arm.config)}, {precision_of(device)}"
    steps = arm.steps or steps_of(folder) or known_steps(output, cost, arm, minutes)
    if steps is None:
        steps = steps_for_minutes(minutes, seconds_of_a_step(arm, corpora["train"], tokenizer, device))
    steps = min(steps, options.steps or steps)
    task = task_of(arm, corpora["train"], tokenizer, steps, seed, device)
    course = trained(task.model, task.loss, task.config, folder, task.state, language_optimizer(arm.config))
    model = task.model.eval()
    tokens = arm.config.text.lanes * arm.config.text.window
    return {"cost": cost, **facts_of(model, course, tokens), **measured(model, arm, corpora, options)}


def facts_of(model: nn.Module, course: Course, tokens: int) -> Row:
    """Sizes, and how the training went; `tokens` are those of a step."""
    return {
        "steps": course.steps,
        "tokens": course.steps * tokens,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "train_loss": course.loss,
        "train_perplexity": math.exp(course.loss),
        "train_seconds": course.seconds,
    }


class Task(NamedTuple):
    """A fresh model, and all that its training needs."""

    model: LanguageModel
    loss: Loss | CarryingLoss
    config: TrainingConfig
    state: State | None


def task_of(arm: Arm, corpus: Corpus, tokenizer: Tokenizer, steps: int, seed: int, device: Device) -> Task:
    config: LanguageConfig = replace(arm.config, training=replace(arm.config.training, steps=steps, seed=seed))
    torch.manual_seed(seed)
    model = LanguageModel(config.model, tokenizer)
    loss, state = language_loss(model, corpus, config, device)
    if arm.emptied:
        return Task(model, lambda n, _, empty=state: loss(n, empty), config.training, state)
    if arm.sampled:
        batches = contiguous_lanes(corpus, config.text.lanes, config.text.window, seed)
        sampled = SampledLoss(model, (DroppedReader if arm.dropped else Reader)(model), corpus, device)
        return Task(model, lambda n, state: sampled(batches(n), state), config.training, state)
    return Task(model, loss, config.training, state)


def seconds_of_a_step(arm: Arm, corpus: Corpus, tokenizer: Tokenizer, device: Device) -> float:
    task = task_of(arm, corpus, tokenizer, 1 + PROBE, 0, device)
    trainer = Trainer(task.model, task.loss, task.config, task.state, language_optimizer(arm.config))
    trainer.apply(trainer.compute())
    start = time.process_time()
    for _ in range(PROBE):
        trainer.apply(trainer.compute())
    return (time.process_time() - start) / PROBE


def precision_of(device: Device) -> str:
    return "float32" if device.autocast_dtype is None else "bfloat16"


def cost_of(config: LanguageConfig) -> str:
    """What decides how long a step takes."""
    sizes = config.model
    return f"{sizes.backbone}, {sizes.level1}, {sizes.width} wide, {config.text.window} long, {config.surprise}"


def known_steps(output: Path, cost: str, arm: Arm, minutes: float) -> int | None:
    """The steps of an earlier row whose steps cost the same: arms that differ in nothing but state or clocks."""
    if not output.exists():
        return None
    rows = pd.read_csv(output)
    tokens = arm.config.text.lanes * arm.config.text.window
    same = rows[(rows["cost"] == cost) & (rows["minutes"] == minutes) & (rows["tokens"] == rows["steps"] * tokens)]
    return int(same["steps"].iloc[0]) if len(same) else None


@cache
def corpus_of(data: Path, name: str, tokenizer: TokenizerName) -> tuple[dict[str, Corpus], Tokenizer]:
    """Train, valid and test text; of Shakespeare the last tenth, as nanoGPT has it, stands for both of the latter."""
    if name == "shakespeare":
        text = (data / "tinyshakespeare.txt").read_text(encoding="utf-8")
        cut = int(0.9 * len(text))
        texts = {"train": text[:cut], "valid": text[cut:], "test": text[cut:]}
    else:
        parts = ("train", "valid", "test")
        texts = {part: (data / name / f"{part}.txt").read_bytes().decode("utf-8") for part in parts}
    learnt = learn_tokenizer(tokenizer, texts["train"])
    return {part: Corpus.of(text, learnt) for part, text in texts.items()}, learnt


def show(output: Path) -> None:
    """Means over seeds, with half their range."""
    rows = pd.read_csv(output)
    figures = ["train_perplexity", "valid_loss", "test_bits", "test_perplexity"]
    figures += ["online_static_bits", "online_bits", "online_perplexity"]
    figures += [f"test_bits_fresh{window}" for window in FRESH]
    groups = rows.groupby(["arm", "minutes"], sort=False)[figures]
    half = (groups.max() - groups.min()) / 2
    table = groups.mean().map("{:.4f}".format) + " ± " + half.map("{:.4f}".format)
    others = rows.groupby(["arm", "minutes"], sort=False)[["steps", "parameters", "train_seconds"]].mean().round()
    print(table.replace("nan ± nan", "").join(others.astype(int)).to_string())
    print(output)


if __name__ == "__main__":
    main()
