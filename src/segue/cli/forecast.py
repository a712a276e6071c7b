"""`segue forecast`: a table in, its future out."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.atomic import atomic_file
from segue.errors import UserError

if TYPE_CHECKING:
    from segue.forecast.result import Predictor

_TABLES, _PICTURES = (".csv", ".parquet"), (".png", ".pdf", ".svg")


def forecast(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file, one row a series and time.")],
    horizon: Annotated[int, typer.Option(help="How many steps ahead.")],
    id_col: Annotated[str | None, typer.Option("--id", help="The column that names the series.")] = None,
    time_col: Annotated[str | None, typer.Option("--time", help="The column of times, or several: date,hour.")] = None,
    target_col: Annotated[str | None, typer.Option("--target", help="The column to forecast, or several: a,b.")] = None,
    freq: Annotated[
        str | None, typer.Option(help="The step, such as h, D, W, MS, 15min; inferred if left out.")
    ] = None,
    time_format: Annotated[str | None, typer.Option(help="How times are written, such as '%d.%m.%Y %H:%M'.")] = None,
    duplicates: Annotated[str | None, typer.Option(help="Of several values at a time: mean, first or last.")] = None,
    level: Annotated[
        list[float] | None, typer.Option(metavar="PERCENT", help="A prediction interval; 80 by default.")
    ] = None,
    quantile: Annotated[
        list[float] | None, typer.Option(metavar="FRACTION", help="A single quantile, such as 0.1.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write all rows to this .csv or .parquet.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a fan chart to this .png, .pdf or .svg.")] = None,
    model: Annotated[str, typer.Option(help="nanotst, seasonal-naive, ar, or a model folder.")] = "nanotst",
) -> None:
    """Forecast every series of FILE: the median and prediction intervals.

    Columns and frequency are found where only one choice is possible. Times are wall-clock times: a time zone is
    dropped. Without --output, the table on the terminal is shortened where it is long.
    """
    _check_place("output", output, _TABLES, file)
    _check_place("plot", plot, _PICTURES, file)

    from segue.cli.view import show_forecast
    from segue.forecast.frames import forecast_reading
    from segue.forecast.plots import MOST_CHARTS, history_steps, plot_forecast
    from segue.forecast.reading import read_frame
    from segue.forecast.tables import read_table, write_table

    reading = read_frame(
        read_table(file, id_col),
        freq=freq,
        id_col=id_col,
        time_col=time_col,
        target_col=target_col,
        time_format=time_format,
        duplicates=duplicates,
    )
    predictor = load_predictor(model, reading.panel.frequency.season)
    result = forecast_reading(predictor, reading, horizon, level or [80], quantile or [])
    with ExitStack() as files:
        if output is not None:
            write_table(result, files.enter_context(atomic_file(output, "output")), output.suffix.lower())
        if plot is not None:
            history = reading.history(history_steps(horizon), MOST_CHARTS)
            figure = plot_forecast(history, result, id_col=reading.id_col, time_col=reading.time_col)
            figure.savefig(files.enter_context(atomic_file(plot, "plot")))
    show_forecast(result, horizon, reading.panel.frequency.alias, [path for path in (output, plot) if path])


def load_predictor(name: str, season: int) -> "Predictor":
    """A forecaster by name.

    Args:
        name: `seasonal-naive`, `ar`, a bundled model such as `nanotst`, or a model folder.
        season: The steps in a season, for the seasonal naive forecast.
    """
    if name == "seasonal-naive":
        from segue.forecast.seasonal_naive import SeasonalNaive

        return SeasonalNaive(season)
    if name == "ar":
        from segue.forecast.autoregression import Autoregression

        return Autoregression()
    from segue.forecast.nanotst import NanoTST

    try:
        return NanoTST.from_pretrained(name)
    except UserError as error:
        if error.value != name:  # there is such a model, but something is wrong with it
            raise
        raise UserError("model", name or "(empty)", f"{error.remedy}; or a baseline: ar, seasonal-naive") from error


def _check_place(argument: str, path: Path | None, suffixes: tuple[str, ...], source: Path) -> None:
    """Refuses a file that could not be written, before any work is done."""
    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        raise UserError(argument, path, f"give a name that ends in {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise UserError(argument, path, "its folder does not exist; create it or name another")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UserError(argument, path, "its folder can't be written; name another")
    try:
        same = path.exists() and source.exists() and path.samefile(source)
    except OSError as error:  # the name is too long, for instance
        raise UserError(argument, path, f"name another file ({error.strerror})") from error
    if path.is_dir() or same:
        raise UserError(argument, path, "would overwrite a folder or the input; name another file")
