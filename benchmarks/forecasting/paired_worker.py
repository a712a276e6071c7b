"""What `paired.py` times in each installation: a frame to a frame, in the API that this Python's segue has.

    python paired_worker.py MODEL SERIES.parquet HORIZON

It prints the seconds of one call after one to warm up, where segue lies, and which versions of packages are installed.
It imports nothing of this repository.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a bundled model")
    parser.add_argument("series", help="a long table as .parquet")
    parser.add_argument("horizon", type=int)
    options = parser.parse_args()
    import pandas as pd

    import segue

    frame = pd.read_parquet(options.series)
    forecast = front_door(options.model)
    forecast(frame, options.horizon)
    start = time.perf_counter()
    forecast(frame, options.horizon)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "segue": segue.__file__, "versions": ", ".join(versions())}))


def versions() -> Iterator[str]:
    """Of the packages that decide how fast a forecast is."""
    for package in ("numpy", "pandas", "onnxruntime", "torch"):
        with suppress(PackageNotFoundError):
            yield f"{package} {version(package)}"


def front_door(model: str) -> Callable[[Any, int], Any]:
    """`segue.forecast`, or what was there up to commit 0fa954a."""
    try:
        from segue import forecast, load_predictor
    except ImportError:
        from segue import NanoTST, forecast_frame

        loaded = NanoTST.from_pretrained(model)
        return lambda frame, horizon: forecast_frame(loaded, frame, horizon)
    predictor = load_predictor(model)
    return lambda frame, horizon: forecast(frame, horizon, model=predictor)


if __name__ == "__main__":
    main()
