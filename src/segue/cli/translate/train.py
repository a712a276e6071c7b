"""`segue translate train`: trains a model of your own pairs."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from segue.cli.shared import options
from segue.cli.shared.checks import one_of
from segue.cli.shared.run import Config, Minutes, Output, Resume, draw_losses, shown_run
from segue.cli.translate.arguments import SkipBad, Source, Target, report_skipped

if TYPE_CHECKING:
    from segue.device import Device
    from segue.translate.training.config import TranslationConfig
    from segue.translate.training.material import Material

Architecture = Annotated[str | None, typer.Option(help="lstm-attention, lstm, rnn-attention, rnn or transformer.")]
Tokenizer = Annotated[
    str | None, typer.Option(help="byte, character, word or bpe for both sides; or source,target, as character,word.")
]


def train(
    ctx: options.Context,
    output: Output,
    pairs: Annotated[
        Path | None,
        typer.Argument(metavar="PAIRS", help="A TSV or CSV file of two columns; not needed to resume a run."),
    ] = None,
    config: Config = None,
    architecture: Architecture = None,
    tokenizer: Tokenizer = None,
    source: Source = None,
    target: Target = None,
    skip_bad: SkipBad = False,
    dev: Annotated[
        Path | None, typer.Option(help="A file of held-out pairs; by default some pairs of PAIRS are held out.")
    ] = None,
    minutes: Minutes = None,
    resume: Resume = False,
) -> None:
    """Train a model on PAIRS, some of which are held out, and write the run and its best model to OUTPUT."""
    from segue.training.pace import Stopwatch

    watch = Stopwatch()  # to load torch takes some of the minutes
    from segue.training.runs import begun_before
    from segue.translate.training.plots import plot_losses
    from segue.translate.training.train import train_translation

    given = (config, architecture, tokenizer, source, target) != (None,) * 5 or skip_bad
    kept = resume and begun_before(output) and not given
    settings = None if kept else _settings(config, architecture, tokenizer, (source, target, skip_bad))
    with shown_run(output, ctx) as bar:

        def started(final: "TranslationConfig", device: "Device", material: "Material") -> None:
            report_skipped(*material.files)
            bar.started(final.training, device)
            bar.say(_about(final, material))

        train_translation(
            pairs,
            settings,
            output,
            dev=dev,
            resume=resume,
            minutes=minutes,
            watch=watch,
            started=started,
            progress=bar.progress,
            measured=bar.measured,
        )
    bar.say(draw_losses(output, plot_losses))


def _about(config: "TranslationConfig", material: "Material") -> str:
    """The sizes of the model and of its training and held-out pairs."""
    size = sum(parameter.numel() for parameter in material.model.parameters())
    known = f", {material.known} left out, since they share a text with held-out ones" if material.known else ""
    return (
        f"{config.model.architecture}, {size / 1e6:.2f} M parameters, {material.model.vocabulary.size} tokens; "
        f"{material.pairs} pairs learnt from, {len(material.held_out)} held out{known}"
    )


def _settings(
    config: Path | None, architecture: str | None, tokenizer: str | None, columns: tuple[str | None, str | None, bool]
) -> "TranslationConfig":
    """The settings of a file, or the defaults, overridden by the flags."""
    from segue.config import read_config
    from segue.text.named import TokenizerName
    from segue.translate.model.sizes import Architecture
    from segue.translate.training.config import TranslationConfig, preset

    settings = None if config is None else read_config(TranslationConfig, config)
    if architecture is not None or settings is None:
        settings = preset(one_of("architecture", architecture or "lstm-attention", get_args(Architecture)), settings)
    pairs = settings.pairs
    if tokenizer is not None:
        first, comma, second = tokenizer.partition(",")
        sides = [one_of("tokenizer", side, get_args(TokenizerName)) for side in (first, second if comma else first)]
        pairs = replace(pairs, source_tokenizer=sides[0], target_tokenizer=sides[1])
    source, target, skip_bad = columns
    if source is not None or target is not None:
        pairs = replace(pairs, source=source, target=target)
    return replace(settings, pairs=replace(pairs, skip_bad=skip_bad or pairs.skip_bad))
