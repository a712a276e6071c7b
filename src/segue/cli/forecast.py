"""`segue forecast`: forecasts the series of a table."""

from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segue.atomic import atomic_file
from segue.cli.shared import options
from segue.cli.shared.checks import PICTURES, TABLES, check_writable, suffix_of
from segue.cli.shared.tables import TableFile, print_notes, reads_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from segue.forecasting.answers.calibration import Calibration
    from segue.forecasting.predictor import Predictor
    from segue.forecasting.support import Limits
    from segue.forecasting.table.reading import Reading

Levels = Annotated[list[float] | None, typer.Option(metavar="PERCENT", help="A prediction interval; 80 by default.")]
NoCheck = Annotated[bool, typer.Option("--no-check", help="Leave out the comparison with naive forecasts on the past.")]
Quantiles = Annotated[list[float] | None, typer.Option(metavar="FRACTION", help="A single quantile, such as 0.1.")]
Calibrate = Annotated[
    int | None,
    typer.Option(metavar="WINDOWS", help="Correct the bands by so many past windows of each series, such as 8."),
]
TotalsSeed = Annotated[int | None, typer.Option(help="The seed of the paths of totals; 0 if left out.")]
Output = Annotated[Path | None, typer.Option(help="Write all rows to this .csv, .csv.gz or .parquet.")]


@reads_table
def forecast(
    table: TableFile,
    horizon: Annotated[int, typer.Option(help="How many steps ahead.")],
    level: Levels = None,
    quantile: Quantiles = None,
    output: Output = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a fan chart to this .png, .pdf or .svg.")] = None,
    calibrate: Calibrate = None,
    future: options.Future = None,
    covariates: options.Covariates = None,
    holidays: options.Holidays = None,
    per: options.Per = None,
    how: options.How = None,
    over: options.Over = None,
    seed: TotalsSeed = None,
    model: options.Model = "nanotst",
    threads: options.Threads = None,
    no_check: NoCheck = False,
) -> None:
    """Forecast every series of FILE: the median and prediction intervals.

    What is left out is inferred when unambiguous; otherwise an error names the option to set. Times are wall-clock
    times: a time zone is dropped. The terminal shows the beginning of a long table; --output writes all rows.
    """
    check_writable("output", output, TABLES, table.file)
    check_writable("plot", plot, PICTURES, table.file)

    from segue.cli.shared.check import show_check
    from segue.cli.shared.known import KnownOptions, read_informed
    from segue.cli.shared.totals import asked_totals, show_totals
    from segue.forecasting.registry import load_predictor

    totals = asked_totals(per, how, over, seed, plot)
    plain = load_predictor(model, threads=threads)
    known = KnownOptions(covariates, holidays, future)
    predictor, reading, bare = read_informed(table, plain, known, horizon)
    bounds = table.limits(reading)
    columns = (level or [80.0], quantile or [])
    calibration = None if calibrate is None else _calibration(table, predictor, reading, horizon, calibrate)
    if totals is not None:
        show_totals(predictor, reading, horizon, totals, columns, bounds, calibration, output, table.quiet)
    else:
        first = _forecast(predictor, reading, horizon, columns, bounds, (output, plot), table.quiet, calibration)
        if not (table.quiet and output is not None):
            _show(reading, first, horizon, [path for path in (output, plot) if path])
    if not (no_check or table.quiet):
        show_check(table.ctx, bare, (model, plain), horizon, bounds)


_FIRST = 9
"""How many series are forecast if no file is written: those of the terminal and of the chart, `MOST_CHARTS`."""


def _forecast(
    predictor: "Predictor",
    reading: "Reading",
    horizon: int,
    columns: tuple[list[float], list[float]],
    bounds: "Limits",
    written: tuple[Path | None, Path | None],
    quiet: bool,
    calibration: "Calibration | None",
) -> Any:
    """Writes the requested files, or none if one of them fails, and returns the forecasts of the first series."""
    from segue.cli.shared.progress import counting
    from segue.forecasting.forecast import forecast_chunks
    from segue.forecasting.table.files.write import table_writer

    output, plot = written
    with ExitStack() as files, counting("series", quiet) as bar:
        report, chunk = partial(bar, predictor.name), _FIRST if output is None else None
        chunks = forecast_chunks(predictor, reading, horizon, *columns, report, bounds, chunk, calibration)
        first = next(chunks)
        if output is not None:
            path = files.enter_context(atomic_file(output, "output"))
            with table_writer(path, suffix_of(output, TABLES)) as write:
                for frame in chain([first], chunks):
                    write(frame)
        if plot is not None:
            figure = _drawn(reading, first, horizon)
            figure.savefig(files.enter_context(atomic_file(plot, "plot")))
    return first


def _calibration(
    table: TableFile, predictor: "Predictor", reading: "Reading", horizon: int, windows: int
) -> "Calibration":
    """Measures the bands on past windows, and says how many there were."""
    from segue.cli.shared.progress import counting
    from segue.forecasting.answers.calibration import calibrate_panel
    from segue.forecasting.predictor import check_horizon

    check_horizon(horizon)
    with counting("windows", table.quiet) as bar:
        calibration = calibrate_panel(predictor, reading.panel, horizon, windows, partial(bar, "calibration"))
    if not table.quiet:
        print_notes([calibration.note()], table.ctx)
    return calibration


def _drawn(reading: "Reading", first: Any, horizon: int) -> "Figure":
    """Draws the forecasts of the first series."""
    from segue.forecasting.plots import MOST_CHARTS, history_steps, plot_forecast

    history, total = reading.history(history_steps(horizon), MOST_CHARTS), len(reading.panel)
    return plot_forecast(history, first, id_col=reading.id_cols, time_col=reading.time_col, total=total)


def _show(reading: "Reading", first: Any, horizon: int, written: list[Path]) -> None:
    """Prints the beginning of the table."""
    from segue.cli.shared.view import MOST_SERIES, About, show_forecast
    from segue.forecasting.support import whole

    panel = reading.panel
    shown = [panel.part(series, series + 1).values for series in range(min(len(panel), MOST_SERIES))]
    about = About(
        ids=reading.id_cols,
        time=reading.time_col,
        series=len(panel),
        horizon=horizon,
        alias=panel.frequency.alias,
        whole=[whole(values) for values in shown],
    )
    show_forecast(first, about, written)
