"""How good translation models become in so many minutes: English to Spanish, spelling to sound, Multi30k.

    OMP_NUM_THREADS=1 python -m benchmarks.translation.translation --data DIR --collections english-spanish \\
        --minutes 10 --seeds 1

Each arm is an architecture with its default settings. Minutes are processor time a thread, or time on the wall where a
GPU does the work; how many steps that is, is found by a probe, once a run. The model that was best on held-out pairs is
scored on the test part by greedy decoding in batches, and with a beam of 5 (columns `beam5_...`). Runs are kept in
--runs and go on where they were stopped; rows are appended one by one, and a row that is there is not made again.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from benchmarks.machine import default_output, machine
from benchmarks.steps import steps_for_minutes
from benchmarks.translation.collections_of_pairs import COLLECTIONS, Collection
from segue.device import Device, decide_device
from segue.training.log import read_log
from segue.training.loop import train
from segue.training.runs import read_run
from segue.training.trainer import Trainer
from segue.training.validation import KEY, Validation
from segue.translate.data.join import with_joined
from segue.translate.data.pairs import Item
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.texts import translate_texts
from segue.translate.evaluation.scores import Scores, score
from segue.translate.evaluation.units import unit_of
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.config import TranslationConfig, preset
from segue.translate.training.material import Material, prepare
from segue.translate.training.selection import held_out_measure
from segue.translate.training.train import translation_loss

ARMS = ("lstm-attention", "lstm", "transformer")
PROBE = 12  # steps; their lengths vary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common_arguments(parser)
    parser.add_argument("--collections", nargs="+", choices=COLLECTIONS, default=["english-spanish"])
    options = parser.parse_args()
    output = options.output or default_output("translation")
    output.parent.mkdir(parents=True, exist_ok=True)
    for name in options.collections:
        collection = COLLECTIONS[name](options.data)
        for seed in range(options.seeds):
            for arm in options.arms:
                key = {"collection": name, "arm": arm, "minutes": options.minutes, "seed": seed}
                if is_there(output, key):
                    continue
                run = options.runs / f"{name}-{arm}-{options.minutes:g}-{seed}"
                model, facts = trained(collection, configured(arm, seed, options), run, options.minutes)
                items = collection.test[: options.test]
                row = key | facts | scored(model, items) | searched(model, items)
                print(row, flush=True)
                append(output, row)
    print(pd.read_csv(output).to_string())
    print(output)


def common_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of parallel/ and seq/")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are kept")
    parser.add_argument("--minutes", type=float, default=10.0, help="processor time a thread, of each training")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--tokens", type=int, help="positions of a side of a batch")
    parser.add_argument("--vocabulary", type=int, help="the most byte pairs")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--dropout", type=float)
    parser.add_argument("--test", type=int, help="only so many of the test items, for a trial")
    parser.add_argument("--output", type=Path)


def configured(arm: str, seed: int, options: argparse.Namespace) -> TranslationConfig:
    """The defaults of an architecture, but for what the options say."""
    config = preset(arm)
    rate = options.learning_rate or config.training.learning_rate
    dropout = config.model.dropout if options.dropout is None else options.dropout
    return replace(
        config,
        model=replace(config.model, dropout=dropout),
        pairs=replace(config.pairs, tokens=options.tokens or config.pairs.tokens, vocabulary=options.vocabulary),
        training=replace(config.training, seed=seed, learning_rate=rate),
    )


def is_there(output: Path, key: dict[str, object]) -> bool:
    """Whether a row of this key has been made."""
    if not output.exists():
        return False
    rows = pd.read_csv(output)
    return bool((rows[list(key)] == pd.Series(key)).all(axis=1).any())


def append(output: Path, row: dict[str, object]) -> None:
    rows = [pd.read_csv(output)] if output.exists() else []
    pd.concat([*rows, pd.DataFrame([row])], ignore_index=True).to_csv(output, index=False, float_format="%.6g")


def trained(
    collection: Collection, config: TranslationConfig, run: Path, minutes: float
) -> tuple[Seq2Seq, dict[str, object]]:
    """The best model of a run, made or gone on with, and what it took."""
    device = decide_device()
    resume = (run / "config.toml").exists()
    if resume:
        config = read_run(TranslationConfig, run)
    dev = with_joined(collection.dev, config.pairs.joined, config.pairs.parts)
    material = prepare(collection.train, config, dev)
    model = material.model.to(device.device)
    loss = translation_loss(material, config, device)
    if not resume:
        steps = steps_for_minutes(minutes, seconds_of_a_step(material, config, device))
        config = replace(config, training=replace(config.training, steps=steps))
        run.parent.mkdir(parents=True, exist_ok=True)
    measure = held_out_measure(material.held_out, config)
    validation = Validation(measure, config.validate_every, lambda best: best.save_pretrained(run / "model"))
    begin = clock(device)
    try:
        train(model, loss, config.training, run, validation=validation, resume=resume, record=config)
    finally:
        seconds = spent(run) + clock(device) - begin
        if run.is_dir():
            (run / "seconds.json").write_text(json.dumps(seconds))
    best = Seq2Seq.from_pretrained(run / "model").to(device.device)
    return best, {**facts_of(material, config, run), "seconds": seconds, "device": device.device.type}


def facts_of(material: Material, config: TranslationConfig, run: Path) -> dict[str, object]:
    """Sizes, and how much was seen."""
    steps = config.training.steps
    seen = (material.batches(step) for step in range(1, steps + 1))
    return {
        "steps": steps,
        "epochs": material.batches.locate(steps)[0] + 1,
        "parameters": sum(parameter.numel() for parameter in material.model.parameters()),
        "vocabulary": material.model.vocabulary.size,
        "pairs": material.pairs,
        "batch_tokens": config.pairs.tokens,
        "learning_rate": config.training.learning_rate,
        "dropout": config.model.dropout,
        "tokens_seen": sum(int((batch.target_length - 1).sum()) for batch in seen),
        "held_out_loss": min(line[KEY] for line in read_log(run) if KEY in line),
    }


def scored(model: Seq2Seq, items: Sequence[Item]) -> dict[str, object]:
    """Scores with their intervals, also without regard to case as some publish it, and the rate of greedy decoding."""
    sources = [item.source for item in items]
    device = decide_device(str(next(model.parameters()).device), precision="float32")
    translate_texts(model, sources[:8])  # warms up
    begin = clock(device)
    outputs = [found[0].text for found in translate_texts(model, sources)]
    seconds = clock(device) - begin
    found = score(outputs, items, unit_of(model.vocabulary))
    lower = [Item(item.source, tuple(reference.lower() for reference in item.references)) for item in items]
    folded = score([output.lower() for output in outputs], lower, draws=2)
    return {
        "sources": len(items),
        **columns(found),
        "bleu_first": found.bleu_first,
        "bleu_lowercase": folded.bleu and folded.bleu.value,
        "length_ratio": found.length_ratio,
        "sources_per_second": len(items) / seconds,
        "signature": "; ".join(found.signatures),
        **machine(torch.get_num_threads()),
    }


def searched(model: Seq2Seq, items: Sequence[Item]) -> dict[str, object]:
    """The same scores of a search five hypotheses wide, which is several times as slow."""
    outputs = [found[0].text for found in translate_texts(model, [item.source for item in items], DecodeConfig(beam=5))]
    found = score(outputs, items, unit_of(model.vocabulary))
    return {f"beam5_{name}": value for name, value in columns(found).items()}


def columns(scores: Scores) -> dict[str, float]:
    """Each score and the ends of its interval."""
    row: dict[str, float] = {}
    for name in ("bleu", "chrf", "exact_match", "token_error_rate"):
        figure = getattr(scores, name)
        row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return row


def seconds_of_a_step(material: Material, config: TranslationConfig, device: Device) -> float:
    """By the clock of this benchmark; the weights are afterwards those of before."""
    before = {name: tensor.clone() for name, tensor in material.model.state_dict().items()}
    settings = replace(config.training, steps=PROBE + 2)
    trainer = Trainer(material.model, translation_loss(material, config, device), settings)
    for step in range(PROBE + 2):
        if step == 2:
            begin = clock(device)
        trainer.apply(trainer.compute())
    seconds = (clock(device) - begin) / PROBE
    material.model.load_state_dict(before)
    material.model.zero_grad()
    return seconds


def clock(device: Device) -> float:
    """Seconds: of the processor for each thread, which other programs do not lengthen; on a GPU, on the wall."""
    if device.device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time() / torch.get_num_threads()


def spent(run: Path) -> float:
    """What the run has taken before."""
    path = run / "seconds.json"
    return float(json.loads(path.read_text())) if path.exists() else 0.0


if __name__ == "__main__":
    main()
