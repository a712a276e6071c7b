"""`segue explain`: what the forecast of one series stands on."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.atomic import atomic_file
from segue.cli.shared import options
from segue.cli.shared.checks import PICTURES, TABLES, check_writable, suffix_of
from segue.cli.shared.tables import TableFile, reads_table

if TYPE_CHECKING:
    from segue.forecasting.answers.reason import Explanation

Series = Annotated[str | None, typer.Option("--id", metavar="NAME", help="The series, if there are several.")]
IdColumn = Annotated[str | None, typer.Option("--id-col", help="The column that names the series, or several.")]
Output = Annotated[Path | None, typer.Option(help="Write all rows to this .csv, .csv.gz or .parquet.")]
Plot = Annotated[Path | None, typer.Option(help="Draw the reason to this .png, .pdf or .svg.")]
_ROWS = 48  # rows on the terminal: about one screen


@reads_table
def explain(
    table: TableFile,
    horizon: Annotated[int, typer.Option(help="How many steps ahead.")],
    id: Series = None,
    id_col: IdColumn = None,
    output: Output = None,
    plot: Plot = None,
    future: options.Future = None,
    covariates: options.Covariates = None,
    holidays: options.Holidays = None,
    model: options.Model = "nanotst",
    threads: options.Threads = None,
) -> None:
    """Explain the forecast of one series of FILE by its level, its cycles, unusual past values and columns.

    The contributions of each step add up to the median. Here --id names the series, and --id-col the column of series.
    --future, --covariates and --holidays are those of `segue forecast`; each column has a contribution of its own.
    """
    for source in (table.file, future):
        check_writable("output", output, TABLES, source)
        check_writable("plot", plot, PICTURES, source)

    from segue.cli.shared.known import KnownOptions, read_informed
    from segue.forecasting.answers.explanation import explain_reading
    from segue.forecasting.registry import load_predictor

    known = KnownOptions(covariates, holidays, future)
    predictor, reading, _ = read_informed(table, load_predictor(model, threads=threads), known, horizon)
    reason = explain_reading(predictor, reading, horizon, id, table.limits(reading))
    _write(reason, output, plot, table.safe_csv)
    if not (table.quiet and output is not None):
        _show(reason, [path for path in (output, plot) if path])


def _write(reason: "Explanation", output: Path | None, plot: Path | None, safe: bool) -> None:
    """Writes all requested files, or none if one of them fails."""
    from segue.forecasting.table.files.write import write_table

    with ExitStack() as files:
        if output is not None:
            hidden = files.enter_context(atomic_file(output, "output"))
            write_table(reason.table, hidden, suffix_of(output, TABLES), safe=safe)
        if plot is not None:
            from segue.forecasting.answers.explain_plot import plot_explanation

            plot_explanation(reason).savefig(files.enter_context(atomic_file(plot, "plot")))


def _show(reason: "Explanation", written: list[Path]) -> None:
    """Prints the sentences, the beginning of the table and the written files."""
    from segue.cli.shared.terminal import shown

    typer.echo(shown(str(reason)))
    typer.echo()
    parts = {reason.model: reason.median, **reason.contributions}
    times = [str(time).replace("T", " ").removesuffix(".000000000").removesuffix(".000000") for time in reason.times]
    if all(time.endswith(" 00:00:00") for time in times):
        times = [time.removesuffix(" 00:00:00") for time in times]
    width = max(len(time) for time in times)
    typer.echo(" ".join(["step".rjust(4), "time".ljust(width), *(name.rjust(max(10, len(name))) for name in parts)]))
    for step, time in enumerate(times[:_ROWS]):
        cells = [_cell(part[step], reason.median[step]).rjust(max(10, len(name))) for name, part in parts.items()]
        typer.echo(" ".join([str(step + 1).rjust(4), time.ljust(width), *cells]))
    if len(times) > _ROWS:
        typer.echo(f"... {len(times) - _ROWS:,} more steps; --output writes all")
    for path in written:
        typer.echo(f"wrote {path}")


def _cell(value: float, median: float) -> str:
    """A number of five digits; what rounding leaves of a sum is zero."""
    return "0" if abs(value) <= 1e-9 * abs(median) else f"{value:.5g}"
