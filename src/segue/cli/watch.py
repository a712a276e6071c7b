"""`segue watch`: alerts on the series of a feed of lines, and goes on where it stopped."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.shared import options
from segue.cli.shared.watch_files import Files

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Lines of CSV or JSON, a row for each series and time; - for standard input."),
]
State = Annotated[Path | None, typer.Option(help="The store, a SQLite file; the watch continues from it.")]
Budget = Annotated[
    float, typer.Option(metavar="NUMBER", help="The accepted number of false alarms in 1,000 values of a series.")
]
Scores = Annotated[Path | None, typer.Option(help="Append a row with its score in [0, 1] for each row to this .csv.")]
Alerts = Annotated[str, typer.Option(metavar="FILE", help="Append alerts as lines of JSON; - prints them.")]
Plot = Annotated[Path | None, typer.Option(help="Draw values, bands and alerts to this .png, .pdf or .svg at the end.")]
Follow = Annotated[bool, typer.Option("--follow", help="Wait for more lines at the end of FILE, until Ctrl-C.")]
Refresh = Annotated[int, typer.Option(metavar="STEPS", help="Forecast a series again after so many steps.")]
WarmUp = Annotated[int, typer.Option(metavar="VALUES", help="How many values of a series come before its first score.")]
Shift = Annotated[
    int, typer.Option(metavar="VALUES", help="Accept a new level of a series after so many values beyond the band.")
]
Forget = Annotated[
    str | None,
    typer.Option(metavar="AGE", help="Forget series without a row for so long, such as 30D, or a number of steps."),
]
Learn = Annotated[
    bool, typer.Option("--learn/--no-learn", help="Let each series correct the model by its own past errors.")
]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take over the store of another model: values and times stay.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out lines that cannot be read, and count them.")]


def watch(
    ctx: options.Context,
    file: File,
    state: State = None,
    budget: Budget = 1.0,
    scores: Scores = None,
    alerts: Alerts = "-",
    plot: Plot = None,
    follow: Follow = False,
    refresh: Refresh = 24,
    warm_up: WarmUp = 128,
    shift: Shift = 48,
    learn: Learn = True,
    forget: Forget = None,
    adopt: Adopt = False,
    model: options.Model = "nanotst",
    id_col: options.Id = None,
    time_col: options.Time = None,
    target_col: options.Target = None,
    freq: options.Freq = None,
    time_format: options.TimeFormat = None,
    duplicates: options.Duplicates = None,
    decimal: options.Decimal = None,
    skip_bad: SkipBad = False,
    encoding: options.Encoding = None,
    skip_rows: options.SkipRows = None,
    comment: options.Comment = None,
    threads: options.Threads = None,
    safe_csv: options.SafeCsv = False,
    quiet: options.Quiet = False,
) -> None:
    """Watch the series of FILE: compare each value with forecasts made before it came, and print alerts.

    All that the watch knows is in the store. Run the command again, after Ctrl-C or a crash, and it goes on with the
    next line; without --state it forgets all. The note at its end counts late and double rows, which change nothing.
    """
    files = Files(file, state, scores, None if alerts == "-" else Path(alerts), plot, follow, safe_csv)
    files.check()

    from segue.cli.shared.tables import print_notes
    from segue.cli.shared.watching import Terms, watch_lines
    from segue.forecasting.table.files.read import FileFormat
    from segue.forecasting.table.layout import Layout
    from segue.live.policy import Policy

    layout = Layout(id_col, time_col, target_col, freq, time_format, duplicates, decimal=decimal)
    terms = Terms(model, threads, refresh, warm_up, Policy(budget=budget, shift=shift), forget, adopt, skip_bad, learn)
    form = FileFormat(encoding, skip_rows, comment)
    watch_lines(files, layout, form, terms, lambda lines: None if quiet else print_notes(lines, ctx))
