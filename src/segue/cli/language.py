"""`segue language`: a model of your own texts."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from segue.cli.checks import check_place, one_of

if TYPE_CHECKING:
    from segue.language.config import LanguageConfig
    from segue.language.corpus import Corpus
    from segue.language.evaluate import Evaluation
    from segue.language.model import LanguageModel
    from segue.training.online import OnlineConfig

app = typer.Typer(help="Models of text: what follows, how probable is it?", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What `train` wrote to --output, or a model folder.")]


@app.command()
def train(
    output: Annotated[Path, typer.Option(help="The run folder: new, or with --resume one that a run has left.")],
    text: Annotated[
        Path | None, typer.Argument(metavar="TEXT", help="A text file in UTF-8; not needed with --resume.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with all settings.")] = None,
    tokenizer: Annotated[str | None, typer.Option(help="byte, character, word or bpe.")] = None,
    backbone: Annotated[str | None, typer.Option(help="lstm, rnn, nested or transformer.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Train as many steps as fit into so many minutes here; settled at the start.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in the folder, exactly.")] = False,
) -> None:
    """Train a language model on TEXT, whose end is held out, and leave the run and its best model in OUTPUT."""
    from rich.console import Console

    from segue.atomic import atomic_file
    from segue.cli.training import TrainingBar
    from segue.errors import UserError
    from segue.language.curve import plot_curve
    from segue.language.train import train_language
    from segue.training.interrupt import Interrupted

    if resume and (config, tokenizer, backbone) != (None, None, None):
        raise UserError("resume", output, "leave --config, --tokenizer and --backbone out: the run holds its own")
    settings = None if resume else _settings(config, tokenizer, backbone)
    console = Console(stderr=True)
    try:
        with TrainingBar(console, output) as bar:
            train_language(
                text,
                settings,
                output,
                resume=resume,
                minutes=minutes,
                started=lambda final, device: bar.started(final.training, device),
                progress=bar.progress,
                measured=lambda found: bar.measured(found.loss),
            )
    except Interrupted as stop:
        typer.echo(f"segue: {stop}", err=True)
        raise typer.Exit(130) from stop
    with atomic_file(output / "curve.png", "output") as file:
        plot_curve(output).savefig(file)
    console.print(f"model: {output / 'model'}; its losses: {output / 'curve.png'}", soft_wrap=True)


@app.command()
def evaluate(
    folder: Folder,
    text: Annotated[Path, typer.Argument(metavar="TEXT", help="A text file that the model has not learnt from.")],
    state: Annotated[str, typer.Option(help="carry it from window to window, or reset it with each.")] = "carry",
    window: Annotated[int, typer.Option(min=1, help="Tokens read at a time.")] = 256,
    lanes: Annotated[
        int, typer.Option(min=1, help="Parts of the text read side by side: faster, each begins afresh.")
    ] = 1,
    document: Annotated[
        str | None, typer.Option(help="A regular expression that matches where a document begins.")
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Learn from each segment once it was predicted; DIR is left as it is.")
    ] = False,
    rate: Annotated[float | None, typer.Option(min=0, help="How fast to learn --online.", show_default="0.02")] = None,
    segment: Annotated[
        int | None, typer.Option(min=1, help="Tokens from one update --online to the next.", show_default="20")
    ] = None,
    state_in: Annotated[
        Path | None, typer.Option(help="What --state-out wrote: TEXT goes on where that text ended.")
    ] = None,
    state_out: Annotated[Path | None, typer.Option(help="Where to save what was learnt and remembered.")] = None,
) -> None:
    """Tell how well a model predicts TEXT: perplexity per token and bits per character."""
    from segue.errors import UserError
    from segue.language.corpus import Corpus, read_text
    from segue.language.evaluate import evaluate as evaluate_corpus

    carried = one_of("state", state, ("carry", "reset"))
    if online and (carried, window, lanes) != ("carry", 256, 1):
        raise UserError("online", text, "leave --state, --window and --lanes out: it reads one lane and carries it on")
    for name, value in (("rate", rate), ("segment", segment), ("state_in", state_in), ("state_out", state_out)):
        if not online and value is not None:
            raise UserError(name, value, "add --online, without which nothing is learnt")
    check_place("state_out", state_out, source=text)
    model = _model(folder)
    corpus = Corpus.of(read_text(text), model.tokenizer, document, continued=state_in is not None)
    if online:
        learning = _learning(rate, segment)
        found = _evaluate_online(model, corpus, learning, state_in, state_out)
        weights = f"learning every {learning.segment} tokens, rate {learning.learning_rate:g}"
    else:
        weights = "as trained"
        found = evaluate_corpus(model, corpus, state=carried, window=window, lanes=lanes)
    typer.echo(f"perplexity: {found.perplexity:.4f}")
    typer.echo(f"bits per character: {found.bits_per_character:.4f}")
    typer.echo(f"tokens: {found.tokens}")
    typer.echo(f"unknown: {found.unknown}")
    typer.echo(f"state: {'carried' if carried == 'carry' else f'reset every {window} tokens'}")
    typer.echo(f"lanes: {lanes}")
    typer.echo(f"weights: {weights}")


def _learning(rate: float | None, segment: int | None) -> "OnlineConfig":
    """How to learn: the defaults, with what the flags say instead."""
    from segue.training.online import OnlineConfig

    usual = OnlineConfig()
    return replace(usual, segment=segment or usual.segment, learning_rate=usual.learning_rate if rate is None else rate)


def _evaluate_online(
    model: "LanguageModel", corpus: "Corpus", config: "OnlineConfig", before: Path | None, after: Path | None
) -> "Evaluation":
    """Dynamic evaluation, from a state on disk and to one, where they are named."""
    from segue.errors import UserError
    from segue.language.online import evaluate_online
    from segue.state import State

    facts = {"model": model.fingerprint, "online": asdict(config)}
    try:
        state = None if before is None else State.load(before, facts)[0]
    except UserError as error:  # --state is another flag
        raise UserError("state_in", error.value, f"{error.remedy}, with its --rate and --segment") from error
    found, state = evaluate_online(model, corpus, config, state)
    if after is not None:
        state.save(after, facts)
    return found


@app.command()
def generate(
    folder: Folder,
    prompt: Annotated[str, typer.Option(help="The text to continue.")] = "\n",
    length: Annotated[int, typer.Option(min=0, help="How many tokens to add.")] = 200,
    temperature: Annotated[float, typer.Option(help="Below 1 bolder, 0 always the most probable token.")] = 1.0,
    top_k: Annotated[int | None, typer.Option(help="Only the k most probable tokens.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Only the tokens that make up this probability.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same text.")] = 0,
) -> None:
    """Continue a prompt, piece by piece as it is drawn."""
    from segue.heads.sampling import Sampling
    from segue.language.generate import continue_text

    sampling = Sampling(temperature, top_k, top_p)
    model = _model(folder)
    unknown = model.tokenizer.encode(prompt).count(-1 if model.tokenizer.unknown is None else model.tokenizer.unknown)
    if unknown:
        typer.echo(f"segue: {unknown} tokens of the prompt are unknown to the model", err=True)
    pieces = continue_text(model, prompt, length, sampling, seed)
    first = next(pieces, "")  # an empty prompt is told before anything is printed
    typer.echo(prompt + first, nl=False)
    for piece in pieces:
        typer.echo(piece, nl=False)
    typer.echo()


def _settings(config: Path | None, tokenizer: str | None, backbone: str | None) -> "LanguageConfig":
    """The settings of a file, or the defaults, with what the flags say instead."""
    from segue.backbones.named import BackboneName
    from segue.config import read_config
    from segue.language.config import LanguageConfig
    from segue.text.named import TokenizerName

    settings = LanguageConfig() if config is None else read_config(LanguageConfig, config)
    if tokenizer is not None:
        chosen = one_of("tokenizer", tokenizer, get_args(TokenizerName))
        settings = replace(settings, text=replace(settings.text, tokenizer=chosen))
    if backbone is not None:
        chosen = one_of("backbone", backbone, get_args(BackboneName))
        settings = replace(settings, model=replace(settings.model, backbone=chosen))
    return settings


def _model(folder: Path) -> "LanguageModel":
    """The model of a run or of a model folder."""
    from segue.language.model import LanguageModel

    return LanguageModel.from_pretrained(folder / "model" if (folder / "model").is_dir() else folder)
