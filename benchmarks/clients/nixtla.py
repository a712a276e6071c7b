"""Nixtla's client, unchanged, against a real `segue serve`: the largest difference of each call from the library.

    python -m venv client && client/bin/pip install -c constraints.txt -e '.[serve]' nixtla
    client/bin/python -m benchmarks.clients.nixtla

The client has an environment of its own, since it asks for an older pyarrow than ours. It sends values in single
precision. The exit status is 1 if a call fails, or differs by more than 1e-5 of a value or of the width of its band.
"""

import argparse
import logging
import sys
import tempfile
import warnings
from pathlib import Path

from benchmarks.attack.server_child import Child
from benchmarks.clients.nixtla_calls import CALLS, largest_difference
from benchmarks.figures import write_figures
from benchmarks.machine import default_output, installed, machine

MOST = 1e-5
"""The largest difference that is right: single precision has seven digits."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="the CSV file; by default one in benchmarks/results")
    options = parser.parse_args()
    from nixtla import NixtlaClient

    warnings.simplefilter("ignore")  # the client speaks of its version 1.0, and the library of series that end early
    logging.disable()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        child = Child(Path(place), "--model", "nanotst", "--model", "seasonal-naive")
        client = NixtlaClient(api_key=child.token, base_url=f"http://127.0.0.1:{child.port}", max_retries=1)
        for call in CALLS:
            row = {"call": call.__name__.replace("_", " "), "numbers": 0, "largest_difference": 0.0, "failed": ""}
            try:
                row["numbers"], row["largest_difference"] = largest_difference(call, client)
            except Exception as error:
                row["failed"] = f"{type(error).__name__}: {error}".splitlines()[0]
            rows.append(row)
            print(row, flush=True)
        failures = child.failures
        child.end()
    versions = {name: installed(name) for name in ("nixtla", "pandas", "pyarrow")}
    write_figures(rows, options.output or default_output("nixtla-client"), machine(threads=1) | versions)
    wrong = [row for row in rows if row["failed"] or not row["largest_difference"] <= MOST]
    print(*failures, sep="\n")
    print(f"{len(rows) - len(wrong)} of {len(rows)} calls are right; {len(failures)} errors in the server's log")
    return int(bool(wrong or failures))


if __name__ == "__main__":
    sys.exit(main())
