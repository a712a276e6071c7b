"""`segue translate split`: training, development and test parts that share no text."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.shared.checks import check_place
from segue.cli.translate.arguments import SkipBad, Source, Target, tell_skipped


def split(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="A TSV or CSV file of two columns.")],
    output: Annotated[Path, typer.Option(help="A new folder, for train.tsv, dev.tsv and test.tsv.")],
    dev: Annotated[int, typer.Option(help="Groups of pairs for development; groups share no text.")] = 500,
    test: Annotated[int, typer.Option(help="Groups of pairs for the test.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another split.")] = 0,
    source: Source = None,
    target: Target = None,
    skip_bad: SkipBad = False,
) -> None:
    """Split PAIRS without a leak: what shares a source or a target, but for case and punctuation, stays together."""
    from segue.atomic import atomic_folder
    from segue.errors import UserError
    from segue.translate.data.pairs import read_pairs, write_pairs
    from segue.translate.data.split import overlap, overlap_of_rows, split_pairs

    if output.exists():
        raise UserError("output", output, "name a new folder")
    check_place("output", output)
    read = read_pairs(pairs, source=source, target=target, skip_bad=skip_bad)
    tell_skipped(read)
    found = split_pairs(read.pairs, dev, test, seed)
    held_out = (*found.dev, *found.test)
    naive, ours = overlap_of_rows(read.pairs, len(held_out), seed), overlap(found.train, held_out)
    with atomic_folder(output) as folder:
        for name, part in (("train", found.train), ("dev", found.dev), ("test", found.test)):
            write_pairs(folder / f"{name}.tsv", part)
    typer.echo(f"train: {len(found.train)} pairs")
    typer.echo(f"dev: {len(found.dev)} pairs of {len(found.dev_items)} sources")
    typer.echo(f"test: {len(found.test)} pairs of {len(found.test_items)} sources")
    typer.echo(f"groups: {found.components}, the largest of {found.largest} pairs")
    typer.echo(f"known from training: {ours.either:.1%} (of as many random rows it would be {naive.either:.1%})")
