"""`segue translate split`: splits pairs into training, development and test pairs that share no text."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.shared.checks import check_writable
from segue.cli.translate.arguments import SkipBad, Source, Target, report_skipped


def split(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="A TSV or CSV file of two columns.")],
    output: Annotated[Path, typer.Option(help="A new folder for train.tsv, dev.tsv and test.tsv.")],
    dev: Annotated[int, typer.Option(help="Groups of pairs for development; groups share no text.")] = 500,
    test: Annotated[int, typer.Option(help="Groups of pairs for the test.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives another split.")] = 0,
    source: Source = None,
    target: Target = None,
    skip_bad: SkipBad = False,
) -> None:
    """Split PAIRS without a leak: pairs that share a source or target, but for case and punctuation, stay together."""
    from segue.atomic import atomic_folder
    from segue.errors import UserError
    from segue.translate.data.pairs import read_pairs, write_pairs
    from segue.translate.data.split import overlap, overlap_of_rows, split_pairs

    if output.exists():
        raise UserError("output", output, "name a new folder")
    check_writable("output", output)
    read = read_pairs(pairs, source=source, target=target, skip_bad=skip_bad)
    report_skipped(read)
    parts = split_pairs(read.pairs, dev, test, seed)
    held_out = (*parts.dev, *parts.test)
    naive, ours = overlap_of_rows(read.pairs, len(held_out), seed), overlap(parts.train, held_out)
    with atomic_folder(output) as folder:
        for name, part in (("train", parts.train), ("dev", parts.dev), ("test", parts.test)):
            write_pairs(folder / f"{name}.tsv", part)
    typer.echo(f"train: {len(parts.train)} pairs")
    typer.echo(f"dev: {len(parts.dev)} pairs of {len(parts.dev_items)} sources")
    typer.echo(f"test: {len(parts.test)} pairs of {len(parts.test_items)} sources")
    typer.echo(f"groups: {parts.components}, the largest of {parts.largest} pairs")
    typer.echo(f"known from training: {ours.either:.1%} (of as many random rows it would be {naive.either:.1%})")
