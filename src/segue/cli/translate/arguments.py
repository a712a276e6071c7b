"""The shared arguments of the verbs of `segue translate`: a trained model, and how pairs are read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.shared.checks import load_folder

if TYPE_CHECKING:
    from segue.translate.data.pairs import PairFile
    from segue.translate.model.seq2seq import Seq2Seq

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The run folder of `train`, or a model folder.")]
Source = Annotated[str | None, typer.Option(help="The column of the source: its name, or its number from 1.")]
Target = Annotated[str | None, typer.Option(help="The column of the target.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave malformed rows out instead of refusing the file.")]
Beam = Annotated[int, typer.Option(help="Hypotheses kept at each step; 1 takes the most probable token each time.")]


def model_of(folder: Path) -> "Seq2Seq":
    """Loads the model of a run folder or of a model folder."""
    return load_folder(folder, _load)


def _load(folder: Path) -> "Seq2Seq":
    from segue.translate.model.sizes import read_sizes

    read_sizes(folder)  # a bad folder is refused before torch is imported, which takes seconds
    from segue.translate.model.seq2seq import Seq2Seq

    return Seq2Seq.from_pretrained(folder)


def report_skipped(*files: "PairFile") -> None:
    """Reports on standard error the rows that were left out, first rows skipped as headers, and notes on files."""
    for read in files:
        for note in read.notes:
            typer.echo(f"note: {note}", err=True)
        if read.header is not None:
            typer.echo(
                f"segue: the first row was skipped, because it names columns: {', '.join(read.header)}", err=True
            )
    skipped = sum(read.skipped for read in files)
    if skipped:
        typer.echo(f"segue: {skipped} malformed row{'' if skipped == 1 else 's'} left out", err=True)
