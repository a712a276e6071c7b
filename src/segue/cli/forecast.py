"""`segue forecast`: forecasts the series of a table."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segue.atomic import atomic_file
from segue.cli.shared import options
from segue.cli.shared.checks import PICTURES, TABLES, check_writable, suffix_of
from segue.cli.shared.tables import TableFile, print_notes, reads_table
from segue.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from segue.forecasting.answers.calibration import Calibration
    from segue.forecasting.predictor import Predictor
    from segue.forecasting.table.reading import Reading

Levels = Annotated[list[float] | None, typer.Option(metavar="PERCENT", help="A prediction interval; 80 by default.")]
NoCheck = Annotated[bool, typer.Option("--no-check", help="Leave out the comparison with naive forecasts on the past.")]
Quantiles = Annotated[list[float] | None, typer.Option(metavar="FRACTION", help="A single quantile, such as 0.1.")]
TotalsSeed = Annotated[int | None, typer.Option(help="The seed of the paths of totals; 0 if left out.")]
Output = Annotated[Path | None, typer.Option(help="Write all rows to this .csv, .csv.gz or .parquet.")]
Plot = Annotated[Path | None, typer.Option(help="Draw a fan chart to this .png, .pdf or .svg.")]
Fitted = Annotated[
    Path | None, typer.Option(help="Write one-step forecasts of all past values to this .csv, .csv.gz or .parquet.")
]


@reads_table
def forecast(
    table: TableFile,
    horizon: Annotated[int, typer.Option(help="How many steps ahead.")],
    level: Levels = None,
    quantile: Quantiles = None,
    mean: options.Mean = False,
    output: Output = None,
    fitted: Fitted = None,
    plot: Plot = None,
    calibrate: options.Calibrate = None,
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
    from segue.cli.shared.check import show_check
    from segue.cli.shared.known import KnownOptions, read_informed
    from segue.cli.shared.totals import asked_totals, show_totals
    from segue.forecasting.registry import load_predictor

    known = KnownOptions(covariates, holidays, future)
    unused = {**vars(known), "calibrate": calibrate}
    files = Files(output, plot, fitted, table.safe_csv).checked((table.file, future), unused)
    totals = asked_totals(per, how, over, seed, {"plot": plot, "fitted": fitted})
    plain = load_predictor(model, threads=threads)
    predictor, reading, bare = read_informed(table, plain, known, horizon)
    asked: dict[str, Any] = {"levels": level or [80.0], "quantiles": quantile or [], "mean": mean}
    asked["limits"] = table.limits(reading)
    if calibrate is not None:
        asked["calibration"] = _calibration(table, predictor, reading, horizon, calibrate)
    if totals is not None:
        show_totals(predictor, reading, horizon, totals, asked, output, table.quiet, table.safe_csv)
    else:
        first = _forecast(predictor, reading, horizon, asked, files, table.quiet)
        if not (table.quiet and output is not None):
            _show(reading, first, horizon, files.written)
    if not (no_check or table.quiet):
        show_check(table.ctx, bare, (model, plain), horizon, asked["limits"])


_FIRST = 9
"""How many series are forecast if no file is written: those of the terminal and of the chart, `MOST_CHARTS`."""


@dataclass(frozen=True)
class Files:
    """The files that the command writes."""

    output: Path | None
    plot: Path | None
    fitted: Path | None
    safe: bool = False

    @property
    def written(self) -> list[Path]:
        """Those that were asked for."""
        return [path for path in (self.output, self.plot, self.fitted) if path]

    def checked(self, sources: Iterable[Path | None], given: Mapping[str, object]) -> "Files":
        """Returns these files if they can be written.

        Args:
            sources: The files that are read, which none of these may overwrite.
            given: Options that one-step forecasts do not use, by name; None where not given.

        Raises:
            UserError: One of the files cannot be written, two are one, or --fitted comes with one of these options.
        """
        for source in sources:
            check_writable("output", self.output, TABLES, source)
            check_writable("plot", self.plot, PICTURES, source)
            check_writable("fitted", self.fitted, TABLES, source)
        if self.fitted is not None:
            if self.output is not None and self.output.resolve() == self.fitted.resolve():
                raise UserError("fitted", self.fitted, "is named twice; give each its own file")
            unused = [name for name, value in given.items() if value is not None]
            if unused:
                remedy = f"one-step forecasts do not use `{unused[0]}`; leave out one of them"
                raise UserError("fitted", self.fitted, remedy)
        return self


def _forecast(
    predictor: "Predictor", reading: "Reading", horizon: int, asked: Mapping[str, Any], files: Files, quiet: bool
) -> Any:
    """Writes the requested files, or none if one of them fails, and returns the forecasts of the first series."""
    from segue.cli.shared.progress import counting
    from segue.forecasting.answers.fitted import fitted_chunks
    from segue.forecasting.forecast import forecast_chunks
    from segue.forecasting.table.result import QuantileColumns

    with ExitStack() as stack:
        with counting("series", quiet) as bar:
            report, chunk = partial(bar, predictor.name), _FIRST if files.output is None else None
            chunks = forecast_chunks(predictor, reading, horizon, **asked, report=report, chunk=chunk)
            first = next(chunks)
            if files.output is not None:
                _write(chain([first], chunks), files.output, "output", stack, files.safe)
        if files.fitted is not None:
            columns = QuantileColumns.of(predictor.name, asked["levels"], asked["quantiles"], asked["mean"])
            with counting("values", quiet) as bar:
                report = partial(bar, f"{predictor.name}, past")
                past = fitted_chunks(predictor, reading, columns, asked["limits"], report)
                _write(past, files.fitted, "fitted", stack, files.safe)
        if files.plot is not None:
            figure = _drawn(reading, first, horizon)
            figure.savefig(stack.enter_context(atomic_file(files.plot, "plot")))
    return first


def _write(frames: Iterable[Any], path: Path, argument: str, stack: ExitStack, safe: bool) -> None:
    """Writes frames to a file that takes its name when the stack ends."""
    from segue.forecasting.table.files.write import table_writer

    hidden = stack.enter_context(atomic_file(path, argument))
    with table_writer(hidden, suffix_of(path, TABLES), safe=safe) as write:
        for frame in frames:
            write(frame)


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
