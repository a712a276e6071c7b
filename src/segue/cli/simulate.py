"""`segue simulate`: joint paths of the series of a table."""

from pathlib import Path
from typing import Annotated

import typer

from segue.atomic import atomic_file
from segue.cli.shared import options
from segue.cli.shared.checks import TABLES, check_writable, suffix_of
from segue.cli.shared.tables import TableFile, reads_table


@reads_table
def simulate(
    table: TableFile,
    horizon: Annotated[int, typer.Option(help="How many steps ahead.")],
    paths: Annotated[int, typer.Option(help="How many paths of each series.")] = 500,
    seed: options.Seed = 0,
    output: Annotated[Path | None, typer.Option(help="Write all rows to this .csv, .csv.gz or .parquet.")] = None,
    future: options.Future = None,
    covariates: options.Covariates = None,
    holidays: options.Holidays = None,
    model: options.Model = "nanotst",
    threads: options.Threads = None,
) -> None:
    """Simulate joint paths of every series of FILE, whose values at each step are quantiles of the forecast.

    With its id and the seed alone, a series has the same paths in any table. The terminal shows the first rows;
    --output writes all of them. --future, --covariates and --holidays are those of `segue forecast`.
    """
    for source in (table.file, future):
        check_writable("output", output, TABLES, source)

    from segue.cli.shared.known import KnownOptions, read_informed
    from segue.cli.shared.totals import shown_rows
    from segue.forecasting.answers.joined import check_paths
    from segue.forecasting.answers.simulate import simulate_chunks
    from segue.forecasting.registry import load_predictor
    from segue.forecasting.table.files.write import table_writer

    check_paths(paths, seed)
    known = KnownOptions(covariates, holidays, future)
    predictor, reading, _ = read_informed(table, load_predictor(model, threads=threads), known, horizon)
    bounds = table.limits(reading)
    chunks = simulate_chunks(predictor, reading, horizon, paths, seed, bounds, None if output is not None else 1)
    first = next(chunks)
    if output is not None:
        with (
            atomic_file(output, "output") as path,
            table_writer(path, suffix_of(output, TABLES), safe=table.safe_csv) as write,
        ):
            write(first)
            for frame in chunks:
                write(frame)
    if not (table.quiet and output is not None):
        typer.echo(shown_rows(first))
