"""`segue translate train`: a model of your own pairs."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from segue.cli.shared.checks import one_of
from segue.cli.translate.arguments import SkipBad, Source, Target, tell_skipped

if TYPE_CHECKING:
    from segue.device import Device
    from segue.translate.training.config import TranslationConfig
    from segue.translate.training.material import Material


def train(
    output: Annotated[Path, typer.Option(help="The run folder: new, or with --resume one that a run has left.")],
    pairs: Annotated[
        Path | None, typer.Argument(metavar="PAIRS", help="A TSV or CSV file of two columns; not with --resume.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with all settings.")] = None,
    architecture: Annotated[
        str | None, typer.Option(help="lstm-attention, lstm, rnn-attention, rnn or transformer.")
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(help="byte, character, word or bpe on both sides; or source,target, as character,word."),
    ] = None,
    source: Source = None,
    target: Target = None,
    skip_bad: SkipBad = False,
    dev: Annotated[
        Path | None, typer.Option(help="A file of held-out pairs; by default some that share no text are split off.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Train as many steps as fit into so many minutes here; settled at the start.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in the folder, exactly.")] = False,
) -> None:
    """Train a model on PAIRS, some of which are held out, and leave the run and its best model in OUTPUT."""
    from segue.errors import UserError

    told = (config, architecture, tokenizer, source, target)
    if resume and (told != (None,) * 5 or skip_bad):
        raise UserError("resume", output, "leave all but PAIRS out: the run holds its own settings")
    settings = None if resume else _settings(config, architecture, tokenizer, (source, target, skip_bad))
    _train(pairs, settings, output, dev, resume, minutes)


def _train(
    pairs: Path | None,
    settings: "TranslationConfig | None",
    output: Path,
    dev: Path | None,
    resume: bool,
    minutes: float | None,
) -> None:
    """Trains, tells how it goes, and draws the losses."""
    from rich.console import Console

    from segue.atomic import atomic_file
    from segue.cli.shared.training import TrainingBar
    from segue.training.interrupt import Interrupted
    from segue.translate.training.plots import plot_losses
    from segue.translate.training.train import train_translation

    console = Console(stderr=True)

    def started(final: "TranslationConfig", device: "Device", material: "Material") -> None:
        tell_skipped(*material.files)
        bar.started(final.training, device)
        console.print(_about(final, material), soft_wrap=True, markup=False)

    try:
        with TrainingBar(console, output) as bar:
            train_translation(
                pairs,
                settings,
                output,
                dev=dev,
                resume=resume,
                minutes=minutes,
                started=started,
                progress=bar.progress,
                measured=bar.measured,
            )
    except Interrupted as stop:
        typer.echo(f"segue: {stop}", err=True)
        raise typer.Exit(130) from stop
    with atomic_file(output / "curve.png", "output") as file:
        plot_losses(output).savefig(file)
    console.print(f"model: {output / 'model'}; its losses: {output / 'curve.png'}", soft_wrap=True)


def _about(config: "TranslationConfig", material: "Material") -> str:
    """What is trained, and on how much."""
    size = sum(parameter.numel() for parameter in material.model.parameters())
    known = f", {material.known} left out, since they share a text with held-out ones" if material.known else ""
    return (
        f"{config.model.architecture}, {size / 1e6:.2f} M parameters, {material.model.vocabulary.size} tokens; "
        f"{material.pairs} pairs learnt from, {len(material.held_out)} held out{known}"
    )


def _settings(
    config: Path | None, architecture: str | None, tokenizer: str | None, columns: tuple[str | None, str | None, bool]
) -> "TranslationConfig":
    """The settings of a file, or the defaults, with what the flags say instead."""
    from segue.config import read_config
    from segue.text.named import TokenizerName
    from segue.translate.model.seq2seq import Architecture
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
