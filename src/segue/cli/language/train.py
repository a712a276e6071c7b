"""`segue language train`: trains a model of your own text."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from segue.cli.shared import options
from segue.cli.shared.checks import one_of
from segue.cli.shared.flags import notes_in_flags
from segue.cli.shared.run import Config, Minutes, Output, Resume, draw_losses, shown_run

if TYPE_CHECKING:
    from segue.device import Device
    from segue.language.config import LanguageConfig, TextConfig
    from segue.language.train import Material


def train(
    ctx: options.Context,
    output: Output,
    text: Annotated[
        Path | None, typer.Argument(metavar="TEXT", help="A text file in UTF-8; not needed to resume a run.")
    ] = None,
    config: Config = None,
    tokenizer: Annotated[str | None, typer.Option(help="The kind of tokens: byte, character, word or bpe.")] = None,
    backbone: Annotated[str | None, typer.Option(help="The kind of memory: lstm, rnn, nested or transformer.")] = None,
    minutes: Minutes = None,
    resume: Resume = False,
) -> None:
    """Train a language model on TEXT, whose end is held out, and write the run and its best model to OUTPUT."""
    from segue.training.pace import Stopwatch

    watch = Stopwatch()  # to load torch takes some of the minutes
    from segue.language.curve import plot_curve
    from segue.language.train import train_language
    from segue.training.runs import begun_before

    resumed = resume and begun_before(output)
    given = (config, tokenizer, backbone) != (None, None, None)
    settings = None if resumed and not given else _settings(config, tokenizer, backbone)
    with shown_run(output, ctx) as bar:

        def started(final: "LanguageConfig", device: "Device", material: "Material") -> None:
            bar.started(final.training, device)
            for note in notes_in_flags(material.notes, ctx.command):
                bar.say(f"note: {note}")
            bar.say(_sizes(final, material))
            if settings is not None and not resumed and final.text != settings.text:
                bar.say(_fitted(final.text, settings.text))

        train_language(
            text,
            settings,
            output,
            resume=resume,
            minutes=minutes,
            watch=watch,
            started=started,
            progress=bar.progress,
            measured=lambda evaluation: bar.measured(evaluation.loss),
        )
    last = draw_losses(output, plot_curve)
    bar.say(_best(output))
    bar.say(last)


def _sizes(config: "LanguageConfig", material: "Material") -> str:
    """The sizes of model and text."""
    parameters = sum(parameter.numel() for parameter in material.model.parameters())
    held_out = material.held_out
    unknown = (
        f", to which {held_out.unknown / len(held_out.tokens):.2%} of these are unknown" if held_out.unknown else ""
    )
    return (
        f"{config.model.backbone}, {parameters / 1e6:.2f} M parameters; {len(material.learnt.tokens):,} tokens learnt "
        f"from, {len(held_out.tokens):,} held out; vocabulary of {material.model.tokenizer.size:,}{unknown}"
    )


def _fitted(text: "TextConfig", asked: "TextConfig") -> str:
    """The smaller batches that a short text allows."""
    return (
        f"the text is too short for {asked.lanes} lanes of {asked.window} tokens: "
        f"batches are of {text.lanes} lanes of {text.window}"
    )


def _best(run: Path) -> str:
    """The step of the best model, and its perplexity on the held-out text."""
    from segue.language.evaluate import perplexity
    from segue.training.log import read_log
    from segue.training.validation import KEY

    best = min((line for line in read_log(run) if KEY in line), key=lambda line: line[KEY])
    return f"best after step {best['step']}: perplexity {perplexity(best[KEY]):.4g} a token of the text held out"


def _settings(config: Path | None, tokenizer: str | None, backbone: str | None) -> "LanguageConfig":
    """The settings of a file, or the defaults, overridden by the flags."""
    from segue.backbones.shapes import BackboneName
    from segue.config import from_dict, read_config
    from segue.language.config import LanguageConfig
    from segue.text.named import TokenizerName

    changes: dict[str, dict[str, str]] = {}
    if tokenizer is not None:
        changes["text"] = {"tokenizer": one_of("tokenizer", tokenizer, get_args(TokenizerName))}
    if backbone is not None:
        changes["model"] = {"backbone": one_of("backbone", backbone, get_args(BackboneName))}
    return from_dict(LanguageConfig, changes) if config is None else read_config(LanguageConfig, config, changes)
