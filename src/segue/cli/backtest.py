"""`segue backtest`: forecasts the past of a table from earlier origins, and scores the forecasts."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.atomic import atomic_file
from segue.cli.shared import options
from segue.cli.shared.checks import PICTURES, TABLES, check_writable, suffix_of
from segue.cli.shared.tables import TableFile, print_notes, reads_table
from segue.errors import UserError

if TYPE_CHECKING:
    from segue.forecasting.evaluation.backtest import Backtest
    from segue.forecasting.table.reading import Reading

Windows = Annotated[int, typer.Option(help="How many of the last windows of each series.")]
Against = Annotated[
    str, typer.Option(help="Models to compare with: naive (all that suit the table), ar, ets, theta or folders.")
]
Step = Annotated[int | None, typer.Option(help="Steps from one window to the next; by default --horizon.")]
Levels = Annotated[
    list[float] | None, typer.Option(metavar="PERCENT", help="A prediction interval; 80 and 95 by default.")
]
Scores = Annotated[Path | None, typer.Option(help="Write the scores of each series to this .csv or .parquet.")]
Forecasts = Annotated[Path | None, typer.Option(help="Write all forecasts to this .csv or .parquet.")]
Plot = Annotated[Path | None, typer.Option(help="Draw the last windows to this .png, .pdf or .svg.")]


@reads_table
def backtest(
    table: TableFile,
    horizon: Annotated[int, typer.Option(help="How many steps ahead.")],
    windows: Windows = 5,
    against: Against = "naive",
    step: Step = None,
    level: Levels = None,
    output: Scores = None,
    forecasts: Forecasts = None,
    plot: Plot = None,
    covariates: options.Covariates = None,
    holidays: options.Holidays = None,
    calibrate: options.Calibrate = None,
    model: options.Model = "nanotst",
    threads: options.Threads = None,
) -> None:
    """Forecast the last windows of every series of FILE from the values before them, and score the forecasts.

    All models get the same beginnings of the series. Columns and frequency are inferred as by `segue forecast`. Only
    --model uses --covariates (columns of FILE), --holidays and --calibrate; so --against nanotst shows what they add.
    """
    written = _checked(table.file, output, forecasts, plot)

    from segue.cli.shared.known import KnownOptions, read_informed
    from segue.cli.shared.progress import counting
    from segue.cli.shared.scores import show_backtest
    from segue.forecasting.evaluation.backtest import backtest_reading, held_out_steps
    from segue.forecasting.evaluation.naives import NAIVES
    from segue.forecasting.registry import load_predictor

    held_out = held_out_steps(horizon, windows, step)
    known = KnownOptions(covariates, holidays)
    predictor, reading, _ = read_informed(table, load_predictor(model, threads=threads), known, horizon, held_out)
    bounds = table.limits(reading)
    others = [name.strip() for name in against.split(",") if name.strip()]
    rivals = [name if name == NAIVES else load_predictor(name, "against", threads) for name in others]
    predictors = [predictor, *rivals]
    with counting("windows", table.quiet) as report:
        result = backtest_reading(
            reading, predictors, horizon, windows, step, level or [80, 95], report, bounds, calibrate
        )
    if not table.quiet:
        print_notes(result.notes, table.ctx)
    _write(reading, result, (output, forecasts, plot), table.safe_csv)
    if not (table.quiet and output is not None):
        show_backtest(result, reading.panel.frequency.alias, written)


def _checked(source: Path, output: Path | None, forecasts: Path | None, plot: Path | None) -> list[Path]:
    """The files that are asked for, if they can be written."""
    check_writable("output", output, TABLES, source)
    check_writable("forecasts", forecasts, TABLES, source)
    check_writable("plot", plot, PICTURES, source)
    written = [path for path in (output, forecasts, plot) if path]
    if len({path.resolve() for path in written}) < len(written):
        raise UserError("forecasts", forecasts, "is named twice; give each its own file")
    return written


def _write(
    reading: "Reading", result: "Backtest", paths: tuple[Path | None, Path | None, Path | None], safe: bool
) -> None:
    """Writes all requested files, or none if one of them fails."""
    from segue.forecasting.table.files.write import write_table

    output, forecasts, plot = paths
    with ExitStack() as files:
        for table, argument, path in ((result.scores, "output", output), (result.forecasts, "forecasts", forecasts)):
            if path is not None:
                hidden = files.enter_context(atomic_file(path, argument))
                write_table(table, hidden, suffix_of(path, TABLES), safe=safe)
        if plot is not None:
            from segue.forecasting.evaluation.plots import history_of, plot_backtest, series_of

            history = reading.joined(reading.history(history_of(result), series_of(result)))
            named = replace(result, forecasts=reading.joined(result.forecasts))
            figure = plot_backtest(history, named, id_col=reading.id_col, time_col=reading.time_col)
            figure.savefig(files.enter_context(atomic_file(plot, "plot")))
