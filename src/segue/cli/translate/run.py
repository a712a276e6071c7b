"""`segue translate run`: translates a text, the lines of a file, or lines typed at the terminal."""

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from segue.cli.shared.checks import check_writable, one_of
from segue.cli.translate.arguments import Beam, Folder, model_of

if TYPE_CHECKING:
    from segue.translate.decode.config import DecodeConfig
    from segue.translate.model.seq2seq import Seq2Seq


Text = Annotated[str | None, typer.Argument(metavar="TEXT", help="A text; without one, lines of standard input.")]
File = Annotated[Path | None, typer.Option(help="A text file in UTF-8, one source a line.")]
Output = Annotated[Path | None, typer.Option(help="A file for the outputs, one a line.")]
Best = Annotated[int, typer.Option(help="How many outputs for each source, each with its score.")]
Penalty = Annotated[str, typer.Option(help="The length penalty that compares beams: none, average or gnmt.")]
Alpha = Annotated[float, typer.Option(help="The exponent of gnmt.")]
NoRepeat = Annotated[
    int | None, typer.Option("--no-repeat", help="Forbid an output to repeat so many tokens in a row.")
]
Prefix = Annotated[str, typer.Option(help="The beginning of every output.")]
Temperature = Annotated[
    float | None,
    typer.Option(help="Draw tokens at random; below 1 draws more cautiously, 0 takes the most probable."),
]
Seed = Annotated[int, typer.Option(min=0, help="The same seed draws the same outputs.")]
MaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", help="The most tokens of an output.", show_default="the limit of training pairs"),
]


def run(
    folder: Folder,
    text: Text = None,
    file: File = None,
    output: Output = None,
    beam: Beam = 1,
    n_best: Best = 1,
    length_penalty: Penalty = "average",
    alpha: Alpha = 1.0,
    no_repeat_ngram: NoRepeat = None,
    prefix: Prefix = "",
    temperature: Temperature = None,
    seed: Seed = 0,
    max_extra: MaxTokens = None,
) -> None:
    """Translate TEXT, the lines of a file, or those of standard input."""
    from segue.heads.sampling import Sampling
    from segue.translate.decode.config import DecodeConfig, LengthPenalty

    check_writable("output", output, source=file)
    check_writable("output", output, source=folder)
    config = DecodeConfig(
        beam=max(beam, n_best) if beam > 0 and temperature is None else beam,
        n_best=n_best,
        length_penalty=one_of("length_penalty", length_penalty, get_args(LengthPenalty)),
        alpha=alpha,
        no_repeat_ngram=no_repeat_ngram,
        max_ratio=None if max_extra is None else 0.0,
        max_extra=max_extra,
        prefix=prefix,
        sampling=None if temperature is None else Sampling(temperature),
        seed=seed,
    )
    lines = _sources(text, file)
    model = model_of(folder)
    if lines is None:
        converse(model, config)
        return
    _report_unknown(model, lines)
    _write(_outputs(model, lines, config), output)


def _sources(text: str | None, file: Path | None) -> list[str] | None:
    """The sources, as models read them; `None` where the user types them at the terminal."""
    from segue.errors import UserError
    from segue.translate.data.pairs import require_text

    if text is not None and file is not None:
        raise UserError("file", file, "give TEXT or --file, not both")
    if text is not None:
        return [require_text(text, "text")]
    if file is not None:
        return _lines_of(file)
    return None if sys.stdin.isatty() else _lines("standard input", sys.stdin.buffer.read())


def _write(lines: Iterable[str], output: Path | None) -> None:
    """Writes lines to a file, which is then whole or missing, or to standard output."""
    from segue.atomic import atomic_file

    if output is None:
        for line in lines:
            typer.echo(line)
        return
    with atomic_file(output, "output") as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _outputs(model: "Seq2Seq", lines: Sequence[str], config: "DecodeConfig") -> Iterable[str]:
    """Yields one line for each source, or several scored lines and an empty one; an empty source stays empty."""
    from segue.cli.shared.progress import counting
    from segue.translate.decode.texts import translate_texts

    with counting("texts") as bar:
        report = partial(bar, "translated") if len(lines) > 1 else None  # a single text is ready before its bar
        results = translate_texts(model, [line for line in lines if line], config, report=report)
    remaining = iter(results)
    for line in lines:
        best = next(remaining) if line else []
        texts = [" ".join(hypothesis.text.split("\n")) for hypothesis in best]  # a line stays one
        if config.n_best == 1:
            yield texts[0] if texts else ""
        else:
            yield from (f"{hypothesis.score:.4f}\t{text}" for hypothesis, text in zip(best, texts, strict=True))
            yield ""
    cut = sum(not best[0].finished for best in results)
    if cut:
        remedy = "give --max-tokens N for longer ones, or --no-repeat 3 if they repeat themselves"
        typer.echo(f"segue: {cut} of {len(results)} outputs cut off without an end: {remedy}", err=True)


def converse(model: "Seq2Seq", config: "DecodeConfig") -> None:
    """Reads a line and prints its output, until the input ends."""
    from segue.errors import UserError
    from segue.translate.data.pairs import require_text
    from segue.translate.decode.rules import rules_of

    rules_of(model.vocabulary, config)  # refuses an invalid prefix before the user types
    while True:
        try:
            line = input("> ")
        except EOFError:
            typer.echo()
            return
        if not line.strip():
            continue
        try:
            line = require_text(line, "text")
        except UserError as error:  # one line that is too long does not end the conversation
            typer.echo(f"segue: {error}", err=True)
            continue
        _report_unknown(model, [line])
        for output in _outputs(model, [line], config):
            typer.echo(output)


def _lines_of(file: Path) -> list[str]:
    from segue.errors import UserError

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError("file", file, f"name a text file that can be read ({error.strerror})") from error
    return _lines(str(file), content)


def _lines(where: str, content: bytes) -> list[str]:
    """The lines of a file or stream; no line follows the last line end."""
    from segue.errors import UserError
    from segue.text.read import decoded

    try:
        lines = decoded(content).split("\n")
    except UnicodeDecodeError as error:
        raise UserError("lines of", where, f"give UTF-8 (byte {error.start} is not)") from error
    if not lines[-1]:
        lines.pop()
    return [_checked(line, number, where) for number, line in enumerate(lines, start=1)]


def _checked(line: str, number: int, where: str) -> str:
    """Returns the line, which may be empty, as models read it; an error names a line that is too long."""
    from segue.translate.data.pairs import require_text

    return require_text(line, f"{where} line {number}") if line.strip() else ""


def _report_unknown(model: "Seq2Seq", lines: Sequence[str]) -> None:
    from segue.translate.data.vocabulary import UNKNOWN

    count = sum(model.vocabulary.source(line).count(UNKNOWN) for line in lines)
    if count:
        typer.echo(f"segue: {count} token{'' if count == 1 else 's'} of the input unknown to the model", err=True)
