"""A nightly job: load what is remembered of every series, feed the new rows, forecast, save.

    python examples/nightly.py rows.csv --state shops.safetensors --output forecast.csv --horizon 28 --freq D

The first run takes the whole table, every later one the rows that came since. Rows fed twice do no harm, so a job that
was cut off is simply run again.
"""

import argparse
from pathlib import Path

from segue import Layout, Stream, UserError
from segue.atomic import atomic_file
from segue.forecasting.table.files.read import read_table
from segue.forecasting.table.files.write import write_table


def main() -> None:
    """One night."""
    parser = argparse.ArgumentParser(description="Forecast every series, from new rows and what is remembered.")
    parser.add_argument("rows", type=Path, help="new rows, .csv or .parquet: one a series and time")
    parser.add_argument("--state", type=Path, required=True, help="the file that remembers; made by the first run")
    parser.add_argument("--output", type=Path, required=True, help="the forecast, .csv or .parquet")
    parser.add_argument("--horizon", type=int, default=28, help="steps ahead")
    parser.add_argument("--id-col", help="the column that names the series; by default unique_id or the like")
    parser.add_argument("--freq", help="the step, such as h or D; by default inferred by the first run")
    parser.add_argument("--model", default="nanotst", help="a name such as nanotst or seasonal-naive, or a folder")
    parser.add_argument("--adopt", action="store_true", help="go on with what another model's runs remembered")
    options = parser.parse_args()
    try:
        run(options)
    except UserError as error:
        parser.exit(2, f"{error}\n")


def run(options: argparse.Namespace) -> None:
    """Loads, feeds, forecasts, saves; both files are either the old ones or whole new ones."""
    if options.output.exists() and options.output.samefile(options.rows):
        raise UserError("output", options.output, "would overwrite the rows; name another file")
    if options.output.suffix.lower() not in (".csv", ".parquet"):
        raise UserError("output", options.output, "give a name that ends in .csv or .parquet")
    stream = Stream(options.model, freq=options.freq, id_col=options.id_col)
    memory = stream.load(options.state, options.adopt) if options.state.exists() else stream.start()
    memory, report = stream.update(memory, read_table(options.rows, Layout(options.id_col)).frame)
    print(report)
    forecast = stream.forecast(memory, options.horizon)
    with atomic_file(options.output, "output") as temporary:
        write_table(forecast, temporary, options.output.suffix.lower())
    stream.save(memory, options.state)


if __name__ == "__main__":
    main()
