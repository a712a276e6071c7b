"""`segue translate align`: where a model looks as it writes each word."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.translate.arguments import Beam, Folder, model_of


def align(
    folder: Folder,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The source.")],
    target: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="A target; by default what the model writes.")
    ] = None,
    beam: Beam = 1,
    pieces: Annotated[bool, typer.Option("--pieces", help="Show the model's tokens, not whole words.")] = False,
    layer: Annotated[int, typer.Option(help="Of a transformer: which layer; -1 is the last.")] = -1,
    plot: Annotated[Path | None, typer.Option(help="A heat map.")] = None,
) -> None:
    """Show which words of TEXT the model looks at as it writes each word of the target: a matrix, in per cent."""
    from segue.atomic import atomic_file
    from segue.translate.align import align as align_pair
    from segue.translate.decode import DecodeConfig, translate_texts
    from segue.translate.pairs import require_text
    from segue.translate.plots import plot_alignment

    model = model_of(folder)
    source = require_text(text, "text")
    if target is None:
        written = translate_texts(model, [source], DecodeConfig(beam=beam))[0][0].text
    else:
        written = require_text(target, "target")
    found = align_pair(model, source, written, layer=layer)
    shown = found if pieces else found.words()
    if plot is not None:
        with atomic_file(plot, "plot") as file:
            plot_alignment(shown).savefig(file)
    width = max(map(len, shown.target_pieces), default=0)
    columns = [max(4, len(piece)) for piece in shown.source_pieces]
    typer.echo(" " * width + "".join(f" {piece:>{wide}}" for piece, wide in zip(shown.source_pieces, columns, strict=True)))
    for piece, row in zip(shown.target_pieces, shown.matrix.tolist(), strict=True):
        cells = "".join(f" {100 * weight:>{wide}.0f}" for weight, wide in zip(row, columns, strict=True))
        typer.echo(f"{piece:>{width}}{cells}")
