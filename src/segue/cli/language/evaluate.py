"""`segue language evaluate`: reports how well a model predicts a text on which it was not trained."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.language.arguments import Folder, model_of
from segue.cli.shared import options
from segue.cli.shared.checks import check_writable, one_of

if TYPE_CHECKING:
    from segue.language.corpus import Corpus
    from segue.language.evaluate import Evaluation
    from segue.language.model import LanguageModel
    from segue.training.online import OnlineConfig


Text = Annotated[Path, typer.Argument(metavar="TEXT", help="A text file that the model was not trained on.")]
Carrying = Annotated[
    str, typer.Option(help="carry keeps the memory from window to window; reset empties it before each.")
]
Window = Annotated[int, typer.Option(min=1, help="Tokens read at a time.")]
Lanes = Annotated[
    int, typer.Option(min=1, help="Parts of the text read side by side: faster, but each begins without memory.")
]
Document = Annotated[str | None, typer.Option(help="A regular expression that matches where a document begins.")]
Online = Annotated[
    bool, typer.Option("--online", help="Learn from each segment after predicting it; DIR does not change.")
]
Rate = Annotated[float | None, typer.Option("--rate", help="The learning rate of --online.", show_default="0.02")]
Segment = Annotated[int | None, typer.Option(help="Tokens between two updates of --online.", show_default="20")]
StateIn = Annotated[Path | None, typer.Option(help="A file of --state-out: TEXT continues the text of that run.")]
StateOut = Annotated[Path | None, typer.Option(help="Where to save the learnt weights and the state.")]


def evaluate(
    ctx: options.Context,
    folder: Folder,
    text: Text,
    state: Carrying = "carry",
    window: Window = 256,
    lanes: Lanes = 1,
    document: Document = None,
    online: Online = False,
    learning_rate: Rate = None,
    segment: Segment = None,
    state_in: StateIn = None,
    state_out: StateOut = None,
) -> None:
    """Report how well a model predicts TEXT: perplexity per token and bits per character."""
    from segue.cli.shared.progress import counting
    from segue.cli.shared.tables import print_notes
    from segue.language.corpus import Corpus, document_notes, read_text
    from segue.language.evaluate import evaluate as evaluate_corpus

    carrying = one_of("state", state, ("carry", "reset"))
    if online:
        _check_online(text, (state, window, lanes), state_in)
    else:
        _refuse(learning_rate=learning_rate, segment=segment, state_in=state_in, state_out=state_out)
    for source in (text, folder):
        check_writable("state_out", state_out, source=source)
    learning = _learning(learning_rate, segment)
    model = model_of(folder)
    content = read_text(text)
    corpus = Corpus.of(content, model.tokenizer, document, continued=state_in is not None, name=str(text))
    print_notes((*document_notes(content, document), *_earlier(model)), ctx)
    with counting("tokens") as bar:
        report = partial(bar, text.name)
        if online:
            result = _evaluate_online(model, corpus, learning, (state_in, state_out), report)
            weights = f"learning every {learning.segment} tokens, rate {learning.learning_rate:g}"
        else:
            result = evaluate_corpus(model, corpus, state=carrying, window=window, lanes=lanes, report=report)
            weights = "as trained"
    _print(result, "carried" if state == "carry" else f"reset every {window} tokens", weights)
    _warn(folder, model, state, document)
    if online and result.loss > math.log(model.tokenizer.size):
        typer.echo(f"segue: worse than guessing among all {model.tokenizer.size} tokens: try a lower --rate", err=True)


def _check_online(text: Path, reading: tuple[str, int, int], state_in: Path | None) -> None:
    """Refuses options that --online sets itself, and a state that does not exist."""
    from segue.errors import UserError

    if reading != ("carry", 256, 1):
        raise UserError(
            "online", text, "leave out --state, --window and --lanes: it reads one lane and carries its memory"
        )
    if state_in is not None and not state_in.is_file():
        raise UserError("state_in", state_in, "does not exist; name a file that --state-out wrote")


def _refuse(**options: object) -> None:
    """Refuses options that only --online takes."""
    from segue.errors import UserError

    for name, value in options.items():
        if value is not None:
            raise UserError(name, value, "add --online; without it nothing is learnt")


def _print(result: "Evaluation", state: str, weights: str) -> None:
    """Prints the figures, one on each line."""
    typer.echo(f"perplexity: {result.perplexity:.4f}")
    typer.echo(f"bits per character: {result.bits_per_character:.4f}")
    typer.echo(f"tokens: {result.tokens}")
    typer.echo(f"unknown: {result.unknown}")
    typer.echo(f"state: {state}")
    typer.echo(f"lanes: {result.lanes}")
    typer.echo(f"weights: {weights}")


def _warn(folder: Path, model: "LanguageModel", state: str, document: str | None) -> None:
    """Warns of misleading figures; it runs after them, so that a refusal stays one line."""
    from segue.language.config import LanguageConfig
    from segue.training.runs import read_run

    limit = model.config.position_limit
    if state == "carry" and limit is not None:
        typer.echo(
            f"segue: positions are learned for {limit} tokens only: give --state reset --window {limit}", err=True
        )
    trained = read_run(LanguageConfig, folder).text.document if (folder / "config.toml").is_file() else None
    if trained is not None and document is None:
        typer.echo(f"segue: trained with documents that begin at {trained!r}: give --document too", err=True)


def _earlier(model: "LanguageModel") -> Iterator[str]:
    """Notes a vocabulary with CR: an earlier Segue learnt it from a text with other ends of lines."""
    if "\r" in getattr(model.tokenizer, "characters", ""):
        yield "the model has learnt CR as the end of a line, but here every line ends in LF; train it again"


def _learning(learning_rate: float | None, segment: int | None) -> "OnlineConfig":
    """The settings of online learning: the defaults, overridden by the flags."""
    from segue.training.online import OnlineConfig

    default = OnlineConfig()
    return OnlineConfig(
        segment=default.segment if segment is None else segment,
        learning_rate=default.learning_rate if learning_rate is None else learning_rate,
    )


def _evaluate_online(
    model: "LanguageModel",
    corpus: "Corpus",
    config: "OnlineConfig",
    states: tuple[Path | None, Path | None],
    report: Callable[[int, int], None],
) -> "Evaluation":
    """Evaluates dynamically, from a state on disk and to another one, if they are named."""
    from segue.errors import UserError
    from segue.language.online import evaluate_online, require_state
    from segue.state import State

    before, after = states
    facts = {"model": model.fingerprint, "online": asdict(config)}
    try:
        state = None if before is None else State.load(before, facts, framework="torch")[0]
        if state is not None and before is not None:
            require_state(model, config, state, before)
    except UserError as error:  # --state is another flag
        raise UserError("state_in", error.value, f"{error.remedy}, with its --rate and --segment") from error
    result, state = evaluate_online(model, corpus, config, state, report)
    if after is not None:
        state.save(after, facts)
    return result
