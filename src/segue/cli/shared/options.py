"""The arguments of every verb on tables: the file, how it is read, and the model."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file, one row for each series and time.")]
Id = Annotated[str | None, typer.Option("--id", help="The column that names the series.")]
Time = Annotated[str | None, typer.Option("--time", help="The column of times, or several: date,hour.")]
Target = Annotated[str | None, typer.Option("--target", help="The column to forecast, or several: a,b.")]
Freq = Annotated[str | None, typer.Option(help="The step, such as h, D, W, MS, 15min; inferred if left out.")]
TimeFormat = Annotated[str | None, typer.Option(help="How times are written, such as '%d.%m.%Y %H:%M'.")]
Duplicates = Annotated[str | None, typer.Option(help="Of several values at a time: mean, first or last.")]
Model = Annotated[str, typer.Option(help="nanotst, nanotst-small, seasonal-naive, ar, ets, theta, or a model folder.")]
Threads = Annotated[int | None, typer.Option(help="How many threads NanoTST computes with; all if left out.")]
