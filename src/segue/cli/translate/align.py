"""`segue translate align`: shows the source words to which a model attends as it writes each word."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.shared.checks import PICTURES, check_writable
from segue.cli.translate.arguments import Beam, Folder, model_of

if TYPE_CHECKING:
    from segue.translate.decode.align import Alignment


def align(
    folder: Folder,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The source.")],
    target: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="A target; by default the output of the model.")
    ] = None,
    beam: Beam = 1,
    pieces: Annotated[
        bool, typer.Option("--pieces", help="Show tokens instead of whole words; a single word is always shown so.")
    ] = False,
    layer: Annotated[int, typer.Option(help="The layer of a transformer; -1 is the last.")] = -1,
    plot: Annotated[Path | None, typer.Option(help="Draw a heat map to this .png, .pdf or .svg.")] = None,
) -> None:
    """Show how much the model attends to each word of TEXT as it writes each word of the target, in per cent."""
    from segue.atomic import atomic_file
    from segue.translate.data.pairs import require_text
    from segue.translate.decode.align import align as align_pair
    from segue.translate.decode.config import DecodeConfig
    from segue.translate.decode.texts import translate_texts
    from segue.translate.evaluation.plots import plot_alignment

    check_writable("plot", plot, PICTURES)
    model = model_of(folder)
    source = require_text(text, "text")
    if target is None:
        written = translate_texts(model, [source], DecodeConfig(beam=beam))[0][0].text
    else:
        written = require_text(target, "target")
    alignment = align_pair(model, source, written, words=False if pieces else None, layer=layer)
    if plot is not None:
        with atomic_file(plot, "plot") as file:
            plot_alignment(alignment).savefig(file)
    for line in _matrix(alignment):
        typer.echo(line)


def _matrix(alignment: "Alignment") -> Iterator[str]:
    """Yields a line of source words, then a line for each target word."""
    margin = max(map(len, alignment.target))
    widths = [max(4, len(piece)) for piece in alignment.source]
    yield " " * margin + "".join(f" {piece:>{width}}" for piece, width in zip(alignment.source, widths, strict=True))
    for piece, row in zip(alignment.target, alignment.weights.tolist(), strict=True):
        cells = "".join(f" {100 * weight:>{width}.0f}" for weight, width in zip(row, widths, strict=True))
        yield f"{piece:>{margin}}{cells}"
