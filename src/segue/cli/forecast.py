"""`segue forecast`: forecasts the series of a table."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from segue.atomic import atomic_file
from segue.cli.shared import options
from segue.cli.shared.checks import PICTURES, TABLES, check_writable
from segue.cli.shared.tables import read_file, seasons

Levels = Annotated[list[float] | None, typer.Option(metavar="PERCENT", help="A prediction interval; 80 by default.")]
NoCheck = Annotated[bool, typer.Option("--no-check", help="Compare with no naive forecast on the table's own past.")]
Quantiles = Annotated[list[float] | None, typer.Option(metavar="FRACTION", help="A single quantile, such as 0.1.")]


def forecast(
    ctx: typer.Context,
    file: options.File,
    horizon: Annotated[int, typer.Option(help="How many steps ahead.")],
    id_col: options.Id = None,
    time_col: options.Time = None,
    target_col: options.Target = None,
    freq: options.Freq = None,
    time_format: options.TimeFormat = None,
    duplicates: options.Duplicates = None,
    season: options.Season = None,
    decimal: options.Decimal = None,
    skip_bad: options.SkipBad = False,
    encoding: options.Encoding = None,
    skip_rows: options.SkipRows = None,
    comment: options.Comment = None,
    level: Levels = None,
    quantile: Quantiles = None,
    output: Annotated[Path | None, typer.Option(help="Write all rows to this .csv or .parquet.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a fan chart to this .png, .pdf or .svg.")] = None,
    model: options.Model = "nanotst",
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    no_check: NoCheck = False,
) -> None:
    """Forecast every series of FILE: the median and prediction intervals.

    Columns and frequency are inferred when unambiguous; otherwise an error names the option to set. Times are
    wall-clock times: a time zone is dropped. The terminal shows the beginning of a long table; --output writes all
    rows.
    """
    check_writable("output", output, TABLES, file)
    check_writable("plot", plot, PICTURES, file)

    from segue.cli.shared.check import show_check
    from segue.cli.shared.progress import counting
    from segue.cli.shared.view import show_forecast
    from segue.forecasting.forecast import forecast_reading
    from segue.forecasting.registry import load_predictor
    from segue.forecasting.table.files.read import FileFormat
    from segue.forecasting.table.files.write import write_table
    from segue.forecasting.table.layout import Layout

    layout = Layout(id_col, time_col, target_col, freq, time_format, duplicates, seasons(season), decimal, skip_bad)
    reading = read_file(ctx, file, layout, FileFormat(encoding, skip_rows, comment), quiet)
    predictor = load_predictor(model, threads=threads)
    with counting("series") as bar:
        report = partial(bar, predictor.name)
        result = forecast_reading(predictor, reading, horizon, level or [80], quantile or [], report=report)
    with ExitStack() as files:
        if output is not None:
            write_table(result, files.enter_context(atomic_file(output, "output")), output.suffix.lower())
        if plot is not None:
            from segue.forecasting.plots import MOST_CHARTS, history_steps, plot_forecast

            history = reading.history(history_steps(horizon), MOST_CHARTS)
            figure = plot_forecast(history, result, id_col=reading.id_col, time_col=reading.time_col)
            figure.savefig(files.enter_context(atomic_file(plot, "plot")))
    show_forecast(result, horizon, reading.panel.frequency.alias, [path for path in (output, plot) if path])
    if not (no_check or quiet):
        show_check(ctx, reading, predictor, model, horizon)
