"""The arguments of every verb on tables: the file, how it is read, and the model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from typer import Context as Context
else:
    Context = typer.Context.__mro__[1]  # the context that commands get is of this class, whose home differs by version

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A CSV or Parquet file, one row a series and time; - reads standard input."),
]
Id = Annotated[str | None, typer.Option("--id", help="The column that names the series, or several: store,product.")]
Time = Annotated[str | None, typer.Option("--time", help="The column of times, or several: date,hour.")]
Target = Annotated[str | None, typer.Option("--target", help="The column to forecast, or several: a,b or all.")]
Freq = Annotated[str | None, typer.Option(help="The step, such as h, D, MS, 15min, or rows; inferred if left out.")]
TimeFormat = Annotated[str | None, typer.Option(help="How times are written, such as '%d.%m.%Y %H:%M'.")]
Duplicates = Annotated[
    str | None, typer.Option(help="What replaces several values at one time: mean, sum, first or last.")
]
Season = Annotated[str | None, typer.Option(help="The steps of a season, or several: 24,168.")]
Decimal = Annotated[str | None, typer.Option(help="The decimal sign of numbers, . or ,; inferred if left out.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out series that cannot be read, and list them.")]
Encoding = Annotated[str | None, typer.Option(help="The encoding of the file, such as cp1252 or shift_jis.")]
SkipRows = Annotated[int | None, typer.Option(min=0, help="How many lines to leave out before the header.")]
Comment = Annotated[str | None, typer.Option(help="The mark that begins lines of comments, such as #.")]
Floor = Annotated[float | None, typer.Option(metavar="NUMBER", help="No forecast lies below it.")]
Cap = Annotated[float | None, typer.Option(metavar="NUMBER", help="No forecast lies above it, such as a capacity.")]
NonNegative = Annotated[bool, typer.Option("--non-negative", help="No forecast is negative: a floor of 0.")]
SafeCsv = Annotated[
    bool, typer.Option("--safe-csv", help="In CSV, put ' before text that a spreadsheet would run as a formula.")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Leave out notes and progress; with --output also the table.")
]
Model = Annotated[str, typer.Option(help="nanotst, nanotst-small, seasonal-naive, ar, ets, theta, or a model folder.")]
Threads = Annotated[int | None, typer.Option(help="How many threads NanoTST uses; all if left out.")]
Per = Annotated[
    str | None,
    typer.Option(metavar="FREQ", help="Totals by week, month or quarter: W, M, Q; or of all steps: horizon."),
]
How = Annotated[str | None, typer.Option(help="How totals are made: sum (the default), mean, min or max.")]
Over = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Totals over series with the same value in this column of --id, or all."),
]
Mean = Annotated[bool, typer.Option("--mean", help="Add a column of the mean beside the median.")]
Calibrate = Annotated[
    int | None,
    typer.Option(metavar="WINDOWS", help="Calibrate the bands on so many past windows of each series, such as 8."),
]
Seed = Annotated[int, typer.Option(help="The seed of random paths.")]
Future = Annotated[Path | None, typer.Option(help="A file with the future values of some columns of FILE.")]
Covariates = Annotated[
    str | None, typer.Option(metavar="NAMES", help="The columns with known future values to use: temp,promo.")
]
Holidays = Annotated[
    str | None, typer.Option(metavar="PLACES", help="Use the holidays of a country or region: US, US-CA or DE,FR.")
]
